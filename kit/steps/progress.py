"""The line of progress that an executor shows while it runs; any executor may import this."""

from __future__ import annotations

from collections.abc import Callable

_report: Callable[[str], None] | None = None


def set_report(report: Callable[[str], None]) -> None:
    """Send progress to the kernel that started this process."""
    global _report  # noqa: PLW0603  one process runs one executor, and TFX offers no other way to pass this to it
    _report = report


def report(text: str) -> None:
    """Show the executor's progress; outside a step's process nobody listens."""
    if _report is not None:
        _report(text)
