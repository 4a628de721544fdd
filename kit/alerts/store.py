"""Incidents and their undelivered messages, in one SQLite file of the workspace.

A database and not JSON files: opening an incident and queueing its message must be one transaction, also when two
processes write at the same time and one of them is killed.
"""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kit.alerts.incident import Evidence, Incident
from kit.errors import UsageError, WorkspaceError
from kit.workspace import Workspace

FILE = "alerts.sqlite"
_WAIT_SECONDS = 10.0  # to wait for another process's transaction
_SCHEMA = """
CREATE TABLE IF NOT EXISTS incidents (
    id TEXT PRIMARY KEY, project TEXT NOT NULL, about TEXT NOT NULL, "check" TEXT NOT NULL, subject TEXT NOT NULL,
    state TEXT NOT NULL, times INTEGER NOT NULL, first_seen REAL NOT NULL, last_seen REAL NOT NULL,
    muted_until REAL NOT NULL DEFAULT 0, decided TEXT NOT NULL DEFAULT '', evidence TEXT NOT NULL,
    source TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outbox (
    delivery TEXT PRIMARY KEY, incident TEXT NOT NULL, project TEXT NOT NULL, channel TEXT NOT NULL,
    message TEXT NOT NULL, created REAL NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt REAL NOT NULL, held_until REAL NOT NULL DEFAULT 0, problem TEXT NOT NULL DEFAULT ''
);
"""
_FIELDS = 'id, project, about, "check", subject, state, times, first_seen, last_seen, muted_until, decided, evidence'


class NoIncidentError(UsageError):
    """No incident, or more than one, has the id that somebody named."""


@dataclass(frozen=True)
class Waiting:
    """A message that is to be delivered through one channel.

    Attributes:
        delivery: names the message for its receiver, who may get it twice.
        channel: its name, such as `webhook`.
        message: the message, as JSON.
        attempts: how many attempts were made.
        created: seconds since 1970.
        problem: why the last attempt failed.
    """

    delivery: str
    channel: str
    message: str
    attempts: int
    created: float
    problem: str


