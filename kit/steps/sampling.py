"""Where a process spends its time: a thread looks fifty times a second at what the others are doing.

A sample costs some 0.1 ms, and changes nothing in what it observes. It counts for the time since the previous sample,
so that a library that keeps the thread from looking (by holding Python's lock) is charged all the same. Each sample is
of one kind:

- `imports`: a module is being loaded,
- `I/O`: files and ML Metadata,
- `TensorFlow`: TensorFlow and Keras, also inside Beam,
- `Beam execution`: rows go through a pipeline, whatever works on them; `Beam graph`: the pipeline is being built,
- `waiting`: for another step of the workspace,
- `other`: everything else.

The innermost library with a rule decides. A batch samples its kernels while they run a cell, and its steps.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import TypeAlias

from kit.workspace import write_atomically

_IMPORTS = "imports"
KINDS = (_IMPORTS, "I/O", "TensorFlow", "Beam graph", "Beam execution", "waiting", "other")
FILE_VARIABLE = "KIT_TIMES"
"""Names the file that a kernel writes its samples to; its steps write theirs beside it."""
INTERVAL_SECONDS = 0.02

_WRITE_SECONDS = 1.0
_MOST_FRAMES = 12  # kept of a stack, with a package's frames merged
_RULES = (
    ("/tensorflow/python/lib/io/", "I/O"),
    ("/apache_beam/io/", "I/O"),
    ("/ml_metadata/", "I/O"),
    ("/pyarrow/", "I/O"),
    ("/shutil.py", "I/O"),
    ("/tensorflow/", "TensorFlow"),
    ("/tf_keras/", "TensorFlow"),
    ("/keras/", "TensorFlow"),
    ("/ai_edge_litert/", "TensorFlow"),
    ("/kit/workspace.py", "I/O"),
)
_BEAM = "/apache_beam/"
_BEAM_RUNS = ("/apache_beam/runners/worker/", "/fn_api_runner/")
_IMPORT = "<frozen importlib._bootstrap>"
_IDLE = ("/threading.py", "/queue.py", "/selectors.py", "/concurrent/futures/")
_CELL = "/IPython/core/interactiveshell.py"
_STEP = "/kit/steps/launcher.py"
_LOCK = ("/kit/workspace.py", "lock")
_AROUND = {"ipykernel", "IPython", "tornado", "traitlets", "decorator", "kit.warm"}  # in every process
_WRAPPERS = {"error_handler", "<lambda>", "wrapper", "wrapped"}  # function names that say nothing

Stack: TypeAlias = list[tuple[str, str]]
"""Pairs of file and function, the outermost first."""


class Sampler:
    """Samples this process from `start` to `stop`, and writes the results every second.

    Args:
        path: the path of the file, JSON: `seconds` and `stacks`, each with frames, kind and seconds.
        cells: whether to sample only while an IPython kernel runs a cell, and not while that waits for a step.
    """

    def __init__(self, path: Path, *, cells: bool = False) -> None:
        self._path, self._cells, self._looking = path, cells, True
        self._seen: defaultdict[tuple[tuple[str, ...], str], float] = defaultdict(float)
        self._main = threading.main_thread().ident or 0
        self._ended, self._dirty = threading.Event(), False
        self._thread = threading.Thread(target=self._look, name="sampler", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop sampling, and write the results."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        last = written = time.perf_counter()
        while not self._ended.wait(INTERVAL_SECONDS):
            now = time.perf_counter()
            self._note(sys._current_frames(), now - last)  # noqa: SLF001  documented as the way for this
            last = now
            if self._dirty and (now - written > _WRITE_SECONDS or not self._looking):
                self._write()
                written = now
        self._write()

    def _note(self, threads: dict[int, FrameType], seconds: float) -> None:
        frame = threads.get(self._main)
        if frame is None:
            return
        main = _stack(frame)
        self._looking = not self._cells or _is_in_cell(main)
        if not self._looking:  # between two cells, and there may be no more
            return
        self._dirty = True
        busy = [main]
        if _is_idle(main) and any(_BEAM in file for file, _ in main):  # its workers are threads
            others = (_stack(frame) for number, frame in threads.items() if number != self._main)
            busy = [stack for stack in others if kind_of(stack) == "TensorFlow" or _runs_beam(stack)] or busy
            busy = [stack for stack in busy if not _is_idle(stack)] or [main]
        for stack in busy:
            self._seen[_shortened(stack), kind_of(stack)] += seconds / len(busy)

    def _write(self) -> None:
        self._dirty = False
        stacks = [
            {"frames": frames, "kind": kind, "seconds": round(seconds, 4)}
            for (frames, kind), seconds in sorted(self._seen.items(), key=lambda item: -item[1])
        ]
        content = {"seconds": round(sum(self._seen.values()), 4), "stacks": stacks}
        write_atomically(self._path, json.dumps(content))


def look_at_kernel() -> None:
    """Begin to sample this kernel if it runs in a batch; the batch makes kernels call this as they start."""
    if path := os.environ.get(FILE_VARIABLE):
        Sampler(Path(path), cells=True).start()


def sampler_of_step(name: str) -> Sampler | None:
    """Return the sampler for a step's process if in a batch, else None."""
    if not (path := os.environ.get(FILE_VARIABLE)):
        return None
    kernel = Path(path)
    return Sampler(kernel.with_name(f"{kernel.stem}.{name}.{time.time_ns()}.json"))


