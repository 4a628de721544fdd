from __future__ import annotations

import sys
import time
from contextlib import ExitStack

import pytest

from kit.serving import turns
from kit.serving.turns import note_request, requests_first, step


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return how long each rest was, without resting."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def _at(monkeypatch: pytest.MonkeyPatch, *times: float) -> None:
    """Let the clock show these times, one at each look."""
    clock = iter(times)
    monkeypatch.setattr(time, "monotonic", lambda: next(clock))


def test_a_load_rests_thrice_as_long_as_its_step_but_not_for_long(
    rests: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _at(monkeypatch, 100, 100, 100.01, 100.01, 100.2, 100.7, 100.7)
    with requests_first():
        note_request()
        for _ in range(2):
            with step():
                pass
    assert rests == pytest.approx([0.03, 1])


def test_nothing_rests_where_no_request_comes_or_none_is_to_go_first(
    rests: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    _at(monkeypatch, 100, 200, 200.5, 200.5, 300, 300, 300.5)
    note_request()
    with requests_first(), step():
        pass
    note_request()
    with step():
        pass
    assert rests == []


def test_a_step_that_fails_is_not_rested_after(rests: list[float]) -> None:
    note_request()
    with requests_first(), pytest.raises(ValueError, match="broken"), step():
        raise ValueError("broken")
    assert rests == []


def test_threads_take_turns_as_before_after_a_load_that_fails() -> None:
    usual, inside = sys.getswitchinterval(), []

    def fail() -> None:
        with requests_first():
            inside.append(sys.getswitchinterval())
            raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        fail()
    assert inside[0] < usual == sys.getswitchinterval()
    assert not turns._loads


def test_threads_take_turns_as_before_once_the_last_of_two_loads_has_ended() -> None:
    usual = sys.getswitchinterval()
    with ExitStack() as first, ExitStack() as second:
        first.enter_context(requests_first())
        second.enter_context(requests_first())
        first.close()
        assert sys.getswitchinterval() < usual
        second.close()
        assert sys.getswitchinterval() == usual
