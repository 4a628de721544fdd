"""Time the taxi chain, data to push, of the kit and of stock TFX under papermill."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from kit import warm
from kit.batch.record import list_runs
from kit.bench.figure import Figure
from kit.errors import StepFailedError
from kit.workspace import CHECKOUT, Workspace

NOTEBOOKS = ("01_data", "02_features", "03_train", "04_evaluate", "05_release")


def taxi(folder: Path) -> list[Figure]:
    """Run both chains cold and with everything cached, and the kit's once more with only the peer's components.

    The kit gets a warm process of its own here, which its first run has to start: stopping the shared one would end
    the user's open notebooks. Stock TFX's chain ends with a push, but has none of the gates, blind spots, server
    checks, LiteRT files and comparisons that the notebooks have: so the goal is for the same components, and the
    time of each notebook is reported beside it.
    """
    command = kit_command("run", *NOTEBOOKS, "-P", "chicago_taxi", "-w", str(folder / "kit"))
    folder.mkdir(parents=True)
    plain = _written("plain_tfx", folder, "plain")
    alone = _written("same_components", folder, "alone")
    environ = {**os.environ, "KIT_WARM_DIR": str(folder / "warm")}
    _read_packages()
    try:
        ours, peer = run_timed(command, environ), run_timed(plain)
        components = run_timed([*alone, "-k", "kit"], environ)
        ours_cached, peer_cached = run_timed(command, environ), run_timed(plain)
    finally:
        warm.stop(environ)
    name = "taxi, data to push"
    return [
        Figure(
            f"{name}, cold, the same components, kit over peer",
            components / peer,
            "ratio",
            0.25,
            "less",
            peer,
            components,
        ),
        Figure(
            f"{name}, all cached, kit over peer",
            ours_cached / peer_cached,
            "ratio",
            0.10,
            "less",
            peer_cached,
            ours_cached,
        ),
        Figure(
            f"{name}, cold, all that the notebooks do and the imports, kit over peer",
            ours / peer,
            "ratio",
            None,
            "less",
            peer,
            ours,
        ),
        *by_notebook(Workspace(folder / "kit")),
    ]


def _read_packages() -> None:
    """Have TensorFlow, Beam and Arrow read from the disk: whoever imports them first waits for it longer."""
    run_timed(_module("tensorflow_model_analysis.version"))


def _written(module: str, folder: Path, name: str) -> list[str]:
    """Have a module of this package write a notebook, and return the command that runs it."""
    notebook, root = folder / f"{name}.ipynb", folder / name
    root.mkdir()
    run_timed(_module(f"kit.bench.{module}", str(notebook), str(root)))
    return _module("papermill", str(notebook), str(folder / f"{name}_done.ipynb"))


def by_notebook(workspace: Workspace) -> Iterator[Figure]:
    """Yield the time of each notebook in a workspace's first run, of its kernels, and of everything else."""
    record = list_runs(workspace.runs)[0]
    rest, kernels = record.seconds, 0.0
    for notebook in record.notebooks:
        took, kernel = notebook.seconds or 0.0, notebook.kernel_seconds
        yield Figure(f"of the cold run, {notebook.name}", took - kernel, "s")
        rest, kernels = rest - took, kernels + kernel
    yield Figure("of the cold run, waiting for kernels and so for imports", kernels, "s")
    yield Figure("of the cold run, before and after the notebooks", rest, "s")


def cached(folder: Path) -> Iterator[Figure]:
    """Time all numbered notebooks on the sample when nothing has changed since they ran.

    The goal is for plain `kit run`. With every notebook run again, `06_serve` still starts its servers and sends them
    a canary's requests, which no cache can answer: that time is reported beside it.
    """
    command = kit_command("run", "-w", str(folder))
    run_timed(command)
    run_timed([*command, "--no-skip"])  # now steps that look at the first run are cached too
    name = "kit run of the whole chain, all cached"
    yield Figure(name, run_timed(command), "s", 10, "less")
    yield Figure(f"{name}, every notebook run again", run_timed([*command, "--no-skip"]), "s")


def wrong_parameter() -> Figure:
    """Time a batch whose parameter is misspelt, from the command to the error."""
    started = time.perf_counter()
    done = subprocess.run(kit_command("run", "-p", "epoch", "3"), capture_output=True, check=False)
    seconds = time.perf_counter() - started
    if done.returncode != 2:  # noqa: PLR2004  the exit code of wrong usage
        raise StepFailedError(
            f"A wrong parameter must end with exit code 2, but ended with {done.returncode}."
        )
    return Figure("wrong parameter, time to the error", seconds, "s", 2, "less")


def fresh_clone(folder: Path) -> Figure:
    """Time `make run` in a fresh clone, set-up included; packages downloaded before come from uv's cache."""
    clone = folder / "clone"
    run_timed(["git", "clone", "--quiet", str(CHECKOUT), str(clone)])
    seconds = run_timed(["make", "-C", str(clone), "run"])
    return Figure("make run in a fresh clone, set-up included", seconds, "s", 600, "less")


def kit_command(*words: str) -> list[str]:
    """Return the command that calls this environment's `kit`."""
    return [str(Path(sys.executable).with_name("kit")), *words]


def _module(name: str, *words: str) -> list[str]:
    return [sys.executable, "-m", name, *words]


def run_timed(command: Sequence[str], environ: Mapping[str, str] | None = None) -> float:
    """Run a command, with other environment variables if given, and return its seconds.

    Raises:
        StepFailedError: when it fails; the time of a failed run means nothing.
    """
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    if done.returncode:
        raise StepFailedError(
            f"{' '.join(command)} failed (exit code {done.returncode}):\n{(done.stdout + done.stderr)[-2000:]}"
        )
    return time.perf_counter() - started
