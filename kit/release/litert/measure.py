"""Measure one file against the model: size, latency, quality overall and by slice, ranking, scores."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kit.evaluation.local.rows import Slices
from kit.evaluation.metrics.scores import auc, r2
from kit.project.file import Task
from kit.release.litert.interpreter import LiteRTModel
from kit.release.litert.model_part import Array, Features
from kit.release.litert.ranking import Requests

MODEL = "model"
"""What the model itself, in TensorFlow, is called among the variants."""
QUALITY: Mapping[Task, str] = {"binary": "AUC", "multiclass": "accuracy", "regression": "R²"}
FEW, MANY = 1, 64  # examples of a timed call
_REPEATS = 40

SliceKey = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Measured:
    """What was measured of one variant.

    Attributes:
        variant: its name, or MODEL.
        refused: why there is no such file; empty: there is one, and only then are there numbers.
        bytes: the bytes of the file; None: the model has no file of its own.
        ms_few: median milliseconds of a call with 1 example.
        ms_many: likewise with 64.
        quality: the quality on all rows.
        lost: the quality that it lost against the model, on all rows; negative: it gained.
        worst_slice: the one that lost most; empty: no slice has a quality.
        worst_quality: the quality on that slice.
        worst_lost: the quality that it lost there.
        overlap: the share of the model's best ten that are among its own.
        difference: the largest difference of a score.
    """

    variant: str
    refused: str = ""
    bytes: int | None = None
    ms_few: float | None = None
    ms_many: float | None = None
    quality: float | None = None
    lost: float | None = None
    worst_slice: str = ""
    worst_quality: float | None = None
    worst_lost: float | None = None
    overlap: float | None = None
    difference: float | None = None


@dataclass(frozen=True)
class Bench:
    """What all variants are measured with.

    Attributes:
        task: the task of the project.
        features: the transformed features of the rows.
        labels: the labels of the rows.
        scores: the scores of the model.
        slices: the slices of the rows.
        least: rows below which a slice is not looked at.
        requests: the requests to be ranked.
        ranked: the model's scores for them.
    """

    task: Task
    features: Features
    labels: Array
    scores: Array
    slices: Slices
    least: int
    requests: Requests
    ranked: Array

    def measure_model(self, call: Callable[[Features], float]) -> Measured:
        """Return the row of the model itself; `call` times it with some rows."""
        return Measured(
            MODEL,
            ms_few=call(self._some(FEW)),
            ms_many=call(self._some(MANY)),
            quality=_known(self.qualities[()]),
            lost=0.0,
            overlap=1.0,
            difference=0.0,
        )

    def measure(self, variant: str, content: bytes) -> Measured:
        """Run a file."""
        model = LiteRTModel(content)
        scores = model.score(self.features)
        found = self._qualities(scores)
        lost = {key: self.qualities[key] - value for key, value in found.items() if np.isfinite(value)}
        in_slices = {key: value for key, value in lost.items() if key and np.isfinite(value)}
        worst = max(in_slices, key=lambda key: in_slices[key], default=None)
        return Measured(
            variant,
            bytes=len(content),
            ms_few=model.milliseconds(self._some(FEW), _REPEATS),
            ms_many=model.milliseconds(self._some(MANY), _REPEATS),
            quality=_known(found[()]),
            lost=_known(lost.get((), math.nan)),
            worst_slice=_in_words(worst) if worst else "",
            worst_quality=found[worst] if worst else None,
            worst_lost=in_slices[worst] if worst else None,
            overlap=self.requests.overlap(self.ranked, model.score(self.requests.features)),
            difference=float(np.abs(scores.astype(np.float64) - self.scores).max()),
        )

    def _some(self, rows: int) -> Features:
        """Return a number of rows; if there are fewer, they are repeated."""
        places = np.arange(rows) % len(self.labels)
        return {name: values[places] for name, values in self.features.items()}

    @cached_property
    def qualities(self) -> dict[SliceKey, float]:
        """The qualities of the model, on all rows and each slice that is large enough."""
        return self._qualities(self.scores)

    def _qualities(self, scores: Array) -> dict[SliceKey, float]:
        found: dict[SliceKey, float] = {(): quality(self.task, scores, self.labels)}
        ends = [*self.slices.starts[1:], len(self.slices.elements)]
        for key, start, end in zip(self.slices.keys, self.slices.starts, ends, strict=True):
            rows = self.slices.elements[start:end]
            if key and len(rows) >= self.least:
                found[key] = quality(self.task, scores[rows], self.labels[rows])
        return found


def quality(task: Task, scores: Array, labels: Array) -> float:
    """Return AUC, the accuracy of the most probable class, or R²; NaN where these rows have none."""
    if task == "binary":
        return auc(scores.astype(np.float64), labels.astype(np.float64))
    if task == "multiclass":
        return float(np.mean(scores.argmax(axis=1) == labels)) if len(labels) else math.nan
    return r2(scores.astype(np.float64), labels.astype(np.float64))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _in_words(key: SliceKey) -> str:
    return ", ".join(f"{column}: {value}" for column, value in key)
