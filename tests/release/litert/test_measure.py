"""What is measured of a file is what it loses against the model, where it loses most."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from kit.evaluation.local.rows import Slices
from kit.project.file import Task
from kit.release.litert import measure
from kit.release.litert.convert import convert
from kit.release.litert.measure import MODEL, Bench, Measured, quality
from kit.release.litert.ranking import Requests
from release.litert import small_models as parts

ROWS = 400


@pytest.fixture(scope="module")
def content() -> bytes:
    return convert(parts.small(), "float", {})


@pytest.fixture(scope="module")
def bench() -> Bench:
    """Return rows whose labels the model orders well, in a slice of the even ones and one of three."""
    part, features = parts.small(), parts.rows(ROWS)
    scores = part.score(features)
    labels = (scores > np.random.default_rng(4).normal(np.median(scores), scores.std() / 3, ROWS)).astype(
        np.int64
    )
    every, even, few = np.arange(ROWS), np.arange(0, ROWS, 2), np.arange(3)
    keys = [(), (("city", "Rom"),), (("city", "Oslo"), ("band", 3))]
    slices = Slices(keys, np.concatenate([every, even, few]), np.array([0, ROWS, ROWS + len(even)]))
    requests = Requests(features, 100, "")
    return Bench("binary", features, labels, scores, slices, 10, requests, scores)


def known(found: Measured) -> Any:
    """Return what was measured, of which every number is there."""
    assert None not in asdict(found).values()
    return found


def test_a_file_that_scores_like_the_model_loses_nothing(bench: Bench, content: bytes) -> None:
    found = known(bench.measure("float", content))
    assert found.quality == pytest.approx(bench.measure_model(lambda _: 1.0).quality)
    assert 0.7 < found.quality < 1
    assert (found.bytes, found.overlap, found.refused) == (len(content), 1.0, "")
    assert found.lost == pytest.approx(0, abs=1e-4)
    assert found.difference < 1e-6
    assert found.ms_few > 0
    assert found.ms_many > 0


def test_the_worst_slice_is_the_one_that_loses_most(bench: Bench, content: bytes) -> None:
    """In the even rows the model was better than the file is: its scores were the labels there."""
    better = bench.scores.copy()
    better[::2] = bench.labels[::2]
    found = known(replace(bench, scores=better).measure("float", content))
    assert found.worst_slice == "city: Rom"
    assert found.worst_lost == pytest.approx(1 - quality("binary", bench.scores[::2], bench.labels[::2]))
    assert found.worst_quality == pytest.approx(1 - found.worst_lost)
    assert 0 < found.lost < found.worst_lost
    assert found.difference > 0.1


def test_a_slice_that_is_too_small_is_not_looked_at(bench: Bench) -> None:
    assert set(bench.qualities) == {(), (("city", "Rom"),)}
    assert len(replace(bench, least=3).qualities) == 3


def test_the_model_is_timed_with_one_and_with_sixty_four_rows(bench: Bench) -> None:
    row = bench.measure_model(lambda rows: len(rows["user_xf"]) / 2)
    assert (row.variant, row.ms_few, row.ms_many, row.bytes) == (MODEL, 0.5, 32.0, None)


def test_rows_of_one_class_have_no_quality(bench: Bench, content: bytes) -> None:
    found = replace(bench, labels=np.zeros(ROWS, np.int64)).measure("float", content)
    assert (found.quality, found.lost, found.worst_slice) == (None, None, "")


@pytest.mark.parametrize(
    ("task", "scores", "labels", "expected"),
    [
        ("binary", [0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75),
        ("multiclass", [[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], [0, 1, 1], 2 / 3),
        ("regression", [1.0, 2.0, 3.0], [1.0, 2.0, 6.0], 1 - 9 / 14),
        ("regression", [1.0, 2.0], [3.0, 3.0], None),
        ("multiclass", np.zeros((0, 2)), np.zeros(0), None),
    ],
)
def test_quality_is_that_of_the_task(
    task: Task, scores: list[float], labels: list[int], expected: float | None
) -> None:
    found = quality(task, np.array(scores), np.array(labels))
    assert measure._known(found) == (None if expected is None else pytest.approx(expected))
