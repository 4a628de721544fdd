"""Kill a run at random moments, again and again, and check that nothing is left half-finished, and no work repeated."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psutil

from kit.batch.record import UNFINISHED
from kit.bench.chain import kit_command, run_timed
from kit.bench.figure import Figure
from kit.errors import StepFailedError
from kit.workspace_folders import METADATA_FILE, PROJECTS, SERVING

_PROJECT = "small"
_KILLS, _SEED = 50, 7
_LONGEST_SECONDS = 12.0  # before a kill; a run of the small project takes some twenty
_QUIET_SECONDS = 20.0
_SHARE_OF_OTHERS = 0.4  # of the kills hit a kernel or a step instead of the run
_COMPLETE, _CACHED, _OUTPUT = 3, 5, 4  # ML Metadata's numbers, see `kit.batch.unchanged`
_MADE = """
    SELECT artifact.uri FROM Event AS event JOIN Execution AS execution ON execution.id = event.execution_id
    JOIN Artifact AS artifact ON artifact.id = event.artifact_id
    WHERE event.type = ? AND execution.last_known_state IN (?, ?)"""
_DONE = """
    SELECT execution.id, property.name, property.string_value, property.int_value
    FROM Execution AS execution JOIN ExecutionProperty AS property ON property.execution_id = execution.id
    WHERE execution.last_known_state = ? AND property.name <> 'run_id' ORDER BY execution.id, property.name"""
_TOOK = """
    SELECT event.artifact_id FROM Event AS event WHERE event.execution_id = ? AND event.type = 3
    ORDER BY event.artifact_id"""


def kills(folder: Path, amount: int = _KILLS) -> Iterator[Figure]:
    """Kill a run, or one of its processes, at random moments; begin another training whenever a run has finished.

    Raises:
        StepFailedError: when a killed run cannot be finished afterwards.
    """
    workspace = make_project(folder)
    dice = random.Random(_SEED)  # noqa: S311  moments, no secrets
    half, seed = Counter[str](), 1
    run = _start(workspace, seed)
    for _ in range(amount):
        time.sleep(dice.uniform(0, _LONGEST_SECONDS))
        if run.poll() is not None:
            seed += run.returncode == 0
            run = _start(workspace, seed)
        _kill_one(workspace, run, dice)
        half += half_visible(workspace)
    run.kill()
    run.wait()
    _wait_until_quiet(workspace)
    run_timed(_command(workspace, seed))
    half += half_visible(workspace)
    yield Figure(f"corrupt or half-visible results after {amount} kills", half.total(), "results", 0, "less")
    twice = repeated_work(workspace)
    yield Figure("work repeated beyond the step that was killed", twice.total(), "steps", 0, "less")


def make_project(folder: Path) -> Path:
    """Create a project of 600 rows with `kit new`, and return its workspace."""
    projects = folder / PROJECTS
    projects.mkdir(parents=True)
    with (projects / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("amount", "shop", "bought"))
        shops = ("north", "south", "west")
        rows.writerows(
            (row * 37 % 101, shops[row % 3], "yes" if row * 37 % 101 > 40 else "no")  # noqa: PLR2004  a rule to learn
            for row in range(600)
        )
    words = (
        "new",
        _PROJECT,
        "--data",
        str(projects / "rows.csv"),
        "--label",
        "bought",
        "--into",
        str(projects),
    )
    run_timed(kit_command(*words))
    return folder


def half_visible(workspace: Path) -> Counter[str]:
    """Count incomplete results that could be mistaken for complete ones."""
    found: Counter[str] = Counter()
    for path in workspace.glob("runs/*/*.json"):
        found[f"{path.name} that is no JSON"] += not _is_json(path)
    for path in workspace.glob("runs/*/*.ipynb"):
        # A notebook whose run was killed leaves a copy in progress, which papermill writes in place.
        finished = not path.name.endswith(UNFINISHED)
        found["executed notebooks that are no JSON"] += finished and not _is_json(path)
    for version in (workspace / SERVING / _PROJECT).glob("[0-9]*"):
        found["pushed versions without a model"] += not (version / "saved_model.pb").is_file()
    store = workspace / METADATA_FILE
    if store.exists():
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True, timeout=10)) as connection:
            for (uri,) in connection.execute(_MADE, (_OUTPUT, _COMPLETE, _CACHED)):
                found["artifacts that are not there"] += not Path(uri).exists()
    return +found


def repeated_work(workspace: Path) -> Counter[str]:
    """Count successful executions with the same parameters and inputs as an earlier one."""
    told: defaultdict[int, list[object]] = defaultdict(list)
    steps: dict[int, str] = {}
    store = (workspace / METADATA_FILE).as_uri()
    with closing(sqlite3.connect(f"{store}?mode=ro", uri=True, timeout=10)) as connection:
        for execution, name, text, whole in connection.execute(_DONE, (_COMPLETE,)):
            told[execution].append([name, text, whole])
            if name == "component_id":
                steps[execution] = text
        took = {one: connection.execute(_TOOK, (one,)).fetchall() for one in steps}
    times = Counter((step, json.dumps([told[one], took[one]])) for one, step in steps.items())
    found: Counter[str] = Counter()
    for (step, _), amount in times.items():
        found[step] += amount - 1
    return +found


def _start(workspace: Path, seed: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        _command(workspace, seed),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _command(workspace: Path, seed: int) -> list[str]:
    return kit_command(
        "run", "-P", _PROJECT, "-w", str(workspace), "-p", "seed", str(seed), "--until", "05_release"
    )


def _kill_one(workspace: Path, run: subprocess.Popen[bytes], dice: random.Random) -> None:
    """Kill the run, or one of its kernels and steps, after which the run tries again by itself."""
    others = [pid for pid in _at_work(workspace) if pid != run.pid]
    victim = dice.choice(others) if others and dice.random() < _SHARE_OF_OTHERS else run.pid
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    if victim == run.pid:
        run.wait()
        _wait_until_quiet(workspace)


def _at_work(workspace: Path) -> list[int]:
    """Return the ids of processes that have a file of the workspace open."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if any(Path(file.path).is_relative_to(workspace) for file in process.open_files()):
                found.append(process.pid)
    return found


def _wait_until_quiet(workspace: Path) -> None:
    deadline = time.monotonic() + _QUIET_SECONDS
    while left := _at_work(workspace):
        if time.monotonic() > deadline:
            raise StepFailedError(
                f"Kernels and steps of a run that was killed must end within {_QUIET_SECONDS:.0f} s, but processes "
                f"{left} are still there. End them, and see what they do."
            )
        time.sleep(0.1)


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return False
    return True
