"""Trainings by a strategy, in a process of their own."""

from __future__ import annotations

import os
from dataclasses import replace

from kit import warm
from kit.training.config import Strategy
from kit.training.job import Job

EPOCHS = 4
SECONDS = 240  # two cores have to start up to five processes


def by(job: Job, strategy: Strategy, **settings: int) -> Job:
    return replace(job, training=job.training.model_copy(update={"strategy": strategy, **settings}))


def start(job: Job, **environ: str) -> warm.WarmCall:
    """Train as a step does, in a process of its own."""
    folder = job.run.parent
    return warm.start_call(
        "kit.training.strategies:play_locally",
        job.to_json().encode(),
        log_path=folder / "log",
        env={**os.environ, "TMPDIR": str(folder / "tmp"), **environ},
    )


def returned(call: warm.WarmCall, job: Job) -> None:
    outcome = call.wait(SECONDS)
    assert isinstance(outcome, warm.CallReturned), (outcome, (job.run.parent / "log").read_text())
