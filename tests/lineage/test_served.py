"""When a version answered follows from what was done to the versions."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from kit.lineage.served import ServingPeriod, served_times
from kit.release import history, versions


def _day(number: int) -> dt.datetime:
    return dt.datetime(2026, 1, number, tzinfo=dt.UTC)


def _entry(day: int, what: str, **facts: Any) -> dict[str, Any]:
    return {"what": what, "when": _day(day).isoformat(), **facts}


def test_a_push_ends_the_time_of_the_version_before() -> None:
    times = served_times([_entry(1, "push", version=5), _entry(3, "push", version=7)])
    assert times == {5: [ServingPeriod(_day(1), _day(3))], 7: [ServingPeriod(_day(3), None)]}
    assert times[5][0].days == 2.0
    assert str(times[5][0]) == "2026-01-01 00:00 to 2026-01-03 00:00 UTC (2.0 days)"


def test_a_rollback_gives_the_version_before_a_second_time() -> None:
    entries = [
        _entry(1, "push", version=5),
        _entry(2, "push", version=7),
        _entry(3, "rollback", to=5, withdrawn=[7], **{"from": 7}),
        _entry(4, "rollback", to=7, withdrawn=[], **{"from": 5}),
    ]
    assert served_times(entries) == {
        5: [ServingPeriod(_day(1), _day(2)), ServingPeriod(_day(3), _day(4))],
        7: [ServingPeriod(_day(2), _day(3)), ServingPeriod(_day(4), None)],
    }


def test_a_push_that_is_held_answers_from_its_promotion_on() -> None:
    entries = [
        _entry(1, "push", version=5, serves=5),
        _entry(2, "hold", serves=5),
        _entry(3, "push", version=7, serves=5),
        _entry(4, "experiment", candidate=7, serves=5),
        _entry(5, "promotion", version=7, over=5),
        _entry(5, "experiment", candidate=7, ended="promoted", serves=7),
    ]
    assert served_times(entries) == {
        5: [ServingPeriod(_day(1), _day(5))],
        7: [ServingPeriod(_day(5), None)],
    }


def test_what_changes_nothing_for_servers_ends_no_time() -> None:
    entries = [
        _entry(1, "push", version=5),
        _entry(2, "push", version=7),
        _entry(3, "remove", versions=[5]),
        _entry(4, "promotion", version=7, over=5),
        _entry(5, "rollback", to=7, withdrawn=[6], **{"from": 6}),
    ]
    assert served_times(entries)[7] == [ServingPeriod(_day(2), None)]


def test_no_history_is_no_time() -> None:
    assert served_times([]) == {}


def test_a_rollback_that_was_killed_before_it_changed_anything_gives_no_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (5, 7):
        (tmp_path / str(number)).mkdir()
        (tmp_path / str(number) / "saved_model.pb").touch()
        history.note(tmp_path, "push", version=number)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(versions, "go_back", dies)
    monkeypatch.setattr(versions, "move", dies)
    with pytest.raises(KeyboardInterrupt):
        versions.rollback(tmp_path, 5, who="ada", why="worse")
    assert versions.served_version(tmp_path) == 7

    def answering() -> list[int]:
        times = served_times(history.read(tmp_path), versions.served_version(tmp_path))
        return [number for number, periods in times.items() if periods[-1].until is None]

    assert answering() == [7]
    monkeypatch.undo()
    versions.rollback(tmp_path, 5, who="ada", why="worse")
    assert answering() == [5]
