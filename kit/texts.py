"""Pieces of sentences that many rooms use."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from pathlib import Path

Say = Callable[[str], None]
"""What is given a line of progress."""


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """Return a sentence with the name closest to an unknown one, with a leading space; empty if none is close.

    Args:
        name: what was written.
        known: the existing names.
        cutoff: how similar two names must be, 0 to 1.
    """
    near = difflib.get_close_matches(name, known, 1, cutoff)
    return f" Did you mean {near[0]}?" if near else ""


def tail(log: Path, lines: int) -> str:
    """Return the last lines of a log."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def shorten(text: str, most: int) -> str:
    """Return a text in one line, cut to a number of characters; dots replace the rest."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def percent(share: float) -> str:
    """Return a part of 1 in percent, to four digits: 0.001 is 0.1%, and not 0%."""
    return f"{100 * share:.4g}%"
