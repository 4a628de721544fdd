"""The setting that a sweep has chosen, as a file; or why there is none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import NoReturn

from kit.errors import StepFailedError
from kit.load.sweep import Sweep
from kit.load.tune_batching import WITHOUT
from kit.serving.batching import Batching


def write_chosen(sweep: Sweep, path: Path) -> Batching:
    """Write the chosen setting as a file of batching parameters, for this server and the real one.

    Raises:
        StepFailedError: when none meets the target; the file stays as it is.
    """
    if sweep.chosen is None:
        _refuse(sweep)
    batching = Batching(**sweep.settings[sweep.chosen])
    batching.write(path)
    return batching


def _refuse(sweep: Sweep) -> NoReturn:
    """Raise the reason why no setting was chosen."""
    if any(point.setting == WITHOUT and point.meets(sweep.target) for point in sweep.points):
        raise StepFailedError(
            f"A batching setting should answer {sweep.target.rate:g} requests per second within "
            f"{sweep.target.p99_ms:g} ms (p99), but only the server without batching does. Serve without batching."
        )
    asked = [point for point in sweep.points if point.offered >= sweep.target.rate]
    best = min((point.p99_ms for point in asked), default=math.inf)
    if asked and not any(point.rate or point.errors for point in asked):
        raise StepFailedError(
            f"Requests should come {sweep.target.rate:g} times a second, but none was due while that was "
            "measured. Measure for longer, with --seconds."
        )
    if not math.isfinite(best):
        raise StepFailedError(
            f"A batching setting should answer {sweep.target.rate:g} requests per second within "
            f"{sweep.target.p99_ms:g} ms (p99), but each failed or was far too slow at lower rates already. "
            "Ask for less, or serve with more processors."
        )
    raise StepFailedError(
        f"A batching setting should answer {sweep.target.rate:g} requests per second within "
        f"{sweep.target.p99_ms:g} ms (p99), but none does; the best p99 at that rate is {best:.0f} ms. "
        "Ask for less, or serve with more processors."
    )