class Store:
    """The incidents and the outbox of all projects of a workspace.

    Raises:
        WorkspaceError: when the file is not a database, or cannot be written although the workspace is not read-only.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.path = workspace.path / "alerts" / FILE
        self._read_only = workspace.read_only
        if not self._read_only:
            self.path.parent.mkdir(exist_ok=True)
            with self.change() as database:
                database.executescript(_SCHEMA)

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction."""
        with self._connected(self.path) as database:
            database.execute("BEGIN IMMEDIATE")
            yield database
            if database.in_transaction:
                database.execute("COMMIT")

    @contextmanager
    def _look(self) -> Iterator[sqlite3.Connection]:
        """Give a read-only connection where the workspace is read-only."""
        if not self._read_only:
            with self.change() as database:
                yield database
            return
        there = self.path.exists()
        with self._connected(f"{self.path.as_uri()}?mode=ro" if there else ":memory:") as database:
            if not there:
                database.executescript(_SCHEMA)
            yield database

    @contextmanager
    def _connected(self, address: Path | str) -> Iterator[sqlite3.Connection]:
        try:
            database = sqlite3.connect(address, timeout=_WAIT_SECONDS, isolation_level=None, uri=True)
            try:
                database.row_factory = sqlite3.Row
                yield database
            finally:
                database.close()  # rolls back what is not committed
        except sqlite3.DatabaseError as error:
            raise WorkspaceError(
                f"{self.path} must be a database that can be written, but: {error}. Make room or fix its "
                "permissions; if it is damaged, move it away, and open incidents will be reported again."
            ) from error

    def incidents(self, project: str | None = None, *, also_resolved: bool = False) -> list[Incident]:
        """Return the incidents, the latest found first."""
        where = [] if also_resolved else ["state != 'resolved'"]
        where += ["project = ?"] if project else []
        condition = f" WHERE {' AND '.join(where)}" if where else ""
        with self._look() as database:
            rows = database.execute(
                f"SELECT {_FIELDS} FROM incidents{condition} ORDER BY last_seen DESC, id",  # noqa: S608  no values
                [project] if project else [],
            ).fetchall()
        return [_incident(row) for row in rows]

    def incident(self, id_: str) -> Incident:
        """Return the incident whose id begins with `id_`.

        Raises:
            NoIncidentError: when there is none, or more than one.
        """
        found = [one for one in self.incidents(also_resolved=True) if id_ and one.id.startswith(id_)]
        if len(found) != 1:
            raise NoIncidentError(
                f"An incident is named by the first letters of its id, but {len(found) or 'none'} "
                f"{'begin' if len(found) > 1 else 'begins'} with {id_!r}. `kit alerts list --all` shows them."
            )
        return found[0]

    def decide(self, id_: str, state: str, muted_until: float, decided: str) -> Incident:
        """Change the state of an incident; messages about it that a mute holds back are dropped.

        Raises:
            NoIncidentError: as `incident` does.
        """
        incident = self.incident(id_)
        with self.change() as database:
            database.execute(
                "UPDATE incidents SET state = ?, muted_until = ?, decided = ? WHERE id = ?",
                [state, muted_until, decided, incident.id],
            )
            withdraw(database, incident)
        return self.incident(incident.id)

    def waiting(self, project: str, due: float | None = None) -> list[Waiting]:
        """Return the messages of a project that are not delivered, oldest first.

        Args:
            project: the name of the project.
            due: only those that are due at this time.
        """
        with self.change() as database:
            rows = database.execute(
                "SELECT delivery, channel, message, attempts, created, problem FROM outbox WHERE project = ? "
                "AND (? IS NULL OR (next_attempt <= ? AND held_until <= ?)) ORDER BY created, delivery",
                [project, due, due, due],
            ).fetchall()
        return [Waiting(**dict(row)) for row in rows]

    def waiting_projects(self) -> list[str]:
        """Return the projects that have messages which are not delivered."""
        with self.change() as database:
            rows = database.execute("SELECT DISTINCT project FROM outbox ORDER BY project").fetchall()
        return [row["project"] for row in rows]

    def hold(self, delivery: str, now: float, until: float) -> bool:
        """Take a message for this process to deliver; False where another one has it, or it is gone."""
        with self.change() as database:
            taken = database.execute(
                "UPDATE outbox SET held_until = ? WHERE delivery = ? AND held_until <= ?",
                [until, delivery, now],
            )
            return taken.rowcount == 1

    def forget(self, delivery: str) -> None:
        """Forget a message that has arrived, or that will never be taken."""
        with self.change() as database:
            database.execute("DELETE FROM outbox WHERE delivery = ?", [delivery])

    def try_later(self, delivery: str, when: float, problem: str) -> None:
        """Put a message back that could not be delivered."""
        with self.change() as database:
            database.execute(
                "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?, held_until = 0, problem = ? "
                "WHERE delivery = ?",
                [when, problem, delivery],
            )


def post(
    database: sqlite3.Connection, incident: Incident, channels: Sequence[str], message: str, now: float
) -> None:
    """Put a message about an incident into the outbox, once per channel."""
    database.executemany(
        "INSERT INTO outbox (delivery, incident, project, channel, message, created, next_attempt) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            [uuid.uuid4().hex, incident.id, incident.project, channel, message, now, now]
            for channel in channels
        ],
    )


def withdraw(database: sqlite3.Connection, incident: Incident) -> None:
    """Drop the undelivered messages about an incident from the outbox."""
    database.execute("DELETE FROM outbox WHERE incident = ?", [incident.id])


def put(database: sqlite3.Connection, incident: Incident, source: str) -> None:
    """Write an incident, over what was known of it; `source`: the notebook that found it."""
    values = {**vars(incident), "evidence": incident.evidence.as_json(), "source": source}
    names = ", ".join(f'"{name}"' for name in values)
    places = ", ".join("?" for _ in values)
    database.execute(
        f"INSERT OR REPLACE INTO incidents ({names}) VALUES ({places})",  # noqa: S608  names of fields
        list(values.values()),
    )


def known(database: sqlite3.Connection, id_: str) -> Incident | None:
    """Return an incident within a transaction."""
    row = database.execute(f"SELECT {_FIELDS} FROM incidents WHERE id = ?", [id_]).fetchone()  # noqa: S608  no values
    return _incident(row) if row else None


def unresolved(database: sqlite3.Connection, project: str, about: str, source: str) -> list[Incident]:
    """Return the incidents that a notebook has found in some data and that are not over."""
    rows = database.execute(
        f"SELECT {_FIELDS} FROM incidents WHERE project = ? AND about = ? AND source = ? "  # noqa: S608  no values
        "AND state != 'resolved'",
        [project, about, source],
    ).fetchall()
    return [_incident(row) for row in rows]


def _incident(row: sqlite3.Row) -> Incident:
    values = dict(row)
    return Incident(**{**values, "evidence": Evidence.from_json(values["evidence"])})
