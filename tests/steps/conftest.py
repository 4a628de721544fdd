"""A component without weight, in sessions of their own workspaces."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kit.session import Session


@pytest.fixture
def session(tmp_path: Path) -> Session:
    from .workers import open_session  # noqa: PLC0415  TFX warns at import, and pytest is not yet told of that

    return open_session(tmp_path / "ws")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the lines that a notebook would show, one after the other."""
    lines: list[str] = []

    class Handle:
        def update(self, line: object) -> None:
            lines.append(repr(line))

    monkeypatch.setattr("kit.steps.monitor._display", lambda _text: Handle())
    return lines
