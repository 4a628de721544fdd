from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from processes import descendants
from serving.models import NAME, predict_request, save_linear

from kit.errors import StepFailedError, UsageError
from kit.load import tune_batching
from kit.load.chosen import write_chosen
from kit.load.sweep import FILE, Point, Sweep, Target
from kit.load.tune_batching import WITHOUT, Trials, proposed, tune
from kit.serving.batching import Batching
from kit.serving.settings import Settings

_SMALL = Batching(max_batch_size=4, batch_timeout_micros=500)


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_linear(tmp_path_factory.mktemp("tuned") / NAME, 1)


@pytest.fixture
def trials(version: Path, tmp_path: Path) -> Trials:
    return Trials(
        name=NAME,
        version=version,
        requests=(predict_request(1.0, 2.0).SerializeToString(),),
        target=Target(40, 2000),
        settings={WITHOUT: None, "small": _SMALL},
        folder=tmp_path / "load",
        seconds=0.5,
        least_requests=1,
    )


@pytest.mark.slow
def test_measures_every_setting_and_takes_what_is_known(
    trials: Trials, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials = replace(trials, shares=(0.5, 1.0))
    told: list[str] = []
    *_, sweep = tune(trials, told.append)
    assert [(point.setting, point.offered) for point in sweep.points] == [
        (WITHOUT, 20), (WITHOUT, 40), ("small", 20), ("small", 40),
    ]  # fmt: skip
    for point in sweep.points:
        assert not point.errors
        assert 0 < point.rate < 2 * point.offered
        assert 0 < point.p50_ms <= point.p99_ms
        assert point.processor_ms > 0
    assert sweep.chosen == "small"
    kept = Sweep.read(trials.folder / FILE)
    assert (list(kept.points), kept.settings, kept.target) == (
        list(sweep.points),
        sweep.settings,
        sweep.target,
    )
    assert not descendants("kit.serving")

    def no_server(*_: object) -> None:
        raise AssertionError("what is known was measured again")

    monkeypatch.setattr(tune_batching, "Server", no_server)
    assert trials.knows
    *_, again = tune(trials, told.append)
    assert again.points == sweep.points
    assert [line.endswith("(known)") for line in told] == [False] * 4 + [True] * 4


def test_a_point_is_known_only_for_the_very_same(trials: Trials, tmp_path: Path) -> None:
    file = trials.file_of("small", 40)
    assert not replace(trials, folder=tmp_path).knows
    assert trials.file_of("small", 20) != file
    assert trials.file_of(WITHOUT, 40) != file
    for other in (
        replace(trials, seconds=1.0),
        replace(trials, threads=8),
        replace(trials, requests=(predict_request(3.0).SerializeToString(),)),
        replace(trials, settings={"small": Batching(max_batch_size=8)}),
        replace(trials, version=save_linear(tmp_path / "other", 1, 3.0)),
    ):
        assert other.file_of("small", 40).name != file.name
    renamed = replace(trials, settings={"the same by another name": _SMALL})
    assert renamed.file_of("the same by another name", 40) == file


@pytest.fixture
def known(trials: Trials) -> Callable[..., None]:
    """Return what makes points known."""

    def known(setting: str, rate: float, p99_ms: float, errors: int = 0) -> None:
        path = trials.file_of(setting, rate)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(Point(setting, rate, rate, p99_ms / 2, p99_ms, errors, 1.0).__dict__))

    return known


@pytest.mark.parametrize(("p99_ms", "errors"), [(8001, 0), (1, 5)], ids=["far too late", "errors"])
def test_a_setting_without_hope_is_not_asked_at_higher_rates(
    trials: Trials, known: Callable[..., None], p99_ms: float, errors: int
) -> None:
    for setting in trials.settings:
        known(setting, 10, 5)
        known(setting, 20, p99_ms, errors)
    *_, sweep = tune(trials)
    assert [(point.setting, point.offered) for point in sweep.points] == [
        (WITHOUT, 10), (WITHOUT, 20), ("small", 10), ("small", 20),
    ]  # fmt: skip


def test_a_point_at_which_nothing_was_due_ends_no_setting(trials: Trials, known: Callable[..., None]) -> None:
    for setting in trials.settings:
        for rate in trials.rates:
            known(setting, rate, math.inf)
            path = trials.file_of(setting, rate)
            path.write_text(json.dumps(json.loads(path.read_text()) | {"rate": 0}))
    told: list[str] = []
    *_, sweep = tune(trials, told.append)
    assert len(sweep.points) == 2 * len(trials.rates)
    assert "none was due" in told[0]
    with pytest.raises(StepFailedError, match=r"Measure for longer, with --seconds\.$"):
        write_chosen(sweep, trials.folder / "batching.pbtxt")


def test_a_low_rate_is_measured_until_enough_requests_were_due(trials: Trials) -> None:
    trials = replace(trials, least_requests=300)
    assert (trials.seconds_at(5), trials.seconds_at(10_000)) == (60, 0.5)
    expected = sum(max(0.5, 300 / rate) for rate in trials.rates)
    assert trials.most_seconds == pytest.approx(2 * expected)


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_numbers_that_are_not_finite_are_refused(trials: Trials, number: float) -> None:
    with pytest.raises(UsageError, match="finite"):
        replace(trials, seconds=number)
    with pytest.raises(UsageError, match="finite"):
        Target(number, 10)
    with pytest.raises(UsageError, match="finite"):
        Target(10, number)


def test_the_chosen_setting_is_written_for_the_server(trials: Trials, tmp_path: Path) -> None:
    path = tmp_path / "new" / "batching.pbtxt"
    sweep = trials.sweep([Point("small", 40, 40, 5, 10, 0, 1.0)])
    assert write_chosen(sweep, path) == _SMALL
    assert Batching.of(Settings(batching_parameters_file=str(path)).batching_parameters()) == _SMALL


def test_without_a_setting_that_does_it_the_file_stays(trials: Trials, tmp_path: Path) -> None:
    path = tmp_path / "batching.pbtxt"
    path.write_text("max_batch_size { value: 3 }")
    sweep = trials.sweep([Point("small", 40, 40, 1000, 3000, 0, 1.0), Point("small", 10, 10, 1, 1, 0, 1.0)])
    with pytest.raises(StepFailedError, match="the best p99 at that rate is 3000 ms"):
        write_chosen(sweep, path)
    plain = trials.sweep([Point(WITHOUT, 40, 40, 5, 10, 0, 1.0), *sweep.points])
    with pytest.raises(StepFailedError, match="Serve without batching"):
        write_chosen(plain, path)
    assert path.read_text() == "max_batch_size { value: 3 }"


def test_the_proposed_settings_are_different_and_one_does_not_batch() -> None:
    settings = proposed()
    assert settings[WITHOUT] is None
    assert len(set(settings.values())) == len(settings) > 5
    assert "32 rows, no wait, 1 thread" in settings
    assert "32 rows, 2 ms, 1 thread" in settings


def test_a_point_without_an_answer_is_told_without_its_cost() -> None:
    none = Point("small", 100, 0.0, math.inf, math.inf, 5, math.inf)
    said = tune_batching._line(none, known=False)
    assert said == "small, 100 requests per second: 0 answered, none in time, 5 errors"


def test_a_sweep_says_its_settings_as_plain_values(trials: Trials) -> None:
    sweep = trials.sweep()
    assert sweep == Sweep(trials.target, (), sweep.settings)
    assert not sweep.settings[WITHOUT]
    assert Batching(**sweep.settings["small"]) == _SMALL
