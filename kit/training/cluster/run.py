"""Train a workspace's project in a cluster: on this machine and followed line by line, or on other machines."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd

from kit.containers.image import WORKSPACE
from kit.containers.paths import project_in_container
from kit.project import Project
from kit.session import Session
from kit.steps.monitor import StepNow, Update
from kit.texts import Say
from kit.training.cluster.crew_record import MEMBERS, CrewRecord
from kit.training.config import Training
from kit.training.curves import read_curves
from kit.training.job import Job
from kit.training.trainer import trainer
from kit.workspace import Workspace, write_atomically

JOB_FILE = "job.json"
_SAY_SECONDS = 5.0


def train(workspace: Workspace, project: Project, training: Training, say: Say) -> pd.Series:
    """Run Trainer and say who trains where and how far they are; return what was measured in the last epoch.

    Trainer runs even if its result is in the cache: the point is the cluster.

    Raises:
        StepOrderError: when Transform has not run in the workspace.
        KitError: the one of the training.
    """
    follower = Follower(workspace.artifacts(project.name) / "Trainer" / "model_run", say)
    session = Session(workspace, project, follower.begin)
    component = trainer(
        workspace,
        project,
        training,
        examples=session.channel("Transform", "transformed_examples"),
        transform_graph=session.channel("Transform", "transform_graph"),
        schema=session.channel("SchemaGen", "schema"),
    )
    session.run(component, enable_cache=False)
    return read_curves(session.path("Trainer", "model_run")).iloc[-1]


class Follower:
    """Says what changes in a cluster that a step has started.

    Args:
        runs: the folder in which the training makes its own.
        say: takes a line.
    """

    def __init__(self, runs: Path, say: Say) -> None:
        self._runs, self._say = runs, say
        self._before = set(runs.glob("*"))
        self._pids: dict[str, int] = {}
        self._lost = 0
        self._said, self._said_at = "", 0.0

    def begin(self, first: StepNow) -> Update:
        """Return the function that is told of the step, like `show` of a session."""
        del first
        return self.update

    def update(self, now: StepNow) -> None:
        """Report members started or lost since, and every few seconds how far the training is."""
        for folder in set(self._runs.glob("*")) - self._before:
            if record := CrewRecord.read(folder / MEMBERS):
                self._compare(record)
        if now.said and now.said != self._said and time.monotonic() - self._said_at > _SAY_SECONDS:
            self._said, self._said_at = now.said, time.monotonic()
            self._say(f"{now.seconds:6.1f} s  {now.said}")

    def _compare(self, record: CrewRecord) -> None:
        for message in record.lost[self._lost :]:
            self._say(f"LOST: {message}")
        self._lost = len(record.lost)
        for member in record.members:
            if member.pid and self._pids.get(member.name) != member.pid:
                self._pids[member.name] = member.pid
                self._say(f"{member.name:9} {member.address:16} process {member.pid:<8} {member.log}")


def write_job(workspace: Workspace, project: Project, training: Training) -> tuple[Path, str]:
    """Write the job of a cluster on other machines, which have the workspace at `WORKSPACE`.

    Returns:
        The file here, and the file as they see it.

    Raises:
        StepOrderError: when Transform has not run in the workspace.
        DeployError: when the project's folder is neither in the workspace nor built in.
    """
    session = Session(workspace, project)
    examples, graph = (session.path("Transform", key) for key in ("transformed_examples", "transform_graph"))
    folder = workspace.path / "clusters" / project.name

    def there(path: Path) -> str:
        return str(Path(WORKSPACE) / path.relative_to(workspace.path))

    job = Job(
        project=project_in_container(str(project.folder), workspace.path),
        training=training,
        train_files=(f"{there(examples)}/Split-train/*",),
        eval_files=(f"{there(examples)}/Split-eval/*",),
        transform_output=there(graph),
        run_dir=there(folder / "run"),
        checkpoint=there(folder / "checkpoint"),
        model_dir=there(folder / "model"),
    )
    file = folder / JOB_FILE
    write_atomically(file, job.to_json())
    return file, there(file)
