"""Train the sample with every strategy: whether all reach the same AUC, and what a second worker gains.

Two workers are compared with one. Each worker has half of the cores to itself, as if on a machine of its own; but both
share this machine's memory, and talk over its loopback interface instead of a network.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from kit import warm
from kit.bench.chain import kit_command, run_timed
from kit.bench.figure import Figure
from kit.errors import StepFailedError
from kit.project import Project
from kit.training.cluster.tf_config import MULTI_WORKER, VARIABLE, Cluster
from kit.training.config import Strategy, Training
from kit.training.job import Job
from kit.training.scalars import read_scalars
from kit.workspace import write_atomically
from kit.workspace_folders import ARTIFACTS

SEEDS = (7, 8, 9)
MOST_DIFFERENCE = 0.005  # of the AUC: half its standard error on the sample's held-out rows
_BATCHES = (256, 4096)
_TIMES_THE_ROWS, _EPOCHS = 4, 2  # so that an epoch of large batches takes seconds; the first also traces


def strategies(folder: Path) -> Iterator[Figure]:
    """Train the sample with each strategy and several seeds, and with one and two workers; takes about 8 minutes."""
    workspace = folder / "kit"
    run_timed(kit_command("run", "01_data", "02_features", "-w", str(workspace)))
    project = Project.load("recommender")
    job = sample_job(workspace, project, project.spec.training)
    reached: dict[str, float] = {}
    for strategy in get_args(Strategy):
        settings = [job.training.override(strategy=strategy, seed=seed) for seed in SEEDS]
        reached[strategy] = statistics.mean(
            auc(train(replace(job, training=each), folder / f"{strategy}-{each.seed}")) for each in settings
        )
        yield Figure(f"AUC of the sample by {strategy}, mean of {len(SEEDS)} seeds", reached[strategy], "AUC")
    apart = max(abs(value - reached["one_device"]) for value in reached.values())
    yield Figure("AUC by a strategy from that by one_device, at most", apart, "AUC", MOST_DIFFERENCE, "less")
    for batch_size in _BATCHES:
        yield two_workers(job, folder / f"workers-{batch_size}", batch_size)


def sample_job(workspace: Path, project: Project, training: Training) -> Job:
    """Return a training job on Transform's latest output in a workspace; where its results go is not set yet."""
    made = workspace / ARTIFACTS / project.name / "Transform"
    examples, graph = (
        max((made / key).iterdir(), key=lambda path: int(path.name))
        for key in ("transformed_examples", "transform_graph")
    )
    return Job(
        project=str(project.folder),
        training=training,
        train_files=(str(examples / "Split-train" / "*"),),
        eval_files=(str(examples / "Split-eval" / "*"),),
        transform_output=str(graph),
        run_dir="",
        checkpoint="",
        model_dir="",
    )


def train(job: Job, folder: Path) -> Path:
    """Train in a process as Trainer does; return the folder of its model run."""
    folder.mkdir(parents=True)
    placed = _placed(job, folder)
    with warm.start_call(
        "kit.training.strategies:play_locally",
        placed.to_json().encode(),
        log_path=folder / "log",
        env={**os.environ, "TMPDIR": str(folder / "tmp")},
    ) as call:
        outcome = call.wait()
    if not isinstance(outcome, warm.CallReturned):
        raise StepFailedError(f"{job.training.strategy}: {outcome.message if outcome else ''}")
    return placed.run


def auc(run: Path) -> float:
    """Return the AUC of the last epoch on the held-out rows."""
    return read_scalars(run / "validation")[""]["epoch_auc"][-1][1]


def two_workers(job: Job, folder: Path, batch_size: int) -> Figure:
    """Compare the pace of two workers with that of one, each on half of the cores; the total batch size is the same."""
    paces = [_pace(job, folder / f"{count}", batch_size, count) for count in (2, 1)]
    return Figure(
        f"two workers over one with half the cores, examples per second, batches of {batch_size}",
        paces[0] / paces[1],
        "ratio",
        measured=paces[0],
        peer=paces[1],
    )


def _pace(job: Job, folder: Path, batch_size: int, workers: int) -> float:
    """Return a cluster's examples per second in its last epoch; each worker has half of the cores."""
    folder.mkdir(parents=True)
    training = job.training.override(
        strategy=MULTI_WORKER, workers=workers, batch_size=batch_size, epochs=_EPOCHS
    )
    placed = replace(
        _placed(job, folder), training=training, train_files=job.train_files * _TIMES_THE_ROWS, model_dir=""
    )
    write_atomically(folder / "job.json", placed.to_json())
    cluster = Cluster.local(training)
    with contextlib.ExitStack() as stack:
        started = [
            _start(folder / f"{member.name}.log", folder / "job.json", cluster.tf_config(member), cores)
            for member, cores in zip(cluster.members, _halves(), strict=False)
        ]
        for process in started:
            stack.callback(process.wait)
            stack.callback(process.kill)
        for process in started:
            if process.wait():
                raise StepFailedError(f"A worker failed with {process.returncode}; see {folder}.")
    return read_scalars(placed.run)["steps"]["steps_per_second"][-1][1] * batch_size


def _start(log: Path, job: Path, config: str, cores: Sequence[int]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", __name__, str(job), ",".join(map(str, cores))]
    with log.open("wb") as output:
        return subprocess.Popen(
            command,
            env={**os.environ, VARIABLE: config},
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
        )


def _halves() -> tuple[list[int], list[int]]:
    """Return two halves of the cores that this process may use; only Linux names them and can bind a worker to them."""
    known = hasattr(os, "sched_getaffinity")
    cores = sorted(os.sched_getaffinity(0)) if known else list(range(os.cpu_count() or 1))
    half = len(cores) // 2
    return cores[:half] or cores, cores[half:]


def _placed(job: Job, folder: Path) -> Job:
    return replace(
        job,
        run_dir=str(folder / "run"),
        checkpoint=str(folder / "checkpoint"),
        model_dir=str(folder / "model"),
    )


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(
            0, {int(core) for core in sys.argv[2].split(",")}
        )  # before TensorFlow counts them
    from kit.training import strategies as by_name

    by_name.run(Job.from_json(Path(sys.argv[1]).read_text()))
