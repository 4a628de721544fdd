"""A recording of parameters and decisions, which can be played again in another workspace, unattended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kit.batch.chain import Say
from kit.batch.parameters import Value
from kit.batch.plan import choose_notebooks, named_project, plan_chain, read_parameter_file
from kit.batch.record import RunRecord
from kit.batch.run import RunOptions, run_chain
from kit.errors import ExitCode, KitError, UsageError
from kit.workspace import write_atomically

_HEAD = "# What was done, to be done again in another workspace: kit replay THIS_FILE --workspace FOLDER\n"
# A person decides also where a gate has stopped the notebook.
_STOPPED_BY_GATE = {ExitCode.DATA_ANOMALY, ExitCode.DRIFT, ExitCode.NOT_BLESSED}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MadeDecision(_Part):
    """A decision, without what holds only in the workspace where it was taken."""

    what: str
    subject: str = ""
    who: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]


class Round(_Part):
    """Decisions that were taken on the results of one run of a notebook; the notebook was run again then."""

    after: str
    decisions: tuple[MadeDecision, ...]


class Recording(_Part):
    """Notebooks in order, their parameters, and what people decided in between."""

    notebooks: Annotated[tuple[str, ...], Field(min_length=1)]
    parameters: dict[str, Value] = {}
    rounds: tuple[Round, ...] = ()

    def save(self, path: Path) -> None:
        content = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_atomically(path, _HEAD + content)


def read_recording(path: Path) -> Recording:
    """Return what a file records.

    Raises:
        UsageError: when it is not a recording.
    """
    content = read_parameter_file(path)
    try:
        recording = Recording.model_validate(content)
    except ValidationError as error:
        [problem, *_] = error.errors()
        where = ".".join(str(part) for part in problem["loc"]) or "its content"
        raise UsageError(
            f"{path} must be a recording of the parameters panel, but {where}: {problem['msg']}. "
            "Copy it again, or run a plain file of parameters with `kit run -f`."
        ) from None
    for one in recording.rounds:
        if one.after not in recording.notebooks:
            raise UsageError(
                f"{path}: a decision is taken after one of {', '.join(recording.notebooks)}, but found "
                f"{one.after!r}. Correct it."
            )
    return recording


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
