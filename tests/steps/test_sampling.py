"""What a process does is seen from beside it, and counted by the library that does it."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from kit.steps import sampling
from kit.steps.sampling import Sampler, kind_of, sampler_of_step

SITE = "/env/lib/python3.12/site-packages"
STEP = ("/work/kit/steps/child.py", "run_executor")
BUILD = (f"{SITE}/apache_beam/pipeline.py", "apply")
RUN = (f"{SITE}/apache_beam/runners/portability/fn_api_runner/fn_runner.py", "run_stages")
WORKER = (f"{SITE}/apache_beam/runners/worker/bundle_processor.py", "process_bundle")
KERAS = (f"{SITE}/tf_keras/src/engine/training.py", "fit")
NUMPY = (f"{SITE}/numpy/core/numeric.py", "ones")
IMPORT = ("<frozen importlib._bootstrap>", "_find_and_load")


@pytest.mark.parametrize(
    ("stack", "kind"),
    [
        ([STEP, KERAS, NUMPY], "TensorFlow"),
        ([STEP, BUILD, NUMPY], "Beam graph"),
        ([STEP, BUILD, KERAS], "TensorFlow"),
        ([STEP, BUILD, RUN, NUMPY], "Beam execution"),
        ([WORKER, NUMPY], "Beam execution"),
        ([WORKER, KERAS], "TensorFlow"),
        ([STEP, BUILD, IMPORT, KERAS], "imports"),
        ([STEP, (f"{SITE}/ml_metadata/store.py", "get")], "I/O"),
        ([KERAS, ("/lib/python3.12/shutil.py", "copy")], "I/O"),
        ([STEP, ("/work/kit/workspace.py", "lock")], "waiting"),
        ([STEP, ("/work/kit/workspace.py", "write_atomically")], "I/O"),
        ([STEP, NUMPY], "other"),
    ],
)
def test_the_innermost_library_that_is_known_decides(stack: list[tuple[str, str]], kind: str) -> None:
    assert kind_of(stack) == kind


def test_packages_are_taken_together_and_an_import_ends_with_its_module() -> None:
    named = [STEP, BUILD, (f"{SITE}/apache_beam/pipeline.py", "inner"), KERAS, ("/lib/json.py", "loads")]
    assert sampling._shortened(named) == (
        "kit.steps.child: run_executor",
        "apache_beam: apply",
        "tf_keras: fit",
    )
    loading = [STEP, IMPORT, (f"{SITE}/pandas/__init__.py", "<module>"), IMPORT, NUMPY]
    assert sampling._shortened(loading) == ("kit.steps.child: run_executor", "imports", "pandas")


def busy_for(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        sum(range(500))


def test_all_time_of_the_main_thread_is_seen_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sampler_of_step("Trainer") is None, "outside a batch nobody looks"
    monkeypatch.setenv("KIT_TIMES", str(tmp_path / "abc.json"))
    sampler = sampler_of_step("Trainer")
    assert sampler is not None
    started = time.perf_counter()
    sampler.start()
    busy_for(0.5)
    sampler.stop()
    took = time.perf_counter() - started
    [path] = tmp_path.glob("abc.Trainer.*.json")
    seen: dict[str, Any] = json.loads(path.read_text())
    assert 0.5 * took < seen["seconds"] <= took
    assert {stack["kind"] for stack in seen["stacks"]} <= {"other", "waiting", "I/O"}


def test_a_kernel_that_runs_no_cell_is_not_counted(tmp_path: Path) -> None:
    sampler = Sampler(tmp_path / "k.json", cells=True)
    sampler.start()
    busy_for(0.2)
    sampler.stop()
    assert json.loads((tmp_path / "k.json").read_text()) == {"seconds": 0, "stacks": []}


def test_a_wait_for_beam_counts_for_the_threads_that_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sampler = Sampler(tmp_path / "k.json")
    main, first, second, idle = (object() for _ in range(4))
    waits = ("/lib/python3.12/threading.py", "wait")
    stacks = {
        id(main): [STEP, BUILD, RUN, waits],
        id(first): [WORKER, NUMPY],
        id(second): [WORKER, KERAS],
        id(idle): [WORKER, waits],
    }
    monkeypatch.setattr(sampling, "_stack", lambda frame: stacks[id(frame)])
    threads: dict[int, Any] = {threading.main_thread().ident or 0: main, 1: first, 2: second, 3: idle}
    sampler._note(threads, 2.0)
    assert {kind: seconds for (_, kind), seconds in sampler._seen.items()} == {
        "Beam execution": 1.0,
        "TensorFlow": 1.0,
    }
