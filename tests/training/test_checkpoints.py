"""Whole epochs are found again, the best are kept, and what is half or damaged is not gone on with."""

from __future__ import annotations

import errno
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tf_keras

from kit.training.checkpoint_file import CheckpointFile
from kit.training.checkpoints import BestByError, Checkpoints, more_is_better, read_epochs
from kit.training.keep import KeepEpochs
from kit.training.progress import DONE, STOPPED


def model(weight: float = 0.0) -> tf_keras.Model:
    built = tf_keras.Sequential(
        [tf_keras.layers.Dense(1, kernel_initializer=tf_keras.initializers.Constant(weight))]
    )
    built.compile(tf_keras.optimizers.Adam(0.1), "mae")
    built.build((None, 1))
    return built


def weight(trained: tf_keras.Model) -> float:
    return float(trained.get_weights()[0][0, 0])


def saved(folder: Path, values: list[float], metric: str = "val_loss", keep: int = 1) -> Checkpoints:
    """Write an epoch a value; its weight is the epoch's number."""
    checkpoints = Checkpoints(folder, metric, keep)
    for number, value in enumerate(values, start=1):
        checkpoints.save(model(number), number, {"loss": 1.0, metric: value})
    return checkpoints


def numbers(folder: Path) -> list[int]:
    return [epoch.number for epoch in read_epochs(folder)]


@pytest.mark.parametrize(
    ("metric", "keep", "values", "kept", "best"),
    [
        ("val_loss", 1, [0.5, 0.3, 0.4], [2, 3], 2),
        ("val_loss", 2, [0.5, 0.3, 0.4, 0.9], [2, 3, 4], 2),
        ("val_auc", 2, [0.5, 0.9, 0.4, 0.7, 0.1], [2, 4, 5], 2),
        ("val_loss", 1, [math.nan, 0.3, math.nan], [2, 3], 2),
        ("val_loss", 3, [0.3, 0.3], [1, 2], 1),
        ("val_loss", 1, [math.nan, math.nan], [2], None),
    ],
    ids=[
        "latest and best",
        "two best",
        "more is better",
        "no number is never best",
        "first of equals",
        "none",
    ],
)
def test_the_latest_and_the_best_epochs_are_kept(  # noqa: PLR0913, PLR0917
    tmp_path: Path, metric: str, keep: int, values: list[float], kept: list[int], best: int | None
) -> None:
    checkpoints = saved(tmp_path, values, metric, keep)
    assert numbers(tmp_path) == kept
    assert (checkpoints.best.number if checkpoints.best else None) == best
    again = Checkpoints(tmp_path, metric, keep)
    assert (again.best.number if again.best else None) == best
    assert again.latest == len(values)


def test_a_training_goes_on_with_its_latest_epoch_and_its_optimizer(tmp_path: Path) -> None:
    x = np.ones((4, 1), "float32")
    first = model()
    first.fit(x, x, epochs=3, verbose=0)
    Checkpoints(tmp_path).save(first, 1, {"val_loss": 1.0})
    second = model(9)
    assert Checkpoints(tmp_path).resume(second) == 1
    assert [value.tolist() for value in second.get_weights()] == [
        value.tolist() for value in first.get_weights()
    ]
    assert [variable.numpy().tolist() for variable in second.optimizer.variables] == [
        variable.numpy().tolist() for variable in first.optimizer.variables
    ]
    assert int(second.optimizer.iterations) == 3


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


@pytest.mark.parametrize("damage", [cut, flip, Path.unlink], ids=["cut", "flipped", "lost"])
@pytest.mark.parametrize("file", ["weights.data-00000-of-00001", "weights.index", "epoch.json"])
def test_a_damaged_epoch_is_not_gone_on_with(tmp_path: Path, file: str, damage: Any) -> None:
    saved(tmp_path, [0.3, 0.4])
    damage(tmp_path / "epoch-00002" / file)
    trained = model()
    if file == "epoch.json" and damage is flip:  # a letter of a name: still the same epoch, or none
        assert Checkpoints(tmp_path).resume(trained) in {1, 2}
        return
    assert Checkpoints(tmp_path).resume(trained) == 1
    assert weight(trained) == 1


def test_a_training_that_has_no_epoch_has_not_ended(tmp_path: Path) -> None:
    """One whose epochs are all damaged begins again: it would else be over, without a model to keep."""
    saved(tmp_path, [0.3]).end(DONE, 4)
    assert (Checkpoints(tmp_path).ended, Checkpoints(tmp_path).ended_step) == (DONE, 4)
    cut(tmp_path / "epoch-00001" / "weights.index")
    assert (Checkpoints(tmp_path).ended, Checkpoints(tmp_path).ended_step) == ("", 0)
    Checkpoints(tmp_path / "none").end(DONE, 0)
    assert not (tmp_path / "none").exists()


