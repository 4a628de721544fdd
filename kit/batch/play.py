"""Play a recording again: notebooks, and what people decided in between, unattended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kit.batch.parameters import Value
from kit.batch.plan import choose_notebooks, named_project, plan_chain
from kit.batch.record import RunRecord
from kit.batch.recording import MadeDecision, Recording
from kit.batch.run import RunOptions, run_chain
from kit.errors import ExitCode, KitError, UsageError
from kit.texts import Say

# A person decides also where a gate has stopped the notebook.
_STOPPED_BY_GATE = {ExitCode.DATA_ANOMALY, ExitCode.DRIFT, ExitCode.NOT_BLESSED}


def play(
    recording: Recording,
    workspace: Path,
    options: RunOptions,
    say: Say,
) -> RunRecord:
    """Run the notebooks as far as each round of decisions, take those, and at last run all of them.

    What has not changed since the run before comes from the cache.

    Returns:
        The record of the last run: the whole chain, or what stopped before a decision could be taken.

    Raises:
        UsageError: when a parameter, notebook, project or workspace cannot be used.
        KitError: when what a decision is about is not there.
    """
    notebooks = choose_notebooks(recording.notebooks)
    for number, one in enumerate(recording.rounds, start=1):
        say(f"Decisions {number} of {len(recording.rounds)}, after {one.after}")
        upto = notebooks[: recording.notebooks.index(one.after) + 1]
        record = run_chain(upto, recording.parameters, workspace, options, say)
        stopped_there = record.failure is not None and record.failure.notebook == upto[-1].stem
        gate = record.exit_code in _STOPPED_BY_GATE and stopped_there
        if record.exit_code != ExitCode.DONE and not gate:
            return record
        for said in _decide(recording.parameters, upto, workspace, one.decisions):
            say(said)
    return run_chain(notebooks, recording.parameters, workspace, options, say)


def _decide(
    parameters: Mapping[str, Value],
    notebooks: Sequence[Path],
    workspace: Path,
    decisions: Sequence[MadeDecision],
) -> list[str]:
    from kit.decisions import Decision  # noqa: PLC0415  with TFX, which takes seconds to import
    from kit.project import Project  # noqa: PLC0415
    from kit.replay import replay  # noqa: PLC0415
    from kit.session import Session  # noqa: PLC0415
    from kit.workspace import Workspace  # noqa: PLC0415

    plan = plan_chain(notebooks, parameters, {"workspace": str(workspace)})
    name = named_project(plan)
    if name is None:
        raise UsageError("Decisions are about a project, but no notebook has `project_name`. Name one.")
    session = Session(Workspace(workspace), Project.load(str(name), workspace))
    made = [Decision(**decision.model_dump(), when="", artifact=0) for decision in decisions]
    try:
        return replay(session, made)
    except KitError as error:
        raise type(error)(f"A decision cannot be taken again. {error}") from error
