"""Resolve a training job's settings for this device and its strategy."""

from __future__ import annotations

from dataclasses import replace

from kit.steps.progress import report
from kit.training import precision, xla
from kit.training.job import Job

_GATHERING = ("mirrored", "multi_worker_mirrored")


def resolved(job: Job) -> Job:
    """Return the job as it can be trained here.

    The precision is one that this device has, XLA is on only if it compiles the model in time, and several steps run
    per call only if no replicas wait for each other within one.
    """
    chosen, why = precision.choose(job.training.precision)
    job = replace(job, training=job.training.model_copy(update={"precision": chosen}))
    said = [why]
    if job.training.jit_compile and (reason := _why_no_xla(job)):
        said.append(reason)
        job = replace(job, training=job.training.model_copy(update={"jit_compile": False}))
    if job.training.steps_per_execution > 1 and job.training.strategy in _GATHERING:
        said.append(
            f"steps_per_execution is 1 and not {job.training.steps_per_execution}: {job.training.strategy} gathers the "
            "gradients of embeddings, whose sizes TensorFlow mixes up between the steps of one execution."
        )
        job = replace(job, training=job.training.model_copy(update={"steps_per_execution": 1}))
    for line in filter(None, said):
        report(line)
        print(line)  # noqa: T201  to the log of the step, where it stays
    return job


def _why_no_xla(job: Job) -> str:
    if job.training.strategy != "one_device":
        return f"XLA is left out: it compiles on one device, and the strategy is {job.training.strategy}."
    return xla.why_not(job)
