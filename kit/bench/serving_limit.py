"""The upper limit of serving: the same graph, called with full batches in the same process, without any transport."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from kit.bench.serving_model import CANDIDATES, NAME, TIMESTAMP
from kit.errors import StepFailedError
from kit.workspace import CHECKOUT

_SECONDS = 5.0


def measured_limit(version: Path, rows: int, processor: int) -> float:
    """Return the predictions per second of one caller, in a process of its own on one processor.

    Args:
        version: the folder of the model's version.
        rows: the rows per batch.
        processor: the processor's number.

    Raises:
        StepFailedError: when the process fails.
    """
    command = [sys.executable, "-m", __name__, str(version), str(rows), str(processor)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=CHECKOUT)
    if done.returncode:
        raise StepFailedError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return float(json.loads(done.stdout.splitlines()[-1]))


def limit(version: Path, rows: int) -> float:
    """Return the predictions per second of this process."""
    from tensorflow.core.protobuf import config_pb2  # noqa: PLC0415  TensorFlow, which only this process loads

    from kit.serving.servable import Servable  # noqa: PLC0415

    config = config_pb2.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    servable = Servable.load(NAME, 1, version, config=config)
    random = np.random.default_rng(1)
    users, items = (
        np.array((version / "assets" / name).read_bytes().splitlines(), object)
        for name in ("user_id", "item_id")
    )
    inputs = {
        "user_id": random.choice(users, rows),
        "item_ids": random.choice(items, (rows, CANDIDATES)),
        "timestamp": np.full(rows, TIMESTAMP, np.float32),
    }
    signature = servable.signature("")
    feeds = {signature.inputs[name].name: value for name, value in inputs.items()}
    fetches = [each.name for each in signature.outputs.values()]
    servable.compute(feeds, fetches)
    done, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < _SECONDS:
        servable.compute(feeds, fetches)
        done += rows * CANDIDATES
    return done / spent


if __name__ == "__main__":
    os.sched_setaffinity(0, {int(sys.argv[3])})
    sys.stdout.write(f"{json.dumps(limit(Path(sys.argv[1]), int(sys.argv[2])))}\n")
