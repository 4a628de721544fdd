"""The model against its gates: one record per threshold and slice that it applies to.

The rules are those of the verdict itself (`kit.evaluation.metrics.validation` and TFMA's), so that what a person reads
and what Evaluator decided are the same:

- A value exactly at its threshold meets it.
- A change is met as long as there is no baseline; it is then no threshold that was checked.
- A gate on a slice that is missing, or has fewer rows than `min_slice_size`, is missed: it demands proof.
- A gate on every value of a column (`*`) is decided by the slices with enough rows, and missed without any.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from kit.evaluation.names import EXAMPLE_COUNT
from kit.evaluation.sections import EVERY
from kit.project.file import Gate

Metrics = Mapping[str, float]
BoundKind = Literal["at least", "at most", "change at least"]

AT_LEAST: BoundKind = "at least"
AT_MOST: BoundKind = "at most"
CHANGE: BoundKind = "change at least"
_OVERALL = "all rows"
_NO_BASELINE = "no baseline yet"


@dataclass(frozen=True, kw_only=True)
class ThresholdCheck:
    """One threshold of a gate on one slice, and how a model does against it.

    Attributes:
        metric: its name.
        slice: the rows it was computed on.
        bound: `at least`, `at most`, or `change at least`, which is against the baseline.
        threshold: the worst value, or change, that still passes.
        value: the value of the model; None: there is no number, as the note says.
        baseline: the same metric of the baseline; None: there is no baseline.
        change: how much better the value is than the baseline's; negative: worse.
        limit: the value exactly at the threshold; None: a change without a baseline.
        margin: how far on the good side of the threshold the value or change is; None where it decides nothing.
        met: whether it lets the model pass; a change does so as long as there is no baseline.
        note: why the value decides nothing, such as `only 40 rows, 100 needed`; empty: it decides.
    """

    metric: str
    slice: str
    bound: BoundKind
    threshold: float
    value: float | None
    baseline: float | None
    change: float | None
    limit: float | None
    margin: float | None
    met: bool
    note: str = ""

    @property
    def lacks_baseline(self) -> bool:
        """Whether it is met only as there is nothing to compare with yet."""
        return self.note == _NO_BASELINE


@dataclass(frozen=True)
class Found:
    """What an evaluation found, by the name of a slice.

    Attributes:
        values: metrics of the model.
        changes: the differences from the baseline's; empty: there was none.
        columns: the columns and values that each slice was cut by.
        min_slice_size: the rows that a slice must have to decide a gate.
    """

    values: Mapping[str, Metrics]
    changes: Mapping[str, Metrics]
    columns: Mapping[str, Mapping[str, str]]
    min_slice_size: int = 1

    def slices_of(self, gate: Gate) -> list[str]:
        """Return the slices that a gate applies to, those with enough rows first; its own name if there are none."""
        if EVERY not in gate.slice.values():
            return [slice_name(gate.slice.items())]
        family = [name for name, cut in self.columns.items() if _is_in(cut, gate)]
        return sorted(family, key=lambda name: (self.is_small(name), name)) or [
            slice_name(gate.slice.items())
        ]

    def is_small(self, name: str) -> bool:
        """Whether a slice exists but has too few rows to decide a gate."""
        return name != _OVERALL and self.rows(name) < self.min_slice_size

    def rows(self, name: str) -> float:
        return self.values.get(name, {}).get(EXAMPLE_COUNT, math.inf)


def slice_name(key: Any) -> str:
    """Return the label of a slice, such as `device=mobile, region=north`.

    Args:
        key: its columns with their values.
    """
    return ", ".join(f"{column}={value}" for column, value in sorted(key)) or _OVERALL


def checks_of(gate: Gate, found: Found) -> Iterator[ThresholdCheck]:
    """Yield each threshold of a gate on each slice that it applies to."""
    names = found.slices_of(gate)
    is_family = EVERY in gate.slice.values()
    all_small = all(found.is_small(name) for name in names)
    for name in names:
        note = ""
        if found.is_small(name):
            note = f"too few rows: {found.rows(name):,.0f}, {found.min_slice_size:,} needed"
        for bound, threshold in thresholds_of(gate).items():
            yield _check(gate, name, (bound, threshold), found, note, passes=is_family and not all_small)


def thresholds_of(gate: Gate) -> dict[BoundKind, float]:
    """Return the thresholds of a gate by their kinds."""
    said = {AT_LEAST: gate.min, AT_MOST: gate.max, CHANGE: gate.min_change}
    return {kind: threshold for kind, threshold in said.items() if threshold is not None}


def asked(bound: BoundKind, threshold: float) -> str:
    """Return what a threshold demands, such as `at least 0.7`."""
    words = {
        AT_LEAST: f"at least {threshold:g}",
        AT_MOST: f"at most {threshold:g}",
        CHANGE: f"change at least {threshold:g}",
    }
    return words[bound]


def _check(  # noqa: PLR0913, PLR0917  what a threshold is asked of
    gate: Gate, name: str, bound: tuple[BoundKind, float], found: Found, note: str, passes: bool
) -> ThresholdCheck:
    kind, threshold = bound
    value = _known(found.values.get(name, {}).get(gate.metric))
    change = _known(found.changes.get(name, {}).get(gate.metric))
    better = 1 if gate.higher_is_better else -1
    baseline = None if value is None or change is None else value - change
    gain = None if change is None else better * change
    is_change = kind == CHANGE
    limit: float | None = threshold
    if is_change:
        limit = None if baseline is None else baseline + better * threshold
    judged = gain if is_change else value
    margin = None if note or judged is None else _margin(kind, threshold, judged)
    is_free = is_change and not found.changes  # there is no baseline
    met = is_free or (passes if note else margin is not None and margin >= 0)
    if margin is None and not note:
        note = _NO_BASELINE if is_free else _why_unknown(name, found)
    return ThresholdCheck(
        metric=gate.metric,
        slice=name,
        bound=kind,
        threshold=threshold,
        value=value,
        baseline=baseline,
        change=gain,
        limit=limit,
        margin=margin,
        met=met,
        note=note,
    )


def _why_unknown(name: str, found: Found) -> str:
    """Return why a metric has no value on a slice: there are no rows, or what was computed on them is no number."""
    if name not in found.values:
        return "no such row was evaluated"
    rows = found.rows(name)
    return (
        "not a number on the only row"
        if rows == 1
        else f"not a number on the {rows:,.0f} rows that were evaluated"
    )


def _margin(kind: BoundKind, threshold: float, judged: float) -> float:
    return threshold - judged if kind == AT_MOST else judged - threshold


def _is_in(cut: Mapping[str, str], gate: Gate) -> bool:
    return set(cut) == set(gate.slice) and all(
        value == EVERY or cut[column] == str(value) for column, value in gate.slice.items()
    )


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)
