"""The command line in the process of the test; `commands` has it in a process of its own, as users run it."""

from __future__ import annotations

from typing import Any

from typer.testing import CliRunner, Result

from kit.cli import app


def invoke(*words: object, code: int | None = None, **options: Any) -> Result:
    """Run a command of the kit; fails when it does not end with the code, where one is expected."""
    result = CliRunner().invoke(app, [str(word) for word in words], **options)
    assert code is None or result.exit_code == code, result.output
    return result


def kit(*words: object) -> tuple[int, str]:
    """Return the exit code of a command and all that it has printed."""
    result = invoke(*words)
    return result.exit_code, result.output
