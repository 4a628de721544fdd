"""Trainer's run_fn, the same for every project; what differs is in the project's model.py."""

from __future__ import annotations

from typing import Any

from kit.training import strategies
from kit.training.job import Job


def run_fn(fn_args: Any) -> None:
    """Train the project's model and save it with its signatures.

    Args:
        fn_args: TFX's FnArgs; `Job.of` tells what its `custom_config` holds.
    """
    strategies.run(Job.of(fn_args))
