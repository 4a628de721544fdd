"""A training that somebody stops keeps its best epoch, and can be repeated without that somebody."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tf_keras

from kit import decisions
from kit.replay import recorded, replay
from kit.training.checkpoints import Checkpoints
from kit.training.desk import TrainingDesk, stopped_after
from kit.training.keep import KeepEpochs
from kit.training.progress import DONE, NOW, STOP, STOPPED, NoTrainingError, Progress, request_stop
from kit.training.reporting import ProgressCallback
from kit.training.trainer import trainer

if TYPE_CHECKING:
    from training.tiny import Tiny

EPOCHS, SLOW = 500, {"batch_size": 4, "learning_rate": 0.05}  # overfits soon, and would take a minute


def train(tiny: Tiny, *, seed: int, stop_after_steps: int = 0) -> None:
    session = tiny.session
    component = trainer(
        session.workspace,
        tiny.project,
        tiny.project.spec.training.override(epochs=EPOCHS, seed=seed, **SLOW),
        examples=session.channel("Transform", "transformed_examples"),
        transform_graph=session.channel("Transform", "transform_graph"),
        schema=session.channel("SchemaGen", "schema"),
        stop_after_steps=stop_after_steps,
    )
    session.run(component)


@contextmanager
def pressing_stop(desk: TrainingDesk) -> Iterator[list[str]]:
    """Press stop once the third epoch has begun, as a thread of a widget does while the kernel is busy."""
    said: list[str] = []
    over = threading.Event()

    def press() -> None:
        while not over.wait(0.05):
            progress = desk.runs()[0].progress
            if progress and progress.epoch >= 3:
                said.append(desk.stop())
                said.append(desk.runs()[0].state)
                return

    thread = threading.Thread(target=press)
    thread.start()
    try:
        yield said
    finally:
        over.set()
        thread.join()


def digest(tiny: Tiny) -> str:
    variables = sorted(tiny.path("Trainer", "model").rglob("variables.data*"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in variables)).hexdigest()


def test_a_stopped_training_is_done_and_can_be_repeated(tiny: Tiny) -> None:
    desk = TrainingDesk(tiny.session)
    assert [run.state for run in desk.runs()][:2] == ["waiting", DONE]
    with pressing_stop(desk) as said:
        train(tiny, seed=11)
    desk.end()
    assert said[0].startswith("The training ends after this step")
    assert said[1] in {"stopping", STOPPED}
    assert tiny.session.steps[-1].state == "done"

    now = desk.runs()[0]
    assert (now.name, now.state) == (NOW, STOPPED)
    assert now.progress
    assert 3 <= now.progress.epoch < EPOCHS
    losses = dict(now.by_epoch["loss"]["validation"])
    assert set(now.by_epoch["loss"]) == {"training", "validation"}
    assert now.progress.best_epoch == min(losses, key=lambda epoch: losses[epoch])
    assert now.progress.best == pytest.approx(min(losses.values()), rel=1e-5)
    assert now.progress.settings["epochs"] == EPOCHS
    assert set(now.by_step) == {"loss so far in the epoch", "steps per second"}

    [*_, decision] = decisions.made(tiny.session)
    model = tiny.session.latest("Trainer", "model")
    assert (decision.what, decision.subject) == (STOP, str(now.progress.step))
    assert decision.artifact == model.id
    assert stopped_after(tiny.session) == now.progress.step

    recording = recorded(tiny.session, {"epochs": EPOCHS})
    assert recording.parameters["stop_after_steps"] == now.progress.step
    replayed = {decision.what for one in recording.rounds for decision in one.decisions}
    assert STOP not in replayed, "a parameter is enough"
    [told] = replay(tiny.session, [decision])
    assert told == f"Training stops after {now.progress.step} steps by the parameter stop_after_steps."

    by_hand = digest(tiny)
    train(tiny, seed=11, stop_after_steps=now.progress.step)
    assert tiny.session.latest("Trainer", "model").id != model.id, "it was trained again"
    assert digest(tiny) == by_hand
    assert decisions.made(tiny.session)[-1] == decision, "nobody decided anything then"
    again = Progress.read(tiny.path("Trainer", "model_run"))
    assert again
    assert (again.state, again.step, again.best_epoch) == (
        STOPPED,
        now.progress.step,
        now.progress.best_epoch,
    )


def test_the_cache_gives_a_training_that_has_ended(tiny: Tiny) -> None:
    tiny.train()
    desk = TrainingDesk(tiny.session)
    tiny.train()
    desk.end()
    now, *earlier = desk.runs()
    assert (now.name, now.state) == (NOW, DONE)
    assert [epoch for epoch, _ in now.by_epoch["loss"]["training"]] == [1, 2, 3]
    assert tiny.path("Trainer", "model_run").name not in {run.name.lstrip("#") for run in earlier}
    assert stopped_after(tiny.session) == 0
    with pytest.raises(NoTrainingError, match="but it has ended"):
        desk.stop()


def test_only_a_training_that_runs_can_be_stopped(tiny: Tiny, tmp_path: Path) -> None:
    desk = TrainingDesk(tiny.session)
    with pytest.raises(NoTrainingError, match="but it has not begun"):
        desk.stop()
    Progress(state=DONE).save(tmp_path)
    with pytest.raises(NoTrainingError, match="but it has ended"):
        request_stop(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_the_time_left_is_that_of_this_process() -> None:
    resumed = Progress(step=300, first_step=200, steps=400, seconds=10.0)
    assert resumed.seconds_left == pytest.approx(10)
    assert Progress(step=200, first_step=200, steps=400, seconds=1.0).seconds_left is None
    assert Progress(state=DONE, step=400, steps=400, seconds=1.0).seconds_left is None
    assert Progress(step=7, seconds=1.0).seconds_left is None, "how many steps there are is not known"


@pytest.mark.parametrize("text", ["", "[1]", '{"epoch": 1, "unknown": 2}'])
def test_what_is_no_progress_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "progress.json").write_text(text)
    assert Progress.read(tmp_path) is None


def model(start: float = 0.0) -> tf_keras.Model:
    built = tf_keras.Sequential(
        [tf_keras.layers.Dense(1, kernel_initializer=tf_keras.initializers.Constant(start))]
    )
    built.compile("sgd", "mae")
    built.build((None, 1))
    return built


def fit(
    folder: Path, epochs: int, *, early_stopping: int = 0, steps_per_execution: int = 1, **options: Any
) -> Progress:
    """Train on 8 rows with 4 steps an epoch, from where an earlier call ended; return how it ended."""
    x = np.ones((8, 1), "float32")
    checkpoints = Checkpoints(folder / "c")
    keep = KeepEpochs(checkpoints, seed=1, early_stopping=early_stopping)
    callback = ProgressCallback(folder, keep, checkpoints, {}, **options)
    trained = model()
    trained.steps_per_execution = steps_per_execution
    first = epochs if checkpoints.ended or keep.is_over else checkpoints.latest
    trained.fit(x, x, batch_size=2, initial_epoch=first, epochs=epochs, callbacks=[keep, callback], verbose=0)
    ended = Progress.read(folder)
    assert ended
    return ended


def test_a_wish_of_an_earlier_process_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "stop").touch()
    ended = fit(tmp_path, 2)
    assert (ended.state, ended.step, ended.steps, ended.epoch, ended.kept_epoch) == (DONE, 8, 8, 2, 2)


def test_progress_names_the_metric_that_epochs_are_judged_by(tmp_path: Path) -> None:
    assert fit(tmp_path, 1).best_by == "loss", "no rows are held out"


@pytest.mark.parametrize(("at_once", "ends_after"), [(1, 6), (4, 8)])
def test_training_ends_after_the_step_that_was_named(tmp_path: Path, at_once: int, ends_after: int) -> None:
    began = time.monotonic()
    ended = fit(tmp_path, 50, stop_after_steps=6, steps_per_execution=at_once)
    assert (ended.state, ended.step, ended.epoch) == (STOPPED, ends_after, 2)
    assert 0 < ended.seconds <= time.monotonic() - began


@pytest.mark.parametrize(
    ("stop_after", "state", "epoch", "step"), [(0, DONE, 3, 12), (6, STOPPED, 2, 6)], ids=["all", "stopped"]
)
def test_a_training_that_was_over_is_told_as_it_was(
    tmp_path: Path, stop_after: int, state: str, epoch: int, step: int
) -> None:
    """Its process was cut off while the model was saved; the next one has nothing left to train."""
    assert fit(tmp_path, 3, stop_after_steps=stop_after).first_step == 0
    again = fit(tmp_path, 3, stop_after_steps=stop_after)
    assert (again.state, again.epoch, again.epochs) == (state, epoch, 3)
    assert (again.step, again.first_step, again.steps) == (step, step, 12)


def test_a_training_that_goes_on_tells_where_it_began(tmp_path: Path) -> None:
    fit(tmp_path, 2)
    (tmp_path / "c" / "ended.json").unlink()  # it was killed
    ended = fit(tmp_path, 3)
    assert (ended.first_step, ended.step, ended.steps, ended.epoch) == (8, 12, 12, 3)


def test_the_share_of_the_input_is_its_time_over_that_of_a_step(tmp_path: Path) -> None:
    slow, fast = (fit(tmp_path / name, 2, input_seconds=lambda: 10.0) for name in "ab")
    assert slow.input_share
    assert slow.input_share > 10, "no step takes a second"
    assert fast.input_share != slow.input_share, "it is measured"
