"""The small sweep of a notebook: what is measured, where it is kept, and what is shown when nothing is measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from serving.models import write_warmup
from tensorflow_serving.apis import prediction_log_pb2

from kit.errors import StepOrderError
from kit.load import small_sweep as module
from kit.load.small_sweep import small_sweep
from kit.load.sweep import FILE, Point, Sweep, Target, last_sweep, load_folder
from kit.load.tune_batching import Trials
from kit.serving.assets import WARMUP_FILE
from kit.session import Session
from kit.workspace import Workspace

TARGET = Target(100, 50)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return cast(
        "Session", SimpleNamespace(workspace=Workspace(tmp_path), project=SimpleNamespace(name="shop"))
    )


def push(session: Session) -> None:
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.signature_name = "serving_default"
    version = session.workspace.serving("shop") / "1"
    version.mkdir(parents=True)
    write_warmup(version, [log])
    assert (version / WARMUP_FILE).exists()


def test_two_settings_are_asked_at_two_rates_of_the_served_version(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Trials] = []

    def tune(trials: Trials, _say: Any) -> Iterator[Sweep]:
        asked.append(trials)
        yield trials.sweep()
        yield trials.sweep([Point("32 rows, no wait, 1 thread", 100, 99, 4, 9, 0, 0.3)])

    monkeypatch.setattr(module, "tune", tune)
    with pytest.raises(StepOrderError, match="Run 05_release first"):
        small_sweep(session, 100, 50)
    push(session)
    found = small_sweep(session, 100, 50)
    assert found is not None
    assert found.chosen == "32 rows, no wait, 1 thread"
    [trials] = asked
    assert (trials.version.name, trials.rates, len(trials.requests)) == ("1", [50, 100], 1)
    assert list(trials.settings) == ["without batching", "32 rows, no wait, 1 thread"]
    assert trials.folder == load_folder(session.workspace.path, "shop") / "small"


def test_without_a_rate_the_sweep_of_the_command_is_shown_before_a_small_one(session: Session) -> None:
    assert small_sweep(session, 0, 50) is None
    folder = load_folder(session.workspace.path, "shop")
    small, large = Sweep(TARGET), Sweep(Target(500, 20))
    small.write(folder / "small" / FILE)
    assert small_sweep(session, 0, 50) == small
    large.write(folder / FILE)
    assert last_sweep(session.workspace.path, "shop") == large
