from __future__ import annotations

import subprocess
import sys

import numpy as np

from kit.workspace import CHECKOUT

SCRIPT = "from kit.bench.memory import peak_megabytes; {work}; print(peak_megabytes())"


def peak(work: str = "pass") -> float:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(work=work)],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout)


def test_the_most_counts_also_when_it_is_free_again() -> None:
    assert peak("x = bytearray(200_000_000); del x") > 200


def test_what_the_parent_took_does_not_count() -> None:
    large = np.ones(50_000_000)  # 400 MB
    assert peak() < 100
    assert large.nbytes > 100e6
