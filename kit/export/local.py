"""Run a pipeline with TFX's LocalDagRunner on a workspace, as a session runs the notebooks' steps there.

TFX runs all steps in this process, one after the other, and silently goes on after a step that it could not start.
Here one line is printed per step, the rest goes to a log, an error becomes a message and an exit code, and ML Metadata
ends up as after sessions, so that notebooks, `kit lineage` and `kit gc` can read it.
"""

from __future__ import annotations

import logging
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from absl import logging as absl_logging
from tfx.orchestration import metadata
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from kit.errors import ExitCode, KitError, StepFailedError
from kit.export.execution_metadata import note_executions
from kit.project import Project
from kit.release.push import check_pushed
from kit.session import Session
from kit.signals import signals_as_interrupts
from kit.steps import beam_costs
from kit.steps.origin import origin
from kit.texts import Say
from kit.workspace import Workspace

Create = Callable[[Workspace, Project], Pipeline]


def run(create: Create, workspace: str, project: str) -> int:
    """Run a pipeline, print one line per step, and return the exit code (see `kit.errors`).

    Args:
        create: makes the pipeline.
        workspace: folder of all results, absolute or in the checkout.
        project: name of a project, or its folder.
    """
    try:
        ws = Workspace(workspace)
        found = Project.load(project, ws.path)
        if found.spec.beam.is_local:  # workers elsewhere expect Beam as it is
            beam_costs.pay_once()
        with signals_as_interrupts(), _written_to(log_of(ws, found)) as say:
            said = run_pipeline(create, ws, found, say)
    except KitError as error:
        sys.stderr.write(f"{error}\n")
        return int(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted. The same command goes on where it was.\n")
        return int(ExitCode.INTERRUPTED)
    sys.stdout.write(f"{said}\n")
    return int(ExitCode.DONE)


def run_pipeline(create: Create, ws: Workspace, project: Project, say: Say) -> str:
    """Run a pipeline; return one sentence about the version that it has pushed.

    Args:
        create: makes the pipeline.
        ws: the workspace where everything is kept; nothing else runs there in the meantime.
        project: the project that is modelled.
        say: takes a line of text.

    Raises:
        KitError: the one that a step raised; StepFailedError for any other failure.
    """
    purpose = f"{project.name}, pipeline"
    with ws.lock("run", purpose, say=say), ws.lock("step", purpose, say=say):
        pipeline = create(ws, project)
        _note(pipeline, {})  # the leftovers of a killed run
        try:
            _run(pipeline, log_of(ws, project), say)
        finally:
            ended = _note(pipeline, origin(ws))
    if lacking := [step.id for step in pipeline.components if not ended.get(step.id)]:
        raise StepFailedError(
            f"Every step must end well, but TFX did not run {', '.join(lacking)} and said no more than is in "
            f"{log_of(ws, project)}. Correct the cause, and run the pipeline again."
        )
    return check_pushed(Session(ws, project))


def log_of(ws: Workspace, project: Project) -> Path:
    """Return the file with all output of the steps of the last run."""
    return ws.logs(project.name) / "pipeline.log"


def _run(pipeline: Pipeline, log: Path, say: Say) -> None:
    try:
        with _told(say):
            LocalDagRunner().run(pipeline)
    except KitError:
        raise
    except Exception as error:
        traceback.print_exc()
        raise StepFailedError(
            f"Every step must end well, but one raised {type(error).__name__}: {error}\nThe whole log is {log}. "
            "Correct the cause and run the pipeline again: what is done comes from the cache."
        ) from error


class _StepLines(logging.Handler):
    """Prints one line per step, made of the two that LocalDagRunner logs about it."""

    def __init__(self, say: Say) -> None:
        super().__init__()
        self._say, self._began = say, 0.0

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg == "Component %s is running.":
            self._began = time.monotonic()
        elif record.msg == "Component %s is finished." and isinstance(record.args, tuple):
            self._say(f"{record.args[0]}: ended after {time.monotonic() - self._began:.1f} s")


@contextmanager
def _told(say: Say) -> Iterator[None]:
    lines, verbosity = _StepLines(say), absl_logging.get_verbosity()
    absl_logging.set_verbosity(absl_logging.INFO)  # libraries reset the level of the logger itself to this
    absl_logging.get_absl_logger().addHandler(lines)
    try:
        yield
    finally:
        absl_logging.get_absl_logger().removeHandler(lines)
        absl_logging.set_verbosity(verbosity)


def _note(pipeline: Pipeline, facts: Mapping[str, str]) -> dict[str, bool]:
    name, root = pipeline.pipeline_info.pipeline_name, Path(pipeline.pipeline_info.pipeline_root)
    with metadata.Metadata(pipeline.metadata_connection_config) as handle:
        return note_executions(handle.store, name, root, facts)


@contextmanager
def _written_to(log: Path) -> Iterator[Say]:
    """Redirect all output of this process and its children to a file; yield a stream to the terminal.

    Most of it is written from C++, past Python's streams.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    kept = [os.dup(number) for number in (1, 2)]
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as terminal, log.open("wb") as file:
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            yield lambda line: print(line, file=terminal, flush=True)
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            for number, descriptor in zip((1, 2), kept, strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