def kind_of(stack: Stack) -> str:
    """Return the kind that a stack counts as."""
    if any(file == _IMPORT for file, _ in stack):
        return _IMPORTS
    for file, function in reversed(stack):
        if file.endswith(_LOCK[0]) and function == _LOCK[1]:
            return "waiting"
        for part, kind in _RULES:
            if part in file:
                return kind
        if _BEAM in file:
            return "Beam execution" if _runs_beam(stack) else "Beam graph"
    return "other"


def _stack(frame: FrameType | None) -> Stack:
    found: Stack = []
    while frame is not None:
        found.append((frame.f_code.co_filename, frame.f_code.co_name))
        frame = frame.f_back
    return found[::-1]


def _is_idle(stack: Stack) -> bool:
    return any(part in stack[-1][0] for part in _IDLE)


def _is_in_cell(stack: Stack) -> bool:
    files = [file for file, _ in stack]
    return any(file.endswith(_CELL) for file in files) and not any(file.endswith(_STEP) for file in files)


def _runs_beam(stack: Iterable[tuple[str, str]]) -> bool:
    return any(
        _BEAM_RUNS[0] in file or (_BEAM_RUNS[1] in file and function in {"run_stages", "_run_stage"})
        for file, function in stack
    )


def _shortened(stack: Stack) -> tuple[str, ...]:
    """Return for each package that the stack goes through the name of the function by which it is entered."""
    names: list[str] = []
    before = ""
    for file, function in stack:
        package = "" if function in _WRAPPERS else _package(file)
        if package and package != before:
            names.append(package if package == _IMPORTS else f"{package}: {function}")
        if before == _IMPORTS and package not in {"", _IMPORTS}:  # its own imports count as its own
            names[-1] = package
            break
        before = package or before
    return tuple(names[:_MOST_FRAMES])


def _package(file: str) -> str:
    """Return the package of a file (for the kit's own files the module); empty for frames that every process has."""
    if file == _IMPORT:
        return _IMPORTS
    for root in ("/site-packages/", "/kit/", "/widgets/"):
        if root in file:
            below = file.rpartition(root)[2].removesuffix(".py").split("/")
            name = below[0] if root == "/site-packages/" else ".".join([root.strip("/"), *below])
            return "" if name in _AROUND or ".".join(name.split(".")[:2]) in _AROUND else name
    return ""
