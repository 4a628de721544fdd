"""A watcher in a process of its own, to be killed between two looks."""

from __future__ import annotations

import time
from collections.abc import Callable

from kit.canary.watch import watch
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace


def run(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Watch the recommender's experiment in the workspace that the payload names, and report each look."""

    def wait() -> bool:
        time.sleep(0.1)
        return False

    watch(Session(Workspace(payload.decode()), Project.load("recommender")), wait, report)
    return b""
