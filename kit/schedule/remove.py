"""Remove a schedule."""

from __future__ import annotations

import shutil
from pathlib import Path

from kit.schedule.schedule import FILE, folder_of, require
from kit.workspace import Workspace


def remove(workspace: Path, name: str) -> None:
    """Remove a schedule with its journal; its runs stay in the workspace.

    Raises:
        ScheduleError: when there is none of that name.
        WorkspaceError: when a run of it is going on, or the workspace cannot be written to.
    """
    require(workspace, name)
    place, folder = Workspace(workspace), folder_of(workspace, name)
    purpose = f"kit schedule remove {name}"
    with (
        place.lock(f"schedule-{name}", purpose, wait=False),
        place.lock(f"schedule-{name}-journal", purpose),
    ):
        (folder / FILE).unlink()  # first: even if this is killed now, no tick finds the schedule
        shutil.rmtree(folder)
