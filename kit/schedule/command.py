"""The command line that schedulers call, and how it is quoted for them."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from kit.schedule.errors import ScheduleError


def tick_words(workspace: Path, name: str) -> list[str]:
    """Return the words of the command, with absolute paths, since schedulers have no PATH."""
    return [
        str(Path(sys.executable).with_name("kit")),
        "schedule",
        "tick",
        name,
        "--workspace",
        str(workspace),
    ]


def in_shell(words: list[str]) -> str:
    return " ".join(shlex.quote(word) for word in words)


def check_plain(words: list[str]) -> None:
    """Refuse words with line breaks, which no scheduler's file can hold.

    Raises:
        ScheduleError: when one has.
    """
    for word in words:
        if not word.isprintable():
            raise ScheduleError(
                f"Paths in a scheduler's file must be printable, but found {word!r}. Use a workspace with another name."
            )
