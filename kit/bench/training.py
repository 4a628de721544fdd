"""Measure the training loop: its pace against the same model's bare step, and Trainer's time outside its steps.

The limit is the compiled step of the same model, over one batch that is in memory. The loop's pace includes everything
from one end of an epoch to the next: shuffling, evaluation, checkpoints, TensorBoard, progress.

Trainer's fixed cost is the time from its start to its first step, and from its last step to the saved model; the peer
is stock TFX's Trainer with the module of TFX's own taxi example, on the same machine in the same run.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat

from kit.bench import plain_tfx
from kit.bench.chain import kit_command, run_timed
from kit.bench.figure import Figure
from kit.bench.strategies import sample_job
from kit.errors import StepFailedError
from kit.project import Project
from kit.steps.monitor import STEPS_FILE
from kit.training.job import ROWS_FILE, Job
from kit.training.scalars import EVENTS, EventFile
from kit.workspace import CHECKOUT
from kit.workspace_folders import ARTIFACTS, RUNS

_BATCH, _EPOCHS, _STEPS = 256, 4, 800
_TIMES_THE_ROWS = 10
_LEAST_SHARE, _MOST_SECONDS = 0.8, 5.0
_TIMES = 3


def training(folder: Path) -> Iterator[Figure]:
    """Train the sample and the taxi project with the kit, the taxi example with stock TFX; takes about 5 minutes."""
    workspace = folder / "kit"
    for project in ("recommender", "chicago_taxi"):
        run_timed(kit_command("run", "01_data", "02_features", "-P", project, "-w", str(workspace)))
    for times in (_TIMES_THE_ROWS, 1):
        share, pace, limit = _measured("pace", workspace, folder / f"pace-{times}", times)
        rows = "the sample's rows" + (f", each {times} times" if times > 1 else "")
        name = f"training loop over the same model's step on tensors, examples per second, {rows}"
        # On few rows an epoch lasts half a second, a good part of which is the work between epochs.
        goal = _LEAST_SHARE if times > 1 else None
        yield Figure(name, share, "ratio", goal, "more", peer=limit, measured=pace)
    peer = stock_trainer(folder / "stock")
    for project in ("chicago_taxi", "recommender"):
        seconds = statistics.median(_fixed_seconds(workspace, project, seed) for seed in range(_TIMES))
        name = f"Trainer without its steps, {project}"
        known = peer if project == "chicago_taxi" else None
        yield Figure(name, seconds, "s", _MOST_SECONDS, "less", known, seconds)


def _measured(what: str, workspace: Path, folder: Path, times: int) -> list[float]:
    """Return what `main` prints in a process of its own, so that TensorFlow's memory is freed when it ends."""
    command = [sys.executable, "-m", __name__, what, str(workspace), str(folder), str(times)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    if done.returncode:
        raise StepFailedError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    found: list[float] = json.loads(done.stdout.splitlines()[-1])
    return found


def pace(workspace: Path, folder: Path, times: int) -> list[float]:
    """Train the recommender; return the pace divided by the limit, the pace and the limit, in examples per second.

    Args:
        workspace: the workspace where Transform has run.
        folder: the folder for the training's files.
        times: how often the training rows are repeated, to have more of them.
    """
    from kit.training import loop  # noqa: PLC0415  TensorFlow, which only the measured process loads

    project = Project.load("recommender", workspace)
    settings = project.spec.training.override(batch_size=_BATCH, epochs=_EPOCHS)
    found = sample_job(workspace, project, settings)
    job = replace(
        found,
        train_files=found.train_files * times,
        run_dir=str(folder / "run"),
        checkpoint=str(folder / "checkpoint"),
        model_dir=str(folder / "model"),
    )
    stretches = limits(job)
    loop.train(job)
    # The median of measurements before and after: the loop's pace, too, covers good and bad moments of the machine.
    most = statistics.median([*stretches, *limits(job)])
    [events] = (folder / "run" / "train").glob(EVENTS)
    ends = sorted(at for tag, _, _, at in EventFile(events).new_scalars() if tag == "epoch_loss")
    rows = json.loads((folder / "run" / ROWS_FILE).read_text())["train"]
    # Without the first epoch, in which the step is compiled, which is a fixed cost.
    kept = rows * (len(ends) - 1) / (ends[-1] - ends[0])
    return [kept / most, kept, most]


def limits(job: Job) -> list[float]:
    """Return three measurements of the examples per second of the model's compiled step on a batch in memory."""
    import tensorflow as tf  # noqa: PLC0415
    import tensorflow_transform as tft  # noqa: PLC0415

    from kit.training.build import build, model_module_of  # noqa: PLC0415
    from kit.training.rows import read_rows  # noqa: PLC0415

    project, training = Project.load(job.project), job.training
    transform_output = tft.TFTransformOutput(job.transform_output)
    rows, _ = read_rows(project, job, transform_output)
    model = build(model_module_of(project), transform_output, training, _STEPS)
    [batch] = rows.once(training.batch_size).take(1)
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat())
    step = model.make_train_function()
    step(batches)
    found = []
    for _ in range(_TIMES):
        started = time.perf_counter()
        for _ in range(_STEPS // training.steps_per_execution):
            logs = step(batches)
        float(logs["loss"])  # waits for steps that are still running
        found.append(training.batch_size * _STEPS / (time.perf_counter() - started))
    return found


def _fixed_seconds(workspace: Path, project: str, seed: int) -> float:
    """Run Trainer in a notebook; return its seconds, except those between the ends of its first and last steps."""
    command = (
        "run",
        "03_train",
        "-P",
        project,
        "-w",
        str(workspace),
        "-p",
        "epochs",
        "1",
        "-p",
        "seed",
        str(seed),
    )
    run_timed(kit_command(*command))
    run = max((workspace / RUNS).iterdir(), key=lambda path: path.name)
    [whole] = (
        record["seconds"]
        for record in map(json.loads, (run / STEPS_FILE).read_text().splitlines())
        if record["step"] == "Trainer" and record["state"] != "running"
    )
    trained = workspace / ARTIFACTS / project / "Trainer" / "model_run"
    latest = max(trained.iterdir(), key=lambda path: int(path.name))
    [events] = (latest / "steps").glob(EVENTS)
    times = [at for tag, _, _, at in EventFile(events).new_scalars() if tag == "steps_per_second"]
    return float(whole) - (max(times) - min(times))


def stock_trainer(folder: Path) -> float:
    """Run stock TFX up to its Trainer with the module of its taxi example; return the seconds without its steps.

    The module's `fit` also gets a clock; all else is as in `kit.bench.plain_tfx`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    times, module, notebook = folder / "times.json", folder / "timed_taxi.py", folder / "stock.ipynb"
    module.write_text(_TIMED_MODULE.format(times=str(times)))
    setup, examples, data_statistics, schema, _, transform, trainer, *_ = (plain_tfx.SETUP, *plain_tfx.STEPS)
    cells = [setup, f"module_file = {str(module)!r}", examples, data_statistics, schema, transform, trainer]
    nbformat.write(
        nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_code_cell(cell.replace("{root!r}", repr(str(folder / "root"))).strip())
                for cell in cells
            ],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        ),
        notebook,
    )
    done = folder / "done.ipynb"
    run_timed([sys.executable, "-m", "papermill", str(notebook), str(done), "-k", "python3"])
    printed = "".join(
        output.get("text", "") for output in nbformat.read(done, as_version=4).cells[-1].outputs
    )
    [whole] = re.findall(r"^STEP Trainer ([\d.]+)$", printed, re.MULTILINE)
    ends = json.loads(times.read_text())
    return float(whole) - float(ends[-1] - ends[0])


_TIMED_MODULE = """
import json
import time

from tfx.examples.chicago_taxi_pipeline import taxi_utils_native_keras as stock

preprocessing_fn = stock.preprocessing_fn
_fit = stock.tf.keras.Model.fit


class Clock(stock.tf.keras.callbacks.Callback):
    ends = []

    def on_train_batch_end(self, batch, logs=None):
        self.ends.append(time.time())

    def on_train_end(self, logs=None):
        with open({times!r}, "w") as file:
            json.dump(self.ends, file)


def run_fn(fn_args):
    def timed(model, *args, callbacks=(), **options):
        return _fit(model, *args, callbacks=[*callbacks, Clock()], **options)

    stock.tf.keras.Model.fit = timed
    stock.run_fn(fn_args)
"""


def main(what: str, workspace: str, folder: str, times: str) -> None:
    """Measure one thing in this process, and print it as JSON in the last line."""
    found = {"pace": pace}[what](Path(workspace), Path(folder), int(times))
    sys.stdout.write(f"{json.dumps(found)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
