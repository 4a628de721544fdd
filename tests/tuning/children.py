"""What runs in the process of a trial in tests of the search: no training, only its end."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from kit.errors import ObjectiveError


def run_trial(payload: bytes, report: Callable[[str], None]) -> bytes:
    """End as the value `how` of the trial says; its worth is the value `x`."""
    del report
    asked = json.loads(payload)
    how, folder = asked["values"].get("how", "done"), Path(asked["job"]["run_dir"]).parent
    attempts = folder / "begun"
    attempts.write_text((attempts.read_text() if attempts.exists() else "") + f"{os.getpid()}\n")
    first = len(attempts.read_text().splitlines()) == 1
    if how == "killed" or (how == "killed once" and first):
        os.kill(os.getpid(), signal.SIGKILL)
    if how == "raises":
        raise ZeroDivisionError("no rows <at all>")
    if how == "asks":
        raise ObjectiveError("tuning.objective must be another.")
    if how == "slow":
        time.sleep(60)
    if how == "a while":
        time.sleep(0.5)
    value = float("nan") if how == "nan" else float(asked["values"]["x"])
    return json.dumps([value, 2]).encode()
