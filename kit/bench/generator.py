"""Time the sample data generator, and measure its memory for ten million rows."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from kit.bench.figure import Figure
from kit.workspace import CHECKOUT

_ROWS = 10_000_000
_SCRIPT = """
import json, pathlib, sys, time
from kit.bench.memory import peak_megabytes
from sample_data import Config, Generator, write_span
generator = Generator(Config(spans=1, rows_per_span=int(sys.argv[1]), users=200_000, items=5_000))
started = time.perf_counter()
rows = sum(write_span(pathlib.Path(sys.argv[2]), span, blocks) for span, blocks in generator.spans())
seconds = time.perf_counter() - started
print(json.dumps({"rows_a_second": rows / seconds, "peak_mb": peak_megabytes()}))
"""


def generator(folder: Path) -> list[Figure]:
    """Generate ten million rows in a folder, in a process of its own."""
    command = [sys.executable, "-c", _SCRIPT, str(_ROWS), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=CHECKOUT)
    found = json.loads(done.stdout)
    return [
        Figure("generator", found["rows_a_second"], "rows per second", 200_000, "more"),
        Figure("generator, peak memory at 10 million rows", found["peak_mb"], "MB", 500, "less"),
    ]
