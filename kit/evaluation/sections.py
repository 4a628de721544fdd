"""The evaluation sections of project.yml: metrics and their directions, numeric bands, ranking, intervals.

Imports nothing slow: project.yml is checked before anything else is loaded.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Mapping
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from kit.project_section import Section

EVERY = "*"
"""In a gate's slice: every value of the column has to meet the gate, each on its own."""

HIGHER_IS_BETTER: dict[str, bool | None] = {
    "auc": True,
    "auc_pr": True,
    "accuracy": True,
    "logloss": False,
    "calibration": None,  # predicted over observed: 1 is right, and it gets worse in both directions
    "calibration_error": False,
    "precision": True,
    "recall": True,
    "ndcg_at_k": True,
    "mrr": True,
    "hit_rate_at_k": True,
    "coverage": True,
    "popularity_bias": False,
    "diversity": True,
    "mse": False,
    "mae": False,
}
"""Of every metric whether more of it is better; None: there is one right value between."""

METRICS_BY_TASK: dict[Literal["binary", "multiclass", "regression"], tuple[str, ...]] = {
    "binary": ("auc", "auc_pr", "logloss", "accuracy", "calibration", "calibration_error"),
    "multiclass": ("accuracy", "logloss"),
    "regression": ("mse", "mae"),
}
"""What a project evaluates that names no metrics."""
MORE_METRICS: dict[str, tuple[str, ...]] = {"binary": ("precision", "recall")}
"""What a project may name beside these: they depend on where the decision is made."""
RANKING_METRICS = ("ndcg_at_k", "mrr", "hit_rate_at_k", "coverage", "popularity_bias", "diversity")
"""What a project with a `ranking` section has besides; diversity where the section has attributes."""


class Band(Section):
    """Slices by the range of a number, one for each range between the edges.

    A band begins with its edge and ends before the next. A row without the number is in none.
    """

    column: str
    edges: tuple[float, ...] = Field(min_length=1)
    names: tuple[str, ...] = Field(
        default=(),
        description="one more than edges; by default such as `under 25`, `25 to 50`, `50 and over`",
    )

    @model_validator(mode="after")
    def _edges_rise_and_names_fit(self) -> Self:
        if not all(math.isfinite(edge) for edge in self.edges):
            raise ValueError("the edges of a band must be finite numbers")
        if any(after <= before for before, after in itertools.pairwise(self.edges)):
            raise ValueError("the edges of a band must rise")
        if self.names and len(self.names) != len(self.edges) + 1:
            raise ValueError(
                f"{len(self.edges)} edges cut {len(self.edges) + 1} bands, but there are {len(self.names)} names"
            )
        if len(set(self.names)) < len(self.names) or not all(self.names) or EVERY in self.names:
            raise ValueError(f"the names of bands must differ, and none is empty or {EVERY}")
        return self

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the slices, from the lowest."""
        if self.names:
            return self.names
        texts = [f"{edge:.15g}" for edge in self.edges]
        between = [f"{low} to {high}" for low, high in itertools.pairwise(texts)]
        return (f"under {texts[0]}", *between, f"{texts[-1]} and over")


class Ranking(Section):
    """The rows of a query are a list that the model orders, such as the items shown in one request."""

    query: str = Field(description="column with the same value in all rows of a list")
    item: str = Field(description="column with the listed item")
    k: int = Field(default=10, ge=1, description="how many of a list count as recommended")
    attributes: tuple[str, ...] = Field(
        default=(), description="columns of the item; how much they vary within a list is its diversity"
    )


class Evaluation(Section):
    """How metrics are computed and on which slices."""

    intervals: Annotated[
        Literal["none", "jackknife", "bootstrap"],
        # A plain `off` is false in YAML 1.1.
        BeforeValidator(lambda value: "none" if value is False or value == "off" else value),
    ] = Field(
        default="none",
        description="95% confidence intervals of all metrics, from resampled rows as in TFMA; none: only of "
        "metrics that have a formula for it",
    )
    min_slice_size: int = Field(
        default=1,
        ge=1,
        description="rows below which a slice is shown as too small and decides no gate",
    )
    decision_threshold: float = Field(
        default=0.5,
        gt=0,
        lt=1,
        description="score from which on accuracy, precision and recall count a row as positive",
    )
    bands: dict[str, Band] = Field(
        default_factory=dict,
        description="ranges of numbers as slices, under names that slices and gates may use like columns",
    )


def known_metrics(task: str, ranking: Ranking | None) -> tuple[str, ...]:
    """Return the metrics that a project may name."""
    return (*_of_task(task), *MORE_METRICS.get(task, ()), *_of_ranking(ranking))


def unknown_metric(task: str, ranking: Ranking | None, metric: str) -> str:
    """Return why a project cannot have a metric: empty where it can."""
    known = known_metrics(task, ranking)
    if metric in known:
        return ""
    if metric in RANKING_METRICS and task == "binary":
        return "it needs a section ranking" + (" with attributes" if ranking else "")
    return f"a {task} project has {', '.join(known)}"


def default_metrics(task: str, ranking: Ranking | None) -> tuple[str, ...]:
    """Return the metrics of a project that names none."""
    return (*_of_task(task), *_of_ranking(ranking))


def check_evaluation(
    evaluation: Evaluation, ranking: Ranking | None, task: str, kinds: Mapping[str, str]
) -> None:
    """Refuse bands and rankings of columns that cannot have them.

    Args:
        evaluation: the section `evaluation` of project.yml.
        ranking: the section `ranking`, if there is one.
        task: the task of the project.
        kinds: the kinds of the columns that are read.

    Raises:
        ValueError: says what was expected.
    """
    for name, band in evaluation.bands.items():
        if name in kinds:
            raise ValueError(f"evaluation.bands {name!r} is a column; give the band another name")
        if kinds.get(band.column) not in {"number", "timestamp"}:
            numbers = [column for column, kind in kinds.items() if kind in {"number", "timestamp"}]
            raise ValueError(
                f"evaluation.bands {name!r}: column {band.column!r} is not numeric; there are "
                f"{', '.join(numbers) or 'none'}"
            )
    if ranking is None:
        return
    if task != "binary":
        raise ValueError(
            f"ranking orders the rows of a query by a score: the task must be binary, not {task}"
        )
    for column in (ranking.query, ranking.item, *ranking.attributes):
        if column not in kinds:
            raise ValueError(
                f"ranking: {column!r} is not among the columns that are read: {', '.join(kinds)}"
            )


def check_slice(slice_: Mapping[str, object], bands: Mapping[str, Band], columns: Collection[str]) -> None:
    """Refuse a slice of something that is neither a column nor a band, or of a range that the band lacks.

    Raises:
        ValueError: lists the choices.
    """
    for name, value in slice_.items():
        if name not in columns and name not in bands:
            more = f"; nor among the bands: {', '.join(bands)}" if bands else ""
            raise ValueError(
                f"slice column {name!r} is not among the columns that are read: {', '.join(columns)}{more}"
            )
        if name in bands and value not in {EVERY, *bands[name].labels}:
            raise ValueError(f"{name!r} has no band {value!r}; it has {', '.join(bands[name].labels)}")


def _of_task(task: str) -> tuple[str, ...]:
    return next((names for known, names in METRICS_BY_TASK.items() if known == task), ())


def _of_ranking(ranking: Ranking | None) -> tuple[str, ...]:
    if ranking is None:
        return ()
    return RANKING_METRICS if ranking.attributes else RANKING_METRICS[:-1]
