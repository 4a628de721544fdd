"""Training loops that run in processes of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

from kit.steps import progress
from kit.training.run_fn import run_fn


def train(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Train as Trainer does; the payload is JSON of the FnArgs and of a file that collects the progress."""
    arguments = json.loads(payload)

    def write(line: str) -> None:
        with Path(arguments["said"]).open("a") as file:
            file.write(line + "\n")

    progress.set_report(write)
    run_fn(SimpleNamespace(**arguments["fn_args"]))
    return b""
