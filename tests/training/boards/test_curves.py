"""Curves of precision and recall are those that the definition gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from kit.training.boards.pr_curves import MOST_CLASSES, THRESHOLDS, write_pr_curves


def written(folder: Path, labels: np.ndarray, scores: np.ndarray) -> dict[str, np.ndarray]:
    with tf.summary.create_file_writer(str(folder)).as_default():
        write_pr_curves(labels, scores, step=2)
        tf.summary.flush()
    accumulator = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    accumulator.Reload()
    found = {}
    for tag in accumulator.Tags()["tensors"]:
        [event] = accumulator.Tensors(tag)
        assert event.step == 2
        assert accumulator.SummaryMetadata(tag).plugin_data.plugin_name == "pr_curves"
        found[tag.removesuffix("/pr_curves")] = tf.make_ndarray(event.tensor_proto)
    return found


def test_a_binary_curve_is_that_of_the_definition(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    labels = draw.integers(0, 2, 500).reshape(-1, 1)
    scores = np.clip(draw.normal(0.4 + 0.2 * labels, 0.2), -0.1, 1.1).astype(np.float32)
    [curve] = written(tmp_path, labels, scores).values()
    for place, threshold in enumerate(np.linspace(0, 1, THRESHOLDS)):
        # A score is above a threshold when it is in its bucket of a hundred or in a higher one.
        above = np.floor(scores.clip(0, 1) * (THRESHOLDS - 1)) >= round(threshold * (THRESHOLDS - 1))
        hits, alarms = int((above & (labels == 1)).sum()), int((above & (labels == 0)).sum())
        counts = (hits, alarms, int((labels == 0).sum()) - alarms, int(labels.sum()) - hits)
        assert tuple(curve[:4, place]) == counts
        assert curve[4, place] == pytest.approx(hits / max(hits + alarms, 1), abs=1e-6)
        assert curve[5, place] == pytest.approx(hits / labels.sum(), abs=1e-6)


def test_each_of_the_first_classes_has_a_curve(tmp_path: Path) -> None:
    classes = MOST_CLASSES + 3
    labels = np.arange(classes * 4) % classes
    scores = np.eye(classes, dtype=np.float32)[labels]
    found = written(tmp_path, labels, scores)
    assert list(found) == [f"held out, class {number}" for number in range(MOST_CLASSES)]
    for curve in found.values():
        assert tuple(curve[:4, -1]) == (4, 0, len(labels) - 4, 0), "a perfect score"
