"""The participant and the class: entered in one exercise, remembered in the workspace for the others."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from kit.workshop.board import check_participant
from kit.workshop.errors import WorkshopError
from kit.workspace import write_atomically

FILE = "participant.json"
UNNAMED = "participant"
"""The name of a participant who works alone and gives none."""
ALONE = "none"
"""As the folder of the class: leave the class."""


@dataclass(frozen=True)
class Member:
    """A participant.

    Attributes:
        name: the name of their choice.
        class_folder: the folder that the class shares; empty: there is none.
    """

    name: str
    class_folder: str

    @property
    def shared(self) -> Path | None:
        return Path(self.class_folder).expanduser() if self.class_folder else None


def member(folder: Path, name: str, class_folder: str) -> Member:
    """Return who takes part, and remember it.

    Args:
        folder: the folder of the workshop in the participant's workspace.
        name: empty: the one that was given before.
        class_folder: empty: the one that was given before, if any; `none`: leave the class.

    Raises:
        WorkshopError: when a name is not valid, or a member of a class has none: they would all be the same one there.
    """
    before = _remembered(folder)
    chosen = class_folder.strip() or before.class_folder
    found = Member(
        check_participant(name) if name.strip() else before.name, "" if chosen == ALONE else chosen
    )
    if found.class_folder and found.name == UNNAMED:
        raise WorkshopError(
            "Everybody on the class board needs a name, but no participant is given. "
            "Write a name into the parameters at the top and run the notebook again; it need not be your real one."
        )
    if found != before:
        write_atomically(folder / FILE, json.dumps(asdict(found), ensure_ascii=False))
    return found


def _remembered(folder: Path) -> Member:
    # Nothing was said yet, or the file is damaged
    with suppress(OSError, ValueError, TypeError):
        return Member(**json.loads((folder / FILE).read_text(encoding="utf-8")))
    return Member(UNNAMED, "")
