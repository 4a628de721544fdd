"""The metrics that points are compared by: recorded by notebooks, their run time, and Evaluator's."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.batch.record import RunRecord, list_runs
from kit.record import read_recorded
from kit.sweep.errors import MetricError
from kit.sweep.space_file import SECONDS, Metric
from kit.texts import did_you_mean
from kit.warm import CallReturned, start_call

_EVALUATOR = "Evaluator"


@dataclass(frozen=True)
class Collected:
    """The metrics of a run by column, and why one is missing."""

    values: dict[str, float]
    problem: str = ""


def collect(metrics: Sequence[Metric], runs: Sequence[RunRecord], log: Path) -> Collected:
    """Return the metrics of a point.

    A name that a notebook has recorded comes from there; `seconds` is the time of all attempts together, since the last
    one finds the results of the others in its cache; any other, and each of a slice, comes from Evaluator.

    Args:
        metrics: the wanted metrics.
        runs: the runs of the point, its own last; their folders have the executed notebooks.
        log: gets the output of the process that reads Evaluator's results.
    """
    known = {name: value for run in runs for name, value in _recorded(run).items()}
    known = {SECONDS: seconds_of_attempts(runs[-1]), **known}
    found = {one.column: known[one.name] for one in metrics if not one.slice and one.name in known}
    problems = []
    missing = [one for one in metrics if one.column not in found]
    try:
        measured = _evaluated(runs, log) if missing else []
    except MetricError as error:
        return Collected(found, str(error))
    for one in missing:
        try:
            found[one.column] = _value(one, measured, known)
        except MetricError as error:
            problems.append(str(error))
    return Collected(found, " ".join(problems))


def seconds_of_attempts(last: RunRecord) -> float:
    """Return the time of all attempts at a point; for a killed one, its finished steps count."""
    earlier = [run for run in list_runs(last.folder.parent) if run.run_id != last.run_id]
    took = (run.seconds if run.ended else sum(step.seconds for step in run.steps) for run in earlier)
    return last.seconds + sum(took)


def _recorded(run: RunRecord) -> dict[str, float]:
    executed = [run.folder / notebook.executed for notebook in run.notebooks if notebook.executed]
    return {name: value for path in executed for name, value in read_recorded(path).items()}


def _evaluated(runs: Sequence[RunRecord], log: Path) -> list[dict[str, Any]]:
    """Return what Evaluator measured in these runs; empty: it did not run in them."""
    steps = [step for run in runs for step in run.steps]
    if not any(step.step == _EVALUATOR and step.state in {"done", "cached"} for step in steps):
        return []
    run = runs[-1]
    projects = [row.parameters["project_name"] for row in run.notebooks if "project_name" in row.parameters]
    asked = {"workspace": run.workspace, "project": str(projects[0]) if projects else run.project}
    payload = json.dumps(asked).encode()
    with start_call("kit.sweep.evaluated:read_evaluated", payload, log_path=log) as call:
        outcome = call.wait()
    if isinstance(outcome, CallReturned):
        found: list[dict[str, Any]] = json.loads(outcome.result)
        return found
    said = outcome.message if outcome else "the process did not end"
    raise MetricError(f"The results of {_EVALUATOR} must be readable, but {said}. See {log}, and try again.")


def _value(metric: Metric, measured: Sequence[dict[str, Any]], known: dict[str, float]) -> float:
    for one in measured:
        if one["columns"] == metric.slice and metric.name in one["values"]:
            value = float(one["values"][metric.name])
            if math.isfinite(value):
                return value
    if metric.slice and measured and not any(one["columns"] == metric.slice for one in measured):
        slices = ", ".join(sorted(one["slice"] for one in measured)[:20])
        raise MetricError(
            f"A point must have the metric {metric.column}, but that slice was not evaluated. Slices are {slices}. "
            "Correct the slice, or add it to `slices` in project.yml."
        )
    names = sorted({*known, *(name for one in measured for name in one["values"])})
    raise MetricError(
        f"A point must have the metric {metric.column}, but its run has none."
        f"{did_you_mean(metric.name, names)} It has {', '.join(names)}. "
        'Correct the name, or record it in a notebook: `record("name", value)` of kit.record.'
    )