def test_an_epoch_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(CheckpointFile, "write", full)
    with pytest.raises(OSError, match="No space left"):
        saved(tmp_path, [0.3])
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_half_is_no_epoch(tmp_path: Path) -> None:
    saved(tmp_path, [0.3])
    (tmp_path / "half-abc").mkdir()
    (tmp_path / "half-abc" / "weights.index").write_text("half")
    assert Checkpoints(tmp_path).latest == 1


def test_an_epoch_is_written_anew_over_one_that_was_damaged(tmp_path: Path) -> None:
    saved(tmp_path, [0.3, 0.4])
    cut(tmp_path / "epoch-00002" / "weights.index")
    Checkpoints(tmp_path).save(model(7), 2, {"val_loss": 0.1})
    trained = model()
    assert Checkpoints(tmp_path).resume(trained) == 2
    assert weight(trained) == 7


def test_the_best_epochs_stay_where_the_training_is_done(tmp_path: Path) -> None:
    checkpoints = saved(tmp_path / "c", [0.5, 0.1, 0.2, 0.3], keep=2)
    checkpoints.hand_over(tmp_path / "run")
    assert numbers(tmp_path / "run") == [2, 3]
    assert not (tmp_path / "c").exists(), "there is nothing to go on with"
    trained = model()
    read_epochs(tmp_path / "run")[0].load(trained)
    assert weight(trained) == 2


def test_an_unknown_metric_names_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(BestByError, match=r"is 'val_auk'; it has auc, loss, val_auc, val_loss\. Name one"):
        Checkpoints(tmp_path, "val_auk").save(model(), 1, {"loss": 1, "auc": 1, "val_loss": 1, "val_auc": 1})
    assert not list(tmp_path.glob("epoch-*"))


def test_without_rows_held_out_the_loss_of_training_tells(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.save(model(), 1, {"loss": 0.5})
    assert checkpoints.best
    assert (checkpoints.best_by, checkpoints.best.value) == ("loss", 0.5)


@pytest.mark.parametrize(
    ("metric", "more"), [("val_loss", False), ("val_auc", True), ("accuracy", True), ("val_mae", False)]
)
def test_the_direction_of_a_metric_is_in_its_name(metric: str, more: bool) -> None:
    assert more_is_better(metric) is more


def test_history_goes_on_where_it_was(tmp_path: Path) -> None:
    saved(tmp_path, [0.5, 0.3])
    again = Checkpoints(tmp_path)
    again.save(model(), 3, {"loss": 2.0, "val_loss": 0.1})
    facts = json.loads((tmp_path / "epoch-00003" / "epoch.json").read_text())
    assert [one["val_loss"] for one in facts["history"]] == [0.5, 0.3, 0.1]


VALUES = [0.5, 0.2, 0.3, 0.4, 0.45, 0.1]


def ended(folder: Path, state: str, early_stopping: int) -> tuple[KeepEpochs, tf_keras.Model]:
    checkpoints = Checkpoints(folder)
    keep = KeepEpochs(checkpoints, seed=1, early_stopping=early_stopping)
    trained = model()
    keep.set_model(trained)
    for number, value in enumerate(VALUES):
        trained.set_weights([np.full((1, 1), number + 1.0), np.zeros(1)])
        keep.on_epoch_end(number, {"val_loss": value})
        if trained.stop_training:
            break
    keep.end(state, 2)
    return keep, trained


@pytest.mark.parametrize(
    ("state", "early_stopping", "latest", "kept"),
    [(DONE, 0, 6, 6), (STOPPED, 0, 6, 6), (DONE, 2, 4, 2), (DONE, 3, 5, 2), (DONE, 9, 6, 6)],
    ids=["all", "by hand", "after two", "after three", "never"],
)
def test_early_stopping_keeps_the_best_epoch(
    tmp_path: Path, state: str, early_stopping: int, latest: int, kept: int
) -> None:
    keep, trained = ended(tmp_path, state, early_stopping)
    assert Checkpoints(tmp_path).latest == latest
    assert keep.kept == kept
    assert weight(trained) == kept


def test_a_plain_training_keeps_its_last_epoch_and_a_stopped_one_its_best(tmp_path: Path) -> None:
    for state, kept in ((DONE, 3), (STOPPED, 2)):
        checkpoints = saved(tmp_path / state, [0.5, 0.2, 0.3])
        trained = model(3)
        keep = KeepEpochs(checkpoints, seed=1)
        keep.set_model(trained)
        keep.end(state, 2)
        assert (keep.kept, weight(trained)) == (kept, kept)
        assert Checkpoints(tmp_path / state).ended == state


def test_early_stopping_is_over_for_the_process_that_goes_on(tmp_path: Path) -> None:
    saved(tmp_path, [0.2, 0.3, 0.4])
    assert KeepEpochs(Checkpoints(tmp_path), seed=1, early_stopping=2).is_over
    assert not KeepEpochs(Checkpoints(tmp_path), seed=1, early_stopping=3).is_over
    assert not KeepEpochs(Checkpoints(tmp_path), seed=1).is_over
