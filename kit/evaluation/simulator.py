"""What-if gates: which stored evaluations would have passed other thresholds.

The verdict is TFMA's (`tensorflow_model_analysis.evaluators.metrics_validator`, and the writer that puts its verdicts
together), taken apart: for every threshold the one value that decides, and what no threshold can change.

- A value exactly at its threshold meets it; NaN meets nothing.
- A threshold applies to each slice that its own slice describes: the worst of them decides. Slices with fewer rows than
  `min_slice_size` do not count, and a threshold without slices is missed.
- A metric that any slice lacks is missed on all of them.
- A change without a baseline is met.

What an evaluation did not compute, such as a metric or a slice that project.yml named later, is unknown: the verdict is
then None unless another threshold is missed.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.slicer import slicer_lib as slicer
from tensorflow_model_analysis.writers import eval_config_writer

from kit.evaluation.config import slicing_spec
from kit.evaluation.gate_checks import AT_LEAST, AT_MOST, CHANGE, BoundKind, slice_name, thresholds_of
from kit.evaluation.metrics.slice_rules import rules_of
from kit.evaluation.names import BASELINE, EXAMPLE_COUNT
from kit.evaluation.results import SliceKey, metric_value, slice_key
from kit.evaluation.sections import EVERY
from kit.project.file import Gate

_Cut = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Bound:
    """One threshold.

    Attributes:
        metric: its name.
        slice: columns with their values; `*`: every value.
        kind: the kind of bound.
        threshold: the worst value, or gain over the baseline, that still passes.
        rises: whether larger values of the metric are better.
    """

    metric: str
    slice: _Cut
    kind: BoundKind
    threshold: float
    rises: bool = True

    @property
    def slice_name(self) -> str:
        return slice_name(self.slice)

    def is_met_by(self, value: float) -> bool:
        """Return whether a value, or a gain, is on the good side; NaN is not."""
        return value <= self.threshold if self.kind == AT_MOST else value >= self.threshold


@dataclass(frozen=True)
class Decisive:
    """What decides a threshold in one evaluation.

    Attributes:
        value: the value of the worst slice; None: no threshold changes anything.
        met: whether it is met, although there is no value; None: not known.
        slice: the worst slice; empty: there was none.
        note: why there is no value.
    """

    value: float | None
    met: bool | None = None
    slice: str = ""
    note: str = ""


def bounds_of(gates: Sequence[Gate]) -> list[Bound]:
    """Return the thresholds of gates, in their order."""
    found = []
    for gate in gates:
        cut = tuple(sorted((column, str(value)) for column, value in gate.slice.items()))
        found += [
            Bound(gate.metric, cut, kind, threshold, gate.higher_is_better)
            for kind, threshold in thresholds_of(gate).items()
        ]
    return found


@dataclass(frozen=True)
class _Slice:
    key: Any  # as TFMA compares it
    columns: SliceKey
    name: str
    values: dict[str, float]
    changes: dict[str, float]


class StoredEvaluation:
    """The contents of a ModelEvaluation.

    Args:
        folder: the folder of the artifact.

    Raises:
        ValueError: when there is no evaluation.
    """

    def __init__(self, folder: Path) -> None:
        loaded = eval_config_writer.load_eval_run(str(folder))[0]
        if loaded is None:
            raise ValueError(f"{folder} must hold an evaluation, but has no eval_config.json.")
        self.config: tfma.EvalConfig = loaded
        self.has_baseline = any(model.is_baseline for model in self.config.model_specs)
        least = rules_of(self.config)["min_slice_size"]
        slices = list(_slices(folder))
        self._judged = [
            one for one in slices if not one.key or not one.values.get(EXAMPLE_COUNT, math.inf) < least
        ]
        self._small = [one for one in slices if one not in self._judged]

    def passes(self, bounds: Sequence[Bound]) -> bool | None:
        """Return whether the model meets thresholds; None: it meets those that are known."""
        verdicts = [self.verdict(bound) for bound in bounds]
        if False in verdicts:
            return False
        return None if None in verdicts else True

    def verdict(self, bound: Bound) -> bool | None:
        """Return whether one threshold is met; None: not known."""
        decisive = self.decisive(bound)
        return decisive.met if decisive.value is None else bound.is_met_by(decisive.value)

    def decisive(self, bound: Bound) -> Decisive:
        """Return what decides a threshold, whatever its value."""
        if bound.kind == CHANGE and not self.has_baseline:
            return Decisive(None, met=True, note="no baseline")
        if bound.metric not in self._evaluated():
            return Decisive(None, note="metric not evaluated")
        lacking = [one.name for one in self._judged if bound.metric not in self._numbers(one, bound)]
        if lacking:
            return Decisive(None, met=False, note=f"not computed on {lacking[0]}")
        spec = slicing_spec(dict(bound.slice))
        asked = [one for one in self._judged if _is_asked(spec, one)]
        if not asked:
            return self._unasked(spec)
        gains = [(self._gain(one, bound), one.name) for one in asked]
        for value, name in gains:
            if math.isnan(value):
                return Decisive(None, met=False, slice=name, note="not a number")
        value, name = max(gains) if bound.kind == AT_MOST else min(gains)
        return Decisive(value, slice=name)

    def bounds(self) -> list[Bound]:
        """Return the thresholds that this evaluation had."""
        found = []
        thresholds = metric_specs.metric_thresholds_from_metrics_specs(
            self.config.metrics_specs, eval_config=self.config
        )
        baselines = {model.name for model in self.config.model_specs if model.is_baseline}
        for key, pairs in thresholds.items():
            if key.model_name not in baselines:
                for spec, threshold in pairs:
                    for cut in self._cuts(spec):
                        found += list(_bounds(key.name, cut, threshold))
        return found

    def _cuts(self, spec: tfma.SlicingSpec | None) -> list[_Cut]:
        """Return the slices that a threshold applies to; without a spec all of them, one by one."""
        if spec is None:
            return [
                tuple(sorted((column, str(value)) for column, value in one.columns)) for one in self._judged
            ]
        return [tuple(sorted({**dict.fromkeys(spec.feature_keys, EVERY), **spec.feature_values}.items()))]

    def _unasked(self, spec: tfma.SlicingSpec) -> Decisive:
        if any(_is_asked(spec, one) for one in self._small):
            return Decisive(None, met=False, note="too few rows")
        if any(_covers(cut, spec) for cut in self.config.slicing_specs):
            return Decisive(None, met=False, note="no such row")
        return Decisive(None, note="slice not evaluated")

    def _evaluated(self) -> set[str]:
        names = set()
        for spec in self.config.metrics_specs:
            names |= {
                json.loads(metric.config or "{}").get("name", metric.class_name) for metric in spec.metrics
            }
        return names

    @staticmethod
    def _numbers(one: _Slice, bound: Bound) -> dict[str, float]:
        return one.changes if bound.kind == CHANGE else one.values

    def _gain(self, one: _Slice, bound: Bound) -> float:
        value = self._numbers(one, bound)[bound.metric]
        return -value if bound.kind == CHANGE and not bound.rises else value


def _slices(folder: Path) -> Iterator[_Slice]:
    for metrics in tfma.load_metrics(str(folder)):
        values: dict[str, float] = {}
        changes: dict[str, float] = {}
        for entry in metrics.metric_keys_and_values:
            if entry.key.is_diff:
                changes[entry.key.name] = metric_value(entry.value)
            elif entry.key.model_name != BASELINE:
                values[entry.key.name] = metric_value(entry.value)
        columns = slice_key(metrics.slice_key)
        key = slicer.deserialize_slice_key(metrics.slice_key)
        yield _Slice(key, columns, slice_name(columns), values, changes)


def _is_asked(spec: tfma.SlicingSpec, one: _Slice) -> bool:
    return bool(slicer.SingleSliceSpec(spec=spec).is_slice_applicable(one.key))


def _covers(cut: tfma.SlicingSpec, spec: tfma.SlicingSpec) -> bool:
    """Return whether each slice of a spec would be among those of another one."""
    columns = {*spec.feature_keys, *spec.feature_values}
    if columns != {*cut.feature_keys, *cut.feature_values}:
        return False
    return all(spec.feature_values.get(name) == value for name, value in cut.feature_values.items())


def _bounds(metric: str, cut: _Cut, threshold: Any) -> Iterator[Bound]:
    if isinstance(threshold, tfma.GenericValueThreshold):
        if threshold.HasField("lower_bound"):
            yield Bound(metric, cut, AT_LEAST, threshold.lower_bound.value)
        if threshold.HasField("upper_bound"):
            yield Bound(metric, cut, AT_MOST, threshold.upper_bound.value)
    elif threshold.HasField("absolute"):
        rises = threshold.direction == tfma.MetricDirection.HIGHER_IS_BETTER
        least = threshold.absolute.value
        yield Bound(metric, cut, CHANGE, least if rises else -least, rises)
