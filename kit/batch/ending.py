"""How a run and its notebooks ended, in words."""

from __future__ import annotations

import shlex
import time
from pathlib import Path

from kit.alerts.store import Store
from kit.batch.plan import NOTEBOOKS
from kit.batch.record import Failure, RunRecord
from kit.errors import ExitCode, OutOfTimeError, WorkspaceError
from kit.translation.messages import in_language
from kit.workspace import Workspace, workspace_option


def stopped(notebook: str, why: ExitCode, limit_seconds: float | None, seen: Failure | None) -> Failure:
    """Say why a notebook was stopped instead of how (an interrupt, a dead kernel, a cell not started)."""
    if why is ExitCode.OUT_OF_TIME:
        error = OutOfTimeError.__name__
        reason = (
            f"A notebook may take {limit_seconds:g} s (`--timeout`, or `timeout_seconds` in its metadata); "
            "this one was stopped after that."
        )
    else:
        error, reason = "Interrupted", "The run was told to stop, and its kernel has ended."
    cell, source = (seen.cell, seen.source) if seen else (None, "")
    return Failure(notebook=notebook, cell=cell, source=source, error=error, reason=reason)


def explain(record: RunRecord) -> str:
    """Return where and why a run stopped and how to go on; the last thing that a person sees."""
    paths = [Path(notebook.path) for notebook in record.notebooks]
    names = [path.stem if path.parent == NOTEBOOKS else str(path) for path in paths]
    command = "kit run " + " ".join(shlex.quote(name) for name in names)
    parameters = record.folder / "parameters.yml"
    advice = (
        "To continue: remove the cause and run again; what is done is not done twice.\n"
        f"  {command} -f {shlex.quote(str(parameters))}{workspace_option(Path(record.workspace))}"
    )
    failures = record.all_failures
    if not failures:
        return f"The run was interrupted between two notebooks.\n{advice}"
    # The first one, which gave the exit code, comes last, where a person sees it.
    later = [_told(failure, "") for failure in reversed(failures[1:])]
    return "\n".join([advice, *later, _told(failures[0], f" (exit code {record.exit_code})")])


def open_alerts(record: RunRecord) -> list[str]:
    """Return which incidents of the run's project are open, a line each: a check that only warns stops no run."""
    workspace = Path(record.workspace)
    try:
        incidents = Store(Workspace(workspace, read_only=True)).incidents(record.project)
    except WorkspaceError as error:  # must not change how the run ended
        return [str(error)]
    now = time.time()
    found = [f"  {one.id}  {one.title}" for one in incidents if one.is_loud(now)]
    heading = f"Alerts that are open; `kit alerts show ID{workspace_option(workspace)}` says what to do:"
    return [heading, *found] if found else []


def _told(failure: Failure, code: str) -> str:
    place = f"{failure.notebook}, cell {failure.cell}" if failure.cell else failure.notebook
    source = "".join(f"    {line}\n" for line in failure.source.splitlines())
    reason = f"{failure.error}: {in_language(failure.reason)}" if failure.reason else failure.error
    return f"Stopped in {place}{code}:\n{source}{reason}"
