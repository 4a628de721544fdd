"""The journal of a schedule, runs.json: what became of each due time, rewritten atomically at every change."""

from __future__ import annotations

import datetime as dt
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Literal, get_args

import psutil
from pydantic import BaseModel, ValidationError

from kit.process_mark import ProcessMark
from kit.project_section import said_of
from kit.schedule.errors import ScheduleError
from kit.schedule.schedule import folder_of
from kit.workspace import write_atomically

FILE = "runs.json"
_KEPT = 500  # entries; a year and more of days

State = Literal[
    "queued", "running", "done", "failed", "skipped", "missed", "replaced", "interrupted", "killed"
]


class Entry(BaseModel):
    """One time of a schedule.

    Attributes:
        due: the time; `started` may be later.
        why: one line: why it did not run, or how it failed.
        host, pid, pid_started: the process that runs it (see `kit.process_mark`).
        replaced: whether a later time has ended it.
    """

    due: dt.datetime
    state: State = "queued"
    why: str = ""
    run_id: str = ""
    exit_code: int | None = None
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    host: str = ""
    pid: int = 0
    pid_started: float = 0.0
    replaced: bool = False

    def begin(self, now: dt.datetime) -> None:
        self.state, self.started, mark = "running", now, ProcessMark.of_this()
        self.host, self.pid, self.pid_started = mark.host, mark.pid, mark.started

    def bury(self) -> None:
        """Close a run whose process could not say how it ended."""
        self.state, self.why = ("replaced" if self.replaced else "killed"), "its process was killed"

    def is_dead(self) -> bool:
        """Whether it was killed on this machine; for another machine only the holder of the runs' lock can tell."""
        return self.state == "running" and self._mark().is_here and self.process() is None

    def process(self) -> psutil.Process | None:
        """Return its process; None if that has ended, or is on another machine."""
        return self._mark().process()

    def _mark(self) -> ProcessMark:
        return ProcessMark(self.host, self.pid, self.pid_started)


class Journal(BaseModel):
    """All entries of a schedule, the oldest first; every time up to `looked` is decided.

    Attributes:
        made: when the schedule that `looked` belongs to was made.
    """

    looked: dt.datetime
    made: dt.datetime | None = None
    entries: list[Entry] = []

    @property
    def running(self) -> Entry | None:
        return next((one for one in reversed(self.entries) if one.state == "running"), None)

    def queued(self) -> list[Entry]:
        return [one for one in self.entries if one.state == "queued"]

    def of(self, due: dt.datetime) -> Entry:
        return next(one for one in self.entries if one.due == due)

    def begin_at(self, moment: dt.datetime, forgotten: AbstractSet[State]) -> None:
        """Decide again about times after a moment, except those with entries; forget entries in some states."""
        self.looked = moment
        self.entries = [one for one in self.entries if one.due <= moment or one.state not in forgotten]

    def save(self, workspace: Path, name: str) -> None:
        # Waiting entries are never dropped, however many there are.
        waiting = [one for one in self.entries if one.state in {"queued", "running"}]
        over = [one for one in self.entries if one.state not in {"queued", "running"}]
        self.entries = sorted([*over[-_KEPT:], *waiting], key=lambda one: one.due)
        write_atomically(folder_of(workspace, name) / FILE, self.model_dump_json(indent=1) + "\n")


def read(workspace: Path, name: str, created: dt.datetime) -> Journal:
    """Read the journal of a schedule; without one, return a new one that begins when the schedule was made.

    A run whose process is gone is closed, so that a look at the journal does not wait for the next tick to do so.

    Raises:
        ScheduleError: when the file is damaged.
    """
    file = folder_of(workspace, name) / FILE
    if not file.is_file():
        return Journal(looked=created, made=created)
    try:
        journal = Journal.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = "".join(f"{part}: " for part in first["loc"])
        raise ScheduleError(
            f"{file} must be what `kit schedule tick` wrote, but is not: {where}{said_of(first)}. Move it away: the "
            "schedule then begins anew, and its catch_up says what runs of all that was due since it was made."
        ) from None
    # Nothing has been decided since then, whatever the clock said before.
    if journal.made and journal.made < created:
        journal.begin_at(created, set(get_args(State)) - {"running"})
    # Never an earlier time, which a process passes that read the schedule before it changed: the next reader would
    # then begin anew once more.
    journal.made = max(created, journal.made or created)
    for entry in journal.entries:
        if entry.is_dead():
            entry.bury()
    return journal
