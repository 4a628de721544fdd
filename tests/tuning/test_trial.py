"""What a trial tells of a training: its worth, and whether its values were read at all."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator

from kit.errors import ObjectiveError, SearchSpaceError
from kit.training.config import Training
from kit.tuning.records import Value
from kit.tuning.trial import Watched, judge, refuse_unread, tell_hparams


@pytest.fixture
def run(tmp_path: Path) -> Path:
    curves = {
        "train": {
            "epoch_loss": [3.0, 2.0, 1.0],
            "epoch_auc": [0.6, 0.7, 0.8],
            "epoch_learning_rate": [1.0, 1.0, 1.0],
        },
        "validation": {
            "epoch_loss": [2.0, 1.5, 1.75],
            "epoch_auc": [0.5, math.nan, 0.7],
            "epoch_broken": [math.nan],
        },
    }
    for part, tags in curves.items():
        with tf.summary.create_file_writer(str(tmp_path / part)).as_default():
            for tag, values in tags.items():
                for step, value in enumerate(values):
                    tf.summary.scalar(tag, value, step=step)
    return tmp_path


@pytest.mark.parametrize(
    ("objective", "which", "expected"),
    [
        ("val_auc", "max", (0.7, 3)),
        ("val_auc", "min", (0.5, 1)),
        ("val_loss", "min", (1.5, 2)),
        ("val_loss", "last", (1.75, 3)),
        ("loss", "last", (1.0, 3)),
    ],
)
def test_the_epoch_counts_that_trainer_would_keep(
    run: Path, objective: str, which: Literal["max", "min", "last"], expected: tuple[float, int]
) -> None:
    value, epoch = judge(run, objective, which)
    assert epoch == expected[1]
    assert value == pytest.approx(expected[0])


@pytest.mark.parametrize("which", ["max", "last"])
def test_what_is_no_number_has_no_epoch(run: Path, which: Literal["max", "last"]) -> None:
    value, epoch = judge(run, "val_broken", which)
    assert math.isnan(value)
    assert epoch == 0


def test_an_objective_that_is_not_measured_names_those_that_are(run: Path) -> None:
    with pytest.raises(
        ObjectiveError, match=r"'val_acu' is not\. Choose one of auc, loss, val_auc, val_broken, val_loss\."
    ):
        judge(run, "val_acu", "max")


def test_a_value_that_build_model_does_not_read_is_refused() -> None:
    values = {"learning_rate": 0.1, "units": 8, "dropuot": 0.5}
    read = Watched({"units": 8, "dropuot": 0.5, "activation": "relu"})
    training = Training().model_copy(update={"model": read})
    assert training.model.get("units", 1) == 8
    training.model_dump()  # what is told of a training, and no reading
    training.told()
    with pytest.raises(
        SearchSpaceError, match=r"shop/model.py: .* names 'dropuot', but build_model reads only units\."
    ):
        refuse_unread(values, read, Path("shop"))
    assert training.model["dropuot"] == 0.5
    refuse_unread(values, read, Path("shop"))
    with pytest.raises(SearchSpaceError, match=r"build_model reads nothing from training\.model"):
        refuse_unread({"units": 8}, Watched({"units": 8}), Path("shop"))


def test_tensorboard_finds_the_values_of_a_trial_and_its_worth(tmp_path: Path) -> None:
    values: dict[str, Value] = {"units": 8, "rate": 0.5, "kind": "deep", "crossed": True}
    tell_hparams(tmp_path, "trial 3", values, "val_auc", 0.75, 2)
    events = event_accumulator.EventAccumulator(str(tmp_path))
    events.Reload()
    session = events.SummaryMetadata("_hparams_/session_start_info")
    assert session.plugin_data.plugin_name == "hparams"
    for word in (b"units", b"rate", b"kind", b"deep", b"crossed"):
        assert word in session.plugin_data.content
    assert "_hparams_/session_end_info" in events.summary_metadata
    [told] = events.Tensors("val_auc")
    assert (told.step, float(tf.make_ndarray(told.tensor_proto))) == (2, 0.75)
