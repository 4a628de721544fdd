"""The class board: everybody's progress, read from a shared folder without a server.

Each participant has one small JSON file there, written atomically, so that two laptops never write the same file and
nobody reads half of one. A network drive that is slow or gone must not break an exercise: the workspace has the same
record, and the copy is made in a thread that is waited for only briefly.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from kit import html_page
from kit.os_errors import reason_of
from kit.translation.messages import html_language, in_language, parts_in_language
from kit.workshop.errors import WorkshopError
from kit.workshop.exercise import POINTS, Score
from kit.workspace import write_atomically

SUFFIX = ".workshop.json"
_MOST_BYTES = 100_000  # of a record; larger files in the folder are ignored
_PATIENCE_SECONDS = 2.0
_LONGEST_NAME = 60
_STYLE = """
body { font: 1rem/1.4 FONTS; margin: 2rem } table { border-collapse: collapse }
th, td { border: 1px solid #888; padding: .3rem .6rem; text-align: left }
"""


@dataclass(frozen=True)
class Done:
    """What somebody has achieved in one exercise: the points by name, hints opened, and when it was last checked."""

    points: Mapping[str, bool] = field(default_factory=dict)
    hints: int = 0
    checked: float = 0.0

    @property
    def total(self) -> int:
        return sum(map(bool, self.points.values()))


@dataclass(frozen=True)
class Progress:
    """One participant, by the name of their choice."""

    name: str
    done: Mapping[str, Done] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(one.total for one in self.done.values())

    def with_score(self, score: Score) -> Progress:
        """Return it with a score; a point once reached stays, whatever is tried afterwards."""
        before = self.done.get(score.exercise, Done())
        points = {one.name: one.reached or bool(before.points.get(one.name)) for one in score.points}
        return Progress(self.name, {**self.done, score.exercise: Done(points, before.hints, time.time())})

    def with_hints(self, exercise: str, opened: int) -> Progress:
        """Return it with a number of hints opened; opened hints are never closed."""
        before = self.done.get(exercise, Done())
        kept = Done(before.points, max(opened, before.hints), before.checked)
        return Progress(self.name, {**self.done, exercise: kept})


def file_name(participant: str) -> str:
    """Return the name of a participant's file, unique for each name, whatever its characters."""
    plain = re.sub(r"[^\w-]+", "_", participant, flags=re.ASCII).strip("_")[:20]
    return f"{plain or 'participant'}-{hashlib.sha256(participant.encode()).hexdigest()[:8]}{SUFFIX}"


def check_participant(name: str) -> str:
    """Return a name without spaces around it.

    Raises:
        WorkshopError: when it is empty, too long, or not printable.
    """
    kept = name.strip()
    if not kept or len(kept) > _LONGEST_NAME or not kept.isprintable():
        raise WorkshopError(
            f"A participant's name must be 1 to {_LONGEST_NAME} printable characters, but is {name!r}. "
            "Choose one; it need not be your own."
        )
    return kept


def write(progress: Progress, folder: Path) -> None:
    """Write somebody's record.

    Raises:
        OSError: when the folder cannot be written to.
    """
    write_atomically(folder / file_name(progress.name), json.dumps(asdict(progress), ensure_ascii=False))


def write_soon(progress: Progress, folder: Path) -> str:
    """Write a copy for the class; return what is wrong with the folder, in a sentence; empty if nothing is."""
    failed: list[str] = []

    def copy() -> None:
        try:
            # The teacher makes it: an unmounted drive must not become a local folder
            if not folder.is_dir():
                failed.append("it is not there")
                return
            write(progress, folder)
        except OSError as error:
            failed.append(reason_of(error))

    in_time = _wait_for(copy)
    why = "".join(failed) if in_time else f"it has not answered in {_PATIENCE_SECONDS:g} s"
    return in_language(
        f"The class board in {folder} is not up to date: {why}. Your score is in the workspace."
        if why
        else ""
    )


def read_soon(folder: Path) -> list[Progress]:
    """Return the records of a class; none if the folder is gone or does not respond."""
    found: list[Progress] = []

    def look() -> None:
        with suppress(WorkshopError):
            found.extend(read_class(folder))

    return found if _wait_for(look) else []


def _wait_for(work: Callable[[], None]) -> bool:
    """Do something with a folder that may hang, in a thread, for a moment at most; return whether it was done."""
    thread = threading.Thread(target=work, name="class board", daemon=True)
    thread.start()
    thread.join(_PATIENCE_SECONDS)
    return not thread.is_alive()


def read(folder: Path, participant: str) -> Progress:
    """Return somebody's record; an empty one if none can be read."""
    return _read(folder / file_name(participant)) or Progress(participant)


def read_class(folder: Path) -> list[Progress]:
    """Return the records of a class, those who are furthest first.

    Raises:
        WorkshopError: when the folder cannot be read.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    except OSError as error:
        raise WorkshopError(
            f"The class's folder must be one that you can read, but {folder} is not: {reason_of(error)}. "
            "Give the folder that participants have as class_folder."
        ) from None
    found = [one for path in files if not path.name.startswith(".") and (one := _read(path))]
    return sorted(found, key=lambda one: (-one.total, one.name.casefold()))


def _read(path: Path) -> Progress | None:
    """Return a record; None: it is not there, or not one. Anybody can write into a shared folder."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        content = json.loads(path.read_bytes())
        done = {str(name): _done(one) for name, one in content["done"].items()}
        return Progress(check_participant(str(content["name"])), done)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, WorkshopError):
        return None


def _done(record: Mapping[str, Any]) -> Done:
    points = {name: record["points"].get(name) is True for name in POINTS}
    return Done(points, int(record["hints"]), float(record["checked"]))


def table(people: Sequence[Progress], exercises: Sequence[str]) -> list[tuple[str, ...]]:
    """Return a row for each participant: name, points in each exercise with the hints opened, and the sum."""
    return [
        (
            one.name,
            *(_cell(one.done.get(name)) for name in exercises),
            str(sum(one.done[name].total for name in exercises if name in one.done)),
        )
        for one in people
    ]


def _cell(done: Done | None) -> str:
    if done is None:
        return "-"
    points, hints = f"{done.total}/{len(POINTS)}", done.hints
    if not hints:
        return points
    return parts_in_language(f"{points} ({hints} hint)" if hints == 1 else f"{points} ({hints} hints)")


def page(people: Sequence[Progress], titles: Mapping[str, str]) -> str:
    """Return the board as one HTML page for the teacher, with nothing fetched and no script."""
    rows = table(people, list(titles))
    solved = [sum(one.done.get(name, Done()).total == len(POINTS) for one in people) for name in titles]
    titles_of_columns = (in_language("Participant"), *titles.values(), in_language("Points"))
    head = "".join(f"<th>{escape(text)}</th>" for text in titles_of_columns)
    body = "".join(
        f"<tr><th>{escape(name)}</th>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for name, *cells in rows
    )
    foot = "".join(f"<td>{count} / {len(people)}</td>" for count in solved)
    heading = in_language("Class board")
    note = in_language(f"Points of {len(POINTS)} in each exercise: {', '.join(POINTS)}.")
    return html_page.page(
        heading,
        _STYLE,
        f"<h1>{escape(heading)}</h1><p>{escape(note)}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
        f"<tfoot><tr><th>{escape(in_language('All points'))}</th>{foot}<td></td></tr></tfoot></table>",
        language=html_language(),
    )
