"""Whether XLA compiles a model's step, tried in another process, since a compilation cannot be interrupted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from kit.errors import KitError
from kit.steps import progress
from kit.training.isolated import run_isolated
from kit.training.job import Job
from kit.training.short_training import ShortTraining

_SAID = 300  # characters of XLA's message when it fails


def why_not(job: Job) -> str:
    """Return why XLA cannot compile the step of a job in time; empty: it can.

    The compiled step is lost: the training compiles it again.
    """
    seconds = job.training.jit_seconds
    try:
        run_isolated(compile_step, job.to_json().encode(), "compiling with XLA", seconds=seconds)
    except KitError as error:
        return f"XLA is left out: {str(error)[:_SAID]}"
    return ""


def compile_step(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Compile the step for both sizes of batches that an epoch has: the full one, and the rest."""
    progress.set_report(report)
    job = Job.from_json(payload.decode())
    job = replace(job, training=job.training.model_copy(update={"jit_compile": True}))
    short = ShortTraining.of(job)
    size = job.training.batch_size
    step = short.model.make_train_function()
    rest = short.rows.count % size
    for some in {min(size, short.rows.count), rest} - {0}:
        step(iter(short.rows.once(some).take(1).repeat()))
    return b""
