"""Run a schedule's notebooks for one due time, as `kit run` does."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kit.errors import ExitCode, KitError, WorkspaceError
from kit.schedule.schedule import Schedule
from kit.texts import Say


@dataclass(frozen=True)
class Ended:
    """How a run ended."""

    state: Literal["done", "failed", "skipped", "interrupted", "killed"]
    exit_code: int
    run_id: str = ""
    why: str = ""


def run_due(schedule: Schedule, due: dt.datetime, workspace: Path, say: Say) -> Ended:
    """Run the notebooks of a schedule with the parameters of a time; waits for a run by somebody else.

    With the policy `skip` it does not wait, and the time is left out.
    """
    # Most ticks find nothing due, and need none of this.
    from kit.batch.plan import choose_notebooks  # noqa: PLC0415
    from kit.batch.run import RunOptions, run_chain  # noqa: PLC0415

    options = RunOptions(wait=schedule.overlap != "skip")
    try:
        record = run_chain(
            choose_notebooks(schedule.notebooks), schedule.given(due), workspace, options, say=say
        )
    except WorkspaceError as error:
        if options.wait:
            return Ended("failed", int(error.exit_code), why=str(error))
        return Ended("skipped", int(ExitCode.DONE), why=str(error))
    except KitError as error:
        return Ended("failed", int(error.exit_code), why=str(error))
    except KeyboardInterrupt:
        return Ended("interrupted", int(ExitCode.INTERRUPTED), why="before its first notebook")
    code = record.exit_code or int(ExitCode.DONE)
    why = record.failure.reason if record.failure else ""
    if code == ExitCode.INTERRUPTED:
        return Ended("interrupted", code, record.run_id, why)
    return Ended("failed" if code else "done", code, record.run_id, why)
