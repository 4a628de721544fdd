"""Evaluator's results: metrics by slice, each gate's verdict, and the error that stops a batch."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import tensorflow_model_analysis as tfma

from kit.errors import NotBlessedError, RowsLostError
from kit.evaluation.blessing import is_blessed
from kit.evaluation.gate_checks import Found, ThresholdCheck, asked, checks_of, slice_name, thresholds_of
from kit.evaluation.names import BASELINE, EXAMPLE_COUNT
from kit.evaluation.override import latest_override
from kit.project import Project
from kit.session import Session

SliceKey = tuple[tuple[str, Any], ...]
"""The columns and values that a slice was cut by, sorted; empty for all rows."""

_Side = Literal["model", "baseline", "changes"]


def metrics_table(evaluation: Path, project: Project) -> pd.DataFrame:
    """Return one row per slice, the largest first: its name, `example_count`, and the metrics of the project."""
    names = [EXAMPLE_COUNT, *project.spec.evaluated]
    rows = [
        {"slice": slice_name(key), **{name: values[name] for name in names if name in values}}
        for key, values in load_slices(evaluation)
    ]
    table = pd.DataFrame(rows).drop_duplicates("slice").sort_values(EXAMPLE_COUNT, ascending=False)
    return table.astype({EXAMPLE_COUNT: int}).reset_index(drop=True)


def example_count(evaluation: Path) -> int:
    """Return the number of evaluated rows.

    Raises:
        RowsLostError: when the evaluation has no entry for all rows.
    """
    for key, values in load_slices(evaluation):
        if not key:
            return int(values[EXAMPLE_COUNT])
    raise RowsLostError(
        f"{evaluation} must say how many rows were evaluated, but does not. Run 04_evaluate again."
    )


def gates_table(evaluation: Path, project: Project) -> pd.DataFrame:
    """Return one row per gate and slice: metric, slice, bound, value, change to the baseline, whether met, note."""
    found = EvaluatedSlices(evaluation).found(project)
    rows = []
    for gate in project.spec.gates:
        words = ", ".join(asked(bound, threshold) for bound, threshold in thresholds_of(gate).items())
        of_slice: dict[str, list[ThresholdCheck]] = {}
        for check in checks_of(gate, found):
            of_slice.setdefault(check.slice, []).append(check)
        rows += [_gate_row(checks, words) for checks in of_slice.values()]
    return pd.DataFrame(rows)


def _gate_row(checks: list[ThresholdCheck], bound: str) -> dict[str, object]:
    first = checks[0]
    return {
        "metric": first.metric,
        "slice": first.slice,
        "bound": bound,
        "value": first.value,
        "change": first.change,
        "met": all(check.met for check in checks),
        "note": next((check.note for check in checks if not check.met), first.note),
    }


def threshold_checks(evaluation: Path, project: Project) -> list[ThresholdCheck]:
    """Return each threshold of each gate, on each slice that it applies to, in the order of project.yml."""
    found = EvaluatedSlices(evaluation).found(project)
    return [check for gate in project.spec.gates for check in checks_of(gate, found)]


def latest_is_blessed(session: Session) -> bool:
    """Return whether the latest evaluation blessed its model."""
    return is_blessed(session.latest("Evaluator", "blessing"))


def check_blessed(session: Session) -> str:
    """Return one sentence when the latest evaluation blessed its model, or a person overrode its verdict.

    Raises:
        NotBlessedError: otherwise; the message lists the gates that were missed.
    """
    if latest_is_blessed(session):
        return "The model met every gate and is blessed."
    if decision := latest_override(session):
        return f"The model missed a gate and is not blessed, but may go on by decision of {decision}."
    raise not_blessed(session.path("Evaluator", "evaluation"), session.project)


def not_blessed(evaluation: Path, project: Project) -> NotBlessedError:
    """Return the error of a model that is not blessed; its message lists the gates that were missed."""
    table = gates_table(evaluation, project)
    missed = "\n".join(_missed(gate) for gate in table.to_dict("records") if not gate["met"])
    return NotBlessedError(
        f"The model must meet every gate of {project.folder / 'project.yml'}, but missed:\n{missed}\n"
        "It is not pushed. Train a better one, or change the gate where it is wrong."
    )


def _missed(gate: dict[Any, Any]) -> str:
    value, change = gate["value"], gate["change"]
    if gate["note"]:
        return f"  {gate['metric']} on {gate['slice']}: {gate['note']}"
    against = "" if pd.isna(change) else f", {change:+.4f} against the baseline"
    return f"  {gate['metric']} on {gate['slice']}: {gate['bound']}, found {value:.4f}{against}"


def load_slices(evaluation: Path) -> list[tuple[SliceKey, dict[str, float]]]:
    """Return for each slice the metrics of the model by name."""
    return EvaluatedSlices(evaluation).metrics("model")


class EvaluatedSlices:
    """What Evaluator found on every slice, of the model, of the baseline, and of their differences; read once.

    Args:
        evaluation: the folder of its results.
    """

    def __init__(self, evaluation: Path) -> None:
        self._entries: defaultdict[_Side, list[tuple[SliceKey, dict[str, Any]]]] = defaultdict(list)
        for metrics in tfma.load_metrics(str(evaluation)):
            entries: dict[_Side, dict[str, Any]] = {}
            for entry in metrics.metric_keys_and_values:
                side: _Side = "baseline" if entry.key.model_name == BASELINE else "model"
                entries.setdefault("changes" if entry.key.is_diff else side, {})[entry.key.name] = entry
            for of, by_name in entries.items():
                self._entries[of].append((slice_key(metrics.slice_key), by_name))

    def metrics(self, of: _Side) -> list[tuple[SliceKey, dict[str, float]]]:
        """Return for each slice its metrics by name; empty: there was no baseline."""
        return [
            (key, {name: metric_value(entry.value) for name, entry in entries.items()})
            for key, entries in self._entries[of]
        ]

    def intervals(self, of: _Side) -> dict[SliceKey, dict[str, tuple[float, float]]]:
        """Return the 95% confidence intervals by slice and metric; without metrics: none were asked for."""
        return {
            key: {
                name: (
                    metric_value(entry.confidence_interval.lower_bound),
                    metric_value(entry.confidence_interval.upper_bound),
                )
                for name, entry in entries.items()
                if entry.HasField("confidence_interval")
            }
            for key, entries in self._entries[of]
        }

    def found(self, project: Project) -> Found:
        """Return what decides the gates of a project; see `kit.evaluation.gate_checks`."""
        slices = self.metrics("model")
        return Found(
            values={slice_name(key): metrics for key, metrics in slices},
            changes={slice_name(key): metrics for key, metrics in self.metrics("changes")},
            columns={slice_name(key): {column: str(value) for column, value in key} for key, _ in slices},
            min_slice_size=project.spec.evaluation.min_slice_size,
        )


def slice_key(key: Any) -> SliceKey:
    """Return TFMA's message of a slice as plain columns and values."""
    return tuple(sorted((single.column, _column_value(single)) for single in key.single_slice_keys))


def metric_value(value: Any) -> float:
    """Return a TFMA metric value as a float; NaN if it is not numeric."""
    kind = value.WhichOneof("type")
    if kind == "double_value":
        return float(value.double_value.value)
    return float(value.bounded_value.value.value) if kind == "bounded_value" else float("nan")


def _column_value(single: Any) -> Any:
    kind = single.WhichOneof("kind")
    value = getattr(single, kind)
    return value.decode(errors="replace") if isinstance(value, bytes) else value
