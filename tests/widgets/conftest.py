"""Golden files: what a view shows, kept as text to be read in review.

After a wanted change: `KIT_REFRESH_GOLDEN=1 pytest tests/widgets` writes them anew; look at the difference in git.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

_FOLDER = Path(__file__).parent / "golden"
# Where a line begins in a golden file, so that a change in one row is a change in one line.
_LINE_STARTS = re.compile(r"(?=<(?:tr|p|table|svg|figure|details|li|nav|section|label)\b)")


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Compares a text with the file of a name, or writes the file where that was asked for."""

    def check(name: str, text: str) -> None:
        path = _FOLDER / name
        lines = _LINE_STARTS.sub("\n", text).strip() + "\n"
        if os.environ.get("KIT_REFRESH_GOLDEN"):
            path.write_text(lines, encoding="utf-8")
        assert lines == path.read_text(encoding="utf-8")

    return check
