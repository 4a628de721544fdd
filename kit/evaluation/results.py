"""What Evaluator found: metrics by slice, the verdict of each gate, and the error that stops a batch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import tensorflow_model_analysis as tfma

from kit.errors import NotBlessedError, RowsLostError
from kit.evaluation.override import latest_override
from kit.project import Project
from kit.project_file import Gate
from kit.session import Session

SliceKey = tuple[tuple[str, Any], ...]
"""The columns and values that a slice was cut by, sorted; empty for all rows."""

_OVERALL = "all rows"
_BLESSED = 1


def metrics_table(evaluation: Path, project: Project) -> pd.DataFrame:
    """Return one row a slice, the largest first: its name, `example_count`, and the metrics of the project."""
    names = ["example_count", *project.spec.evaluated]
    rows = [
        {"slice": _slice_name(key), **{name: values[name] for name in names if name in values}}
        for key, values in load_slices(evaluation)
    ]
    table = pd.DataFrame(rows).drop_duplicates("slice").sort_values("example_count", ascending=False)
    return table.astype({"example_count": int}).reset_index(drop=True)


def example_count(evaluation: Path) -> int:
    """Return how many rows were evaluated, all slices together.

    Raises:
        RowsLostError: when the evaluation has no entry for all rows.
    """
    for key, values in load_slices(evaluation):
        if not key:
            return int(values["example_count"])
    raise RowsLostError(
        f"{evaluation} must tell how many rows were evaluated, but does not. Run 04_evaluate again."
    )


def gates_table(evaluation: Path, project: Project) -> pd.DataFrame:
    """Return one row a gate: metric, slice, bounds, value, change to the baseline, and whether it is met."""
    values = {_slice_name(key): metrics for key, metrics in load_slices(evaluation)}
    changes = {_slice_name(key): metrics for key, metrics in load_slices(evaluation, of="changes")}
    return pd.DataFrame([_gate_row(gate, values, changes) for gate in project.spec.gates])


def _gate_row(gate: Gate, values: dict[str, Any], changes: dict[str, Any]) -> dict[str, object]:
    name = _slice_name(tuple(sorted(gate.slice.items())))
    value = values.get(name, {}).get(gate.metric)
    change = changes.get(name, {}).get(gate.metric)
    if change is not None and not gate.higher_is_better:
        change = -change
    met = (
        value is not None
        and (gate.min is None or value > gate.min)
        and (gate.max is None or value < gate.max)
    )
    if gate.min_change is not None and change is not None:
        met = met and change > gate.min_change
    return {
        "metric": gate.metric,
        "slice": name,
        "bound": ", ".join(f"{words} {bound:g}" for words, bound in _bounds(gate).items()),
        "value": value,
        "change": change,
        "met": met,
    }


@dataclass(frozen=True)
class ThresholdCheck:
    """One threshold of a gate, and how a model stands to it.

    Attributes:
        metric: its name.
        slice: the rows it was computed on.
        bound: `at least`, `at most`, or `change at least`, which is against the baseline.
        threshold: the worst value, or change, that is not good any more.
        value: of the model; None: no such row was evaluated.
        baseline: the same metric of the baseline; None: there is no baseline.
        change: how much better the value is than the baseline's; negative: worse.
        limit: the value that would be right at the threshold; None: a change without a baseline.
        margin: how far on the good side of the threshold the value or change is; None where there is none.
        met: whether it lets the model pass; a change does so as long as there is no baseline.
    """

    metric: str
    slice: str
    bound: str
    threshold: float
    value: float | None
    baseline: float | None
    change: float | None
    limit: float | None
    margin: float | None
    met: bool


def threshold_checks(evaluation: Path, project: Project) -> list[ThresholdCheck]:
    """Return each threshold of each gate with what it found, in the order of project.yml."""
    rows = gates_table(evaluation, project).to_dict("records")
    return [
        _threshold_check(gate, row, bound, threshold)
        for gate, row in zip(project.spec.gates, rows, strict=True)
        for bound, threshold in _bounds(gate).items()
    ]


def _threshold_check(gate: Gate, row: dict[Any, Any], bound: str, threshold: float) -> ThresholdCheck:
    value, change = _known(row["value"]), _known(row["change"])
    better = 1 if gate.higher_is_better else -1
    baseline = None if value is None or change is None else value - better * change
    is_change = bound == "change at least"
    judged = change if is_change else value
    limit = threshold if not is_change else None if baseline is None else baseline + better * threshold
    margin = None if judged is None else judged - threshold if bound != "at most" else threshold - judged
    met = margin > 0 if margin is not None else value is not None and limit is None
    return ThresholdCheck(
        row["metric"], row["slice"], bound, threshold, value, baseline, change, limit, margin, met
    )


def _bounds(gate: Gate) -> dict[str, float]:
    bounds = {"at least": gate.min, "at most": gate.max, "change at least": gate.min_change}
    return {words: bound for words, bound in bounds.items() if bound is not None}


def _known(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def is_blessed(session: Session) -> bool:
    """Return whether the latest evaluation blessed its model."""
    blessing = session.latest("Evaluator", "blessing")
    return bool(blessing.get_int_custom_property("blessed") == _BLESSED)


def check_blessed(session: Session) -> str:
    """Return one sentence when the latest evaluation blessed its model, or a person overrode its verdict.

    Raises:
        NotBlessedError: otherwise; the message lists the gates that were missed.
    """
    if is_blessed(session):
        return "The model met every gate and is blessed."
    if decision := latest_override(session):
        return f"The model missed a gate and is not blessed, but may go on by decision of {decision}."
    table = gates_table(session.path("Evaluator", "evaluation"), session.project)
    missed = "\n".join(_missed(gate) for gate in table.to_dict("records") if not gate["met"])
    raise NotBlessedError(
        f"The model must meet every gate of {session.project.folder / 'project.yml'}, but missed:\n{missed}\n"
        "It is not pushed. Train a better one, or change the gate where it is wrong."
    )


def _missed(gate: dict[Any, Any]) -> str:
    value, change = gate["value"], gate["change"]
    if pd.isna(value):
        return f"  {gate['metric']} on {gate['slice']}: no such row was evaluated"
    against = "" if pd.isna(change) else f", {change:+.4f} against the baseline"
    return f"  {gate['metric']} on {gate['slice']}: {gate['bound']}, found {value:.4f}{against}"


def load_slices(
    evaluation: Path, of: Literal["model", "baseline", "changes"] = "model"
) -> list[tuple[SliceKey, dict[str, float]]]:
    """Return for each slice its metrics by name: the model's, the baseline's, or their differences."""
    result = []
    for metrics in tfma.load_metrics(str(evaluation)):
        values: dict[str, float] = {}
        for entry in metrics.metric_keys_and_values:
            side = "baseline" if entry.key.model_name == "baseline" else "model"
            if of == ("changes" if entry.key.is_diff else side):
                values[entry.key.name] = _number(entry.value)
        key = tuple(
            sorted((single.column, _column_value(single)) for single in metrics.slice_key.single_slice_keys)
        )
        if values:
            result.append((key, values))
    return result


def _number(value: Any) -> float:
    kind = value.WhichOneof("type")
    if kind == "double_value":
        return float(value.double_value.value)
    return float(value.bounded_value.value.value) if kind == "bounded_value" else float("nan")


def _column_value(single: Any) -> Any:
    kind = single.WhichOneof("kind")
    value = getattr(single, kind)
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _slice_name(key: tuple[tuple[str, Any], ...]) -> str:
    return ", ".join(f"{column}={value}" for column, value in key) or _OVERALL
