"""The periods in which each version of a model served, from the history of versions (see `kit.release.history`).

Labels and experiments send some requests elsewhere; the prediction log says which version answered a request.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit.units import SECONDS_PER_DAY


@dataclass(frozen=True)
class ServingPeriod:
    """A period in which a version served; `until` None: it still does."""

    since: dt.datetime
    until: dt.datetime | None

    def __str__(self) -> str:
        end = f"{self.until:%Y-%m-%d %H:%M}" if self.until else "now"
        return f"{self.since:%Y-%m-%d %H:%M} to {end} UTC ({self.days:.1f} days)"

    @property
    def days(self) -> float:
        """Its length in days, so far if it has not ended."""
        return ((self.until or dt.datetime.now(dt.UTC)) - self.since).total_seconds() / SECONDS_PER_DAY


def served_times(
    entries: Sequence[Mapping[str, Any]], serves: int | None = None
) -> dict[int, list[ServingPeriod]]:
    """Return the periods of each version that ever served, oldest first.

    Args:
        entries: the entries of the history, the oldest first.
        serves: the version that serves now. A rollback is noted before it is made; where it was killed in between, the
            version that it left still serves. None: as the history says.
    """
    if entries and serves is not None and _was_killed(entries[-1], serves):
        entries = entries[:-1]
    times: dict[int, list[ServingPeriod]] = {}
    answering: int | None = None
    since = dt.datetime.min.replace(tzinfo=dt.UTC)
    for when, version in _changes(entries):
        if version == answering:
            continue
        if answering is not None:
            times.setdefault(answering, []).append(ServingPeriod(since, when))
        answering, since = version, when
    if answering is not None:
        times.setdefault(answering, []).append(ServingPeriod(since, None))
    return times


def _was_killed(last: Mapping[str, Any], serves: int) -> bool:
    return bool(last["what"] == "rollback" and last.get("from") == serves != last["to"])


def _changes(entries: Iterable[Mapping[str, Any]]) -> Iterator[tuple[dt.datetime, int | None]]:
    """Yield when the served version may have changed, and to which one."""
    for entry in entries:
        match entry:
            # What models.config said then; older entries without it are from servers that take the latest.
            case (
                {"serves": version}
                | {"what": "push", "version": version}
                | {"what": "rollback", "to": version}
            ):
                yield dt.datetime.fromisoformat(entry["when"]), version
