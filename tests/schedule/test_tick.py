"""What a tick runs, by a clock that tests turn: catch-up, overlap, kills, and several ticks at once."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit.schedule import schedule as schedules
from kit.schedule.errors import ScheduleError
from kit.schedule.journal import Entry, Journal, read
from kit.schedule.run import Ended
from kit.schedule.schedule import Schedule
from kit.schedule.tick import TickEnvironment, tick
from kit.texts import Say

START = dt.datetime(2026, 1, 5, 1, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
_FORK = multiprocessing.get_context("fork")


def due(day: int) -> dt.datetime:
    """Return when the run of a day is due; the schedule is made on day 0, an hour before."""
    return START + day * DAY + dt.timedelta(hours=1)


class World:
    """A clock, and runs that only note what they are told; `during` happens within each."""

    def __init__(self, workspace: Path, **said: Any) -> None:
        self.now, self.ran, self.said, self.workspace = START, [], [], workspace
        self.during: Callable[[], object] = lambda: None
        self.ended = Ended("done", 0, "r1")
        self.schedule = schedules.make(**{"name": "nightly", "cron": "0 2 * * *", "created": START, **said})
        schedules.save(workspace, self.schedule)

    ran: list[dt.datetime]
    said: list[str]

    def run(self, schedule: Schedule, due: dt.datetime, workspace: Path, say: Say) -> Ended:
        assert workspace == self.workspace
        assert schedule == self.schedule
        say("a run")
        self.ran.append(due)
        self.during()
        return self.ended

    def tick(self, at: dt.datetime | None = None) -> list[str]:
        self.now = at or self.now
        return [one.state for one in tick(self.workspace, "nightly", self.environment)]

    @property
    def environment(self) -> TickEnvironment:
        return TickEnvironment(lambda: self.now, self.run, self.said.append)

    @property
    def journal(self) -> Journal:
        return read(self.workspace, "nightly", START)

    @property
    def told(self) -> list[tuple[int, str]]:
        return [((one.due - due(0)).days, one.state) for one in self.journal.entries]


def test_a_tick_runs_what_is_due_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert world.tick() == []
    assert world.tick(due(0)) == ["done"]
    assert world.tick(due(0) + dt.timedelta(minutes=1)) == []
    assert world.ran == [due(0)]
    [entry] = world.journal.entries
    assert (entry.run_id, entry.exit_code, entry.ended) == ("r1", 0, due(0))


@pytest.mark.parametrize(
    ("catch_up", "ran", "told"),
    [
        ("none", [], [(0, "missed"), (1, "missed"), (2, "missed")]),
        ("latest", [2], [(0, "missed"), (1, "missed"), (2, "done")]),
        ("all", [0, 1, 2], [(0, "done"), (1, "done"), (2, "done")]),
    ],
)
def test_what_was_missed_is_caught_up_as_the_schedule_says(
    tmp_path: Path, catch_up: str, ran: list[int], told: list[tuple[int, str]]
) -> None:
    world = World(tmp_path, catch_up=catch_up)
    world.tick(due(2) + dt.timedelta(hours=3))
    assert world.ran == [due(day) for day in ran]
    assert world.told == told


def test_a_clock_that_was_ahead_stops_nothing_once_it_is_right(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tick(due(400))
    assert world.tick(due(1) + dt.timedelta(minutes=5)) == []
    assert "a clock was ahead: all was decided up to 2027-02-09 02:00 UTC" in world.said[-1]
    assert "goes on from 2026-01-06 02:05 UTC" in world.said[-1]
    assert world.tick(due(2)) == ["done"]
    assert world.tick(due(3)) == ["done"]
    assert world.told == [(0, "missed"), (1, "missed"), (2, "done"), (3, "done"), (400, "done")]


def test_what_ran_before_its_time_does_not_run_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    for at, states in ((due(1), ["done"]), (due(0), []), (due(1), []), (due(2), ["done"])):
        assert world.tick(at) == states
    assert world.ran == [due(1), due(2)]


def test_a_clock_that_was_a_little_ahead_is_none_to_tell_of(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tick(due(0))
    assert world.tick(due(0) - dt.timedelta(minutes=5)) == []
    assert world.tick(due(0)) == []
    assert world.said == ["nightly: the run of 2026-01-05 02:00 UTC", "a run"]


def test_a_schedule_that_is_made_anew_begins_then_whatever_a_clock_said_before(tmp_path: Path) -> None:
    world = World(tmp_path, catch_up="all")
    world.tick(due(0))
    world.tick(due(400))
    world.schedule = world.schedule.model_copy(update={"created": due(1) + DAY / 2})
    schedules.save(tmp_path, world.schedule)
    world.ran.clear()
    world.tick(due(3))
    assert world.ran == [due(2), due(3)]


def test_a_run_that_is_a_little_late_is_not_missed(tmp_path: Path) -> None:
    world = World(tmp_path, catch_up="none")
    world.tick(due(0) + dt.timedelta(minutes=10))
    world.tick(due(1) + dt.timedelta(minutes=11))
    assert world.told == [(0, "done"), (1, "missed")]


@pytest.mark.parametrize("looked", [True, False], ids=["a tick looks", "nothing looks"])
@pytest.mark.parametrize(
    ("overlap", "ran", "told"),
    [("skip", [0], [(0, "done"), (1, "skipped")]), ("queue", [0, 1], [(0, "done"), (1, "done")])],
)
def test_a_time_that_meets_a_run_waits_or_is_skipped(
    tmp_path: Path, looked: bool, overlap: str, ran: list[int], told: list[tuple[int, str]]
) -> None:
    world = World(tmp_path, overlap=overlap)
    others = []

    def second() -> None:
        world.during = lambda: None
        world.now = due(1) + dt.timedelta(hours=5)
        if looked:
            others.extend(world.tick())

    world.during = second
    assert world.tick(due(0)) == ["done"] * len(ran)
    assert others == []  # the first one ran it
    assert world.ran == [due(day) for day in ran]
    assert world.told == told


def _hold(workspace: Path, begun: Any) -> None:
    """Run until somebody ends this process, as a notebook that hangs."""
    from kit.signals import signals_as_interrupts  # noqa: PLC0415

    def run(*_: object) -> Ended:
        try:
            with signals_as_interrupts():
                begun.set()
                time.sleep(60)
        except KeyboardInterrupt:
            return Ended("interrupted", 21)
        return Ended("done", 0)

    tick(workspace, "nightly", TickEnvironment(lambda: due(0), run, lambda _: None))


def _held(workspace: Path) -> Any:
    begun = _FORK.Event()
    process = _FORK.Process(target=_hold, args=(workspace, begun))
    process.start()
    assert begun.wait(20)
    return process


def test_a_later_time_ends_the_run_before_where_it_is_to(tmp_path: Path) -> None:
    world = World(tmp_path, overlap="replace")
    process = _held(tmp_path)
    assert world.tick(due(1)) == ["done"]
    process.join(20)
    assert process.exitcode == 0
    assert world.ran == [due(1)]
    assert world.told == [(0, "replaced"), (1, "done")]


def test_of_several_times_that_meet_a_run_only_the_last_is_run(tmp_path: Path) -> None:
    world = World(tmp_path, overlap="replace")
    world.during = lambda: setattr(world, "now", max(world.now, due(3)))
    world.tick(due(0))
    assert world.told == [(0, "done"), (1, "replaced"), (2, "replaced"), (3, "done")]
    assert world.ran == [due(0), due(3)]


@pytest.mark.parametrize("overlap", ["skip", "queue", "replace"])
def test_a_tick_that_was_killed_is_told_of_and_blocks_nothing(tmp_path: Path, overlap: str) -> None:
    world = World(tmp_path, overlap=overlap)
    process = _held(tmp_path)
    assert world.told == [(0, "running")]
    process.kill()
    process.join(20)
    assert world.told == [(0, "killed")]  # before the next tick
    assert world.tick(due(1)) == ["done"]
    assert world.told == [(0, "killed"), (1, "done")]


def test_a_run_on_another_machine_is_taken_for_one_that_goes_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    entry = Entry(due=due(0), state="running", host="another", pid=2**22 + 1)
    Journal(looked=due(0), entries=[entry]).save(tmp_path, "nightly")
    assert world.told == [(0, "running")]


def test_what_a_killed_tick_had_queued_runs_with_the_next(tmp_path: Path) -> None:
    world = World(tmp_path, overlap="queue")
    process = _held(tmp_path)
    assert world.tick(due(1)) == []  # the process would take it
    process.kill()
    process.join(20)
    assert world.tick(due(1) + dt.timedelta(minutes=1)) == ["done"]
    assert world.ran == [due(1)]


def test_who_is_interrupted_leaves_what_waits_to_the_next_tick(tmp_path: Path) -> None:
    world = World(tmp_path, catch_up="all")
    world.ended = Ended("interrupted", 21)
    assert world.tick(due(1)) == ["interrupted"]
    world.ended = Ended("done", 0)
    assert world.tick() == ["done"]
    assert world.told == [(0, "interrupted"), (1, "done")]


def test_an_error_of_the_kit_leaves_no_run_that_goes_on_for_ever(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.during = lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        world.tick(due(0))
    world.during = lambda: None
    assert world.tick(due(1)) == ["done"]
    assert world.told == [(0, "killed"), (1, "done")]


def test_a_schedule_that_is_changed_runs_nothing_for_the_time_before(tmp_path: Path) -> None:
    world = World(tmp_path, catch_up="all")
    world.tick(due(0))
    changed = due(0) + dt.timedelta(hours=5)
    world.schedule = schedules.make(
        name="nightly", cron="0 * * * *", catch_up="all", created=changed + dt.timedelta(minutes=1)
    )
    schedules.save(tmp_path, world.schedule)
    assert world.tick(changed + dt.timedelta(hours=1)) == ["done"]
    assert world.ran == [due(0), changed + dt.timedelta(hours=1)]


@pytest.mark.parametrize(
    ("overlap", "ran", "states"),
    [("skip", [0], ["done", "skipped"]), ("queue", [0, 1], ["done", "done"])],
)
def test_a_schedule_that_is_changed_while_it_runs_runs_each_time_once_and_the_new_way(
    tmp_path: Path, overlap: str, ran: list[int], states: list[str]
) -> None:
    world = World(tmp_path, overlap=overlap, catch_up="all")

    def change() -> None:
        world.during = lambda: None
        created = due(0) + dt.timedelta(hours=1)
        world.schedule = world.schedule.model_copy(update={"created": created, "parameters": {"steps": 7}})
        schedules.save(tmp_path, world.schedule)
        assert world.tick(due(1) + dt.timedelta(minutes=1)) == []

    world.during = change
    world.tick(due(0))
    world.tick(due(1) + dt.timedelta(minutes=2))
    assert world.ran == [due(day) for day in ran]
    assert [one.state for one in world.journal.entries] == states


def test_a_run_whose_schedule_was_damaged_meanwhile_is_still_told_of(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.during = lambda: (tmp_path / "schedules" / "nightly" / "schedule.yml").write_text("cron: [")
    with pytest.raises(ScheduleError):
        world.tick(due(0))
    assert world.told == [(0, "done")]
