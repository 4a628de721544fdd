"""One tick of the clock: run what is due, by the schedule's policies. cron, systemd and Kubernetes call this.

Two locks of the workspace keep ticks apart. `schedule-<name>-journal` is held for moments, to decide and to write the
journal; `schedule-<name>` as long as runs of the schedule go on. The second is taken and given back only under the
first, so that a time that is queued behind a run is either taken by that run's tick or by the one that queued it. Both
are freed by the operating system when their holder dies.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from kit.errors import ExitCode, WorkspaceError
from kit.schedule.errors import ScheduleError
from kit.schedule.journal import Entry, Journal, read
from kit.schedule.run import Ended, run_due
from kit.schedule.schedule import Schedule, load
from kit.texts import Say
from kit.workspace import Workspace

_POLL_SECONDS = 0.2


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@dataclass(frozen=True)
class TickEnvironment:
    """How a tick reaches the outside world; tests pass their own clock and run."""

    clock: Callable[[], dt.datetime] = now
    run: Callable[[Schedule, dt.datetime, Path, Say], Ended] = run_due
    say: Say = print


def tick(workspace: Path, name: str, environment: TickEnvironment = TickEnvironment()) -> list[Entry]:
    """Decide about every time that came due since the last look, and run what is to run.

    Returns:
        What ended in this process, in order; nothing if nothing was due, or another tick takes it.

    Raises:
        ScheduleError: when there is no such schedule, or its files are damaged.
    """
    ticker = _Ticker(Workspace(workspace), load(workspace, name), environment)
    return ticker.drain() if ticker.decide_and_take() else []


class _Ticker:
    def __init__(self, place: Workspace, schedule: Schedule, environment: TickEnvironment) -> None:
        self.place, self.schedule, self.environment = place, schedule, environment
        self.held = ExitStack()

    @property
    def _late(self) -> dt.timedelta:
        return dt.timedelta(minutes=self.schedule.late_minutes)

    def decide_and_take(self) -> bool:
        """Decide about what came due, and take the run unless another has it; return whether this process runs."""
        with self._journal_lock():
            journal = self._read()
            free = self._take()
            if free:
                _bury(journal.entries)
            looked = journal.looked
            self._decide(journal, busy=not free)
            self._save(journal)
            new = any(one.due > looked for one in journal.queued())
            wait = not free and new and self.schedule.overlap == "replace"
            if wait:
                self._end(journal.running)
            if free and not journal.queued():
                self.held.close()
                return False
        return self._wait_for_end() if wait else free

    def drain(self) -> list[Entry]:
        """Run all that waits, and what comes due meanwhile, one after the other."""
        ended = []
        with self.held:
            while due := self._next():
                entry = self._run(due)
                ended.append(entry)
                if entry.state in {"interrupted", "replaced"}:
                    break  # this process was asked to end; the next tick takes what waits
        return ended

    def _next(self) -> dt.datetime | None:
        with self._journal_lock():
            journal = self._read()
            self._decide(journal, busy=bool(journal.running))
            entry = next(iter(journal.queued()), None)
            if entry:
                entry.begin(self.environment.clock())
            else:
                self.held.close()
            self._save(journal)
            return entry.due if entry else None

    def _run(self, due: dt.datetime) -> Entry:
        self.environment.say(
            f"{self.schedule.name}: the run of {due.astimezone(self.schedule.zone):%Y-%m-%d %H:%M %Z}"
        )
        ended = Ended("killed", int(ExitCode.STEP_FAILED), why="an error of the kit itself")
        try:
            ended = self.environment.run(self.schedule, due, self.place.path, self.environment.say)
        finally:
            with self._journal_lock():
                journal = self._read(damaged=True)
                # What came due during this run overlapped with it.
                self._decide(journal, busy=True)
                entry = journal.of(due)
                entry.state, entry.exit_code, entry.why = ended.state, ended.exit_code, ended.why
                entry.run_id, entry.ended = ended.run_id, self.environment.clock()
                if entry.replaced and entry.state == "interrupted":
                    entry.state, entry.why = "replaced", "a later run came due"
                self._save(journal)
        return entry

    def _decide(self, journal: Journal, *, busy: bool) -> None:
        moment = self.environment.clock()
        self._turn_back(journal, moment)
        # A recreated schedule does not apply to earlier times.
        after = max(journal.looked, self.schedule.created)
        known = {one.due for one in journal.entries}
        due = [one for one in self.schedule.due(after, moment) if one not in known]
        journal.looked = max(moment, journal.looked)
        if busy:
            journal.entries += self._overlapping(due, journal)
            return
        kept = self._caught_up(due, moment)
        missed = "nothing looked at the clock then"
        journal.entries += [
            Entry(due=one) if one in kept else Entry(due=one, state="missed", why=missed) for one in due
        ]

    def _turn_back(self, journal: Journal, moment: dt.datetime) -> None:
        """Begin at this moment if a clock was ahead; otherwise nothing would be due until that time comes."""
        if journal.looked - moment <= self._late:
            return
        self.environment.say(
            f"{self.schedule.name}: a clock was ahead: all was decided up to {journal.looked:%Y-%m-%d %H:%M} UTC; "
            f"the schedule goes on from {moment:%Y-%m-%d %H:%M} UTC."
        )
        # Past runs stay: this clock may be the wrong one, and nothing must run twice.
        journal.begin_at(moment, {"missed"})

    def _caught_up(self, due: list[dt.datetime], moment: dt.datetime) -> list[dt.datetime]:
        in_time = [one for one in due if moment - one <= self._late]
        return {"none": in_time[-1:], "latest": due[-1:], "all": due}[self.schedule.catch_up]

    def _overlapping(self, due: list[dt.datetime], journal: Journal) -> list[Entry]:
        if self.schedule.overlap == "queue":
            return [Entry(due=one) for one in due]
        if self.schedule.overlap == "skip":
            return [Entry(due=one, state="skipped", why="the run before was not over") for one in due]
        entries = [Entry(due=one) for one in due]
        for one in [*journal.queued(), *entries][:-1] if due else []:
            one.state, one.why = "replaced", "a later run came due"
        return entries

    def _end(self, running: Entry | None) -> None:
        """Ask the current run to end; on another machine, it is only waited for."""
        process = running.process() if running else None
        if running is None or process is None:
            return
        journal = self._read()
        journal.of(running.due).replaced = True
        self._save(journal)
        process.terminate()

    def _wait_for_end(self) -> bool:
        while True:
            with self._journal_lock():
                journal = self._read()
                if not journal.queued():
                    return False  # a later tick has taken it
                if self._take():
                    _bury(journal.entries)
                    self._save(journal)
                    return True
            time.sleep(_POLL_SECONDS)

    def _take(self) -> bool:
        try:
            purpose = f"kit schedule tick, {self.schedule.name}"
            lock = self.place.lock(f"schedule-{self.schedule.name}", purpose, wait=False)
            self.held.enter_context(lock)
        except WorkspaceError:
            return False
        return True

    def _journal_lock(self) -> AbstractContextManager[None]:
        name = f"schedule-{self.schedule.name}-journal"
        return self.place.lock(name, "a look at the clock", say=self.environment.say)

    def _read(self, *, damaged: bool = False) -> Journal:
        """Read the journal, by the schedule as it is now: it may have changed since, for instance while a run went on.

        Where its file may be damaged by now, the schedule as it was is what remains.
        """
        try:
            self.schedule = load(self.place.path, self.schedule.name)
        except ScheduleError:
            if not damaged:
                raise
        return read(self.place.path, self.schedule.name, self.schedule.created)

    def _save(self, journal: Journal) -> None:
        journal.save(self.place.path, self.schedule.name)


def _bury(entries: Iterable[Entry]) -> None:
    """Close a run whose process was killed: nobody holds the lock of runs, so it cannot be going on."""
    for entry in entries:
        if entry.state == "running":
            entry.bury()
