"""Which notebooks may start: those whose turn it is and for which there is room."""

from __future__ import annotations

import pytest

from kit.batch.admission import Admission, Budget
from kit.batch.order import Waits
from kit.batch.record import Failure
from kit.batch.retry import ACCIDENTS, accident, is_death, pause_seconds
from kit.errors import ExitCode


def admission(jobs: int = 2, memory: float = 1000, **needs: str) -> Admission:
    graph = {name: Waits(frozenset(words.split()), frozenset()) for name, words in needs.items()}
    return Admission(graph, Budget(jobs, memory), dict.fromkeys(needs, 400.0))


def test_what_needs_nothing_starts_side_by_side_and_no_more_than_there_are_jobs() -> None:
    one = admission(a="", b="", c="", d="a")
    assert one.ready() == ["a", "b", "c"]
    one.started("a")
    assert one.has_room("b")
    one.started("b")
    assert not one.has_room("c")
    one.ended("a", well=True)
    assert one.ready() == ["c", "d"]
    assert one.has_room("d")


def test_memory_limits_what_runs_side_by_side_but_not_what_runs_alone() -> None:
    one = admission(jobs=9, memory=500, a="", b="")
    assert one.has_room("a")
    one.started("a")
    assert not one.has_room("b")
    small = admission(memory=100, a="")
    assert small.has_room("a")


def test_a_failure_stops_what_needs_it_and_not_the_rest() -> None:
    one = admission(a="", b="a", c="b", other="")
    one.started("a")
    assert one.ended("a", well=False) == {"b": "a", "c": "b"}
    assert one.ready() == ["other"]
    one.started("other")
    one.ended("other", well=True)
    assert one.is_over


def test_what_only_waits_for_another_goes_on_when_that_fails() -> None:
    graph = {"tune": Waits(frozenset(), frozenset()), "train": Waits(frozenset(), frozenset({"tune"}))}
    one = Admission(graph, Budget(2, 1000))
    assert one.ready() == ["tune"]
    one.started("tune")
    one.ended("tune", well=False)
    assert one.ready() == ["train"]


def test_what_died_is_tried_again_alone() -> None:
    one = admission(a="", b="")
    one.started("a")
    one.started("b")
    one.again("a", alone=True)
    assert one.ready() == ["a"]
    assert not one.has_room("a")
    one.ended("b", well=True)
    assert one.has_room("a")


def test_zeros_of_a_budget_are_what_the_machine_has() -> None:
    here = Budget().here()
    assert here.jobs >= 1
    assert here.memory_mb > 0
    assert Budget(3, 7.0).here() == Budget(3, 7.0)


def failure(error: str, reason: str = "") -> Failure:
    return Failure(notebook="a", cell=1, source="", error=error, reason=reason)


@pytest.mark.parametrize("error", ACCIDENTS)
def test_an_accident_is_worth_another_try(error: str) -> None:
    assert accident(ExitCode.STEP_FAILED, failure(error))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (ExitCode.DATA_ANOMALY, failure("DataAnomalyError")),
        (ExitCode.NOT_BLESSED, failure("NotBlessedError")),
        (ExitCode.USAGE, failure("StepOrderError")),
        (ExitCode.OUT_OF_TIME, failure("DeadKernelError")),
        (ExitCode.INTERRUPTED, failure("DeadKernelError")),
        (ExitCode.STEP_FAILED, failure("ValueError")),
        (ExitCode.STEP_FAILED, failure("StepFailedError")),
        (ExitCode.STEP_FAILED, failure("OSError", "[Errno 28] No space left on device")),
        (ExitCode.DONE, None),
    ],
    ids=lambda value: value.name if isinstance(value, ExitCode) else getattr(value, "error", None),
)
def test_a_verdict_an_end_of_time_and_a_full_disk_are_not(code: ExitCode, found: Failure | None) -> None:
    assert accident(code, found) is None


def test_a_taken_port_and_a_busy_store_are_accidents_too() -> None:
    assert accident(ExitCode.STEP_FAILED, failure("OSError", "[Errno 98] Address already in use"))
    assert accident(ExitCode.STEP_FAILED, failure("InternalError", "sqlite: database is locked"))
    assert is_death(failure("StepDiedError"))
    assert not is_death(failure("ConnectionError"))


def test_pauses_grow_to_a_minute() -> None:
    assert [pause_seconds(tries) for tries in (1, 2, 3, 20)] == [1, 2, 4, 60]
