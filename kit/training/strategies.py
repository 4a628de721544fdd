"""From the name of a strategy in project.yml to devices and processes that train together."""

from __future__ import annotations

from kit.training import loop
from kit.training.job import Job


def run(job: Job) -> None:
    """Train by the strategy of the job."""
    loop.train(job)
