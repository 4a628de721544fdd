"""The registry of metric formulas, and what a formula is given.

A formula is looked up by the class of the metric. It is called once for each metric of each model, with all rows, and
returns a function that gives the metric's values on all slices of a sample: so what does not depend on the sample is
computed once for an evaluation with intervals, which repeats the rest on 20 samples.

    @formula(MeanLabel)
    def _mean_label(asked: Asked) -> Compute:
        label, weight = asked.labels * asked.weights, asked.weights
        return lambda sample: {asked.key: sample.sum(label) / sample.sum(weight)}
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias, TypeVar

import numpy as np

from kit.evaluation.local.queries import Queries
from kit.evaluation.local.rows import NotLocalError, Rows, Sample, Values

Made = TypeVar("Made")
Compute: TypeAlias = Callable[[Sample], Mapping[Any, Values]]
"""From a sample to the values on its slices by TFMA's key: numbers [slices] or [slices, several], or objects."""


@dataclass(frozen=True)
class Asked:
    """One metric of one model.

    Attributes:
        metric: TFMA's, or Keras's; its settings are in `kwargs`.
        key: TFMA's name for it.
        rows: all rows.
        eval_config: the whole configuration.
        queries: the rows by query, of which the slices then consist; None: slices consist of rows.
        spec: the MetricsSpec that asks for it.
        schema: the schema of the examples, which some settings come from; None: there is none.
        shared: what several metrics have in common, by their own keys.
    """

    metric: Any
    key: Any
    rows: Rows
    eval_config: Any
    queries: Queries | None
    spec: Any
    schema: Any | None = None
    shared: dict[Any, Any] = field(default_factory=dict)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The configuration of the metric, defaults included."""
        return self.metric.kwargs  # type: ignore[no-any-return]

    @property
    def labels(self) -> Values:
        """[rows], or [rows, outputs], in the type that the model gave them."""
        return self.rows.models[self.key.model_name].labels

    @property
    def predictions(self) -> Values:
        """[rows], or [rows, classes], in the type that the model gave them."""
        return self.rows.models[self.key.model_name].predictions

    @property
    def weights(self) -> Values:
        """The weight of each example for this metric, float64 [rows]."""
        weights = self.rows.models[self.key.model_name].weights if self.key.example_weighted else None
        return np.ones(self.rows.count) if weights is None else weights.astype(np.float64)

    def about(self, metric: Any, key: Any, spec: Any) -> Asked:
        """Return the same for another metric; what is shared stays shared."""
        return replace(self, metric=metric, key=key, spec=spec)

    def once(self, name: str, make: Callable[[], Made]) -> Made:
        """Return a value that all metrics of this model and weighting share under this name."""
        key = (name, self.key.model_name, self.key.example_weighted)
        if key not in self.shared:
            self.shared[key] = make()
        return self.shared[key]  # type: ignore[no-any-return]

    def one_output(self) -> Asked:
        """Return itself.

        Raises:
            NotLocalError: when a row has several labels or predictions, which this metric takes one by one.
        """
        if self.labels.ndim != 1 or self.predictions.ndim != 1:
            raise NotLocalError(f"{self.key.name} of several outputs a row")
        return self

    def by_query(self) -> Queries:
        """Return the rows by query.

        Raises:
            NotLocalError: when there is no query key.
        """
        if self.queries is None:
            raise NotLocalError(f"{self.key.name} without a query_key")
        return self.queries

    def of_rows(self) -> Asked:
        """Return itself.

        Raises:
            NotLocalError: when there is a query key, and TFMA would treat a query as one row.
        """
        if self.queries is not None:
            raise NotLocalError(f"{self.key.name} by query")
        return self

    def computations(self) -> list[Any]:
        """Return TFMA's computations for it: combiners of rows, and derived ones."""
        return list(
            self.metric.computations(
                eval_config=self.eval_config,
                schema=self.schema,
                model_names=[self.key.model_name],
                output_names=[""],
                sub_keys=[None],
                example_weighted=self.key.example_weighted,
                query_key=self.spec.query_key,
            )
        )


Formula: TypeAlias = Callable[[Asked], Compute]

_MODULES = [f"{__package__}.{name}" for name in ("means", "confusion", "plots", "ranking", "lists")]
"""Where formulas are; a new module is added here."""

_FORMULAS: dict[type, tuple[Formula, bool]] = {}


def formula(*classes: type, subclasses: bool = False) -> Callable[[Formula], Formula]:
    """Register a formula.

    Args:
        classes: the classes of the metrics that it computes.
        subclasses: whether it also computes those of their subclasses.
    """

    def register(function: Formula) -> Formula:
        _FORMULAS.update(dict.fromkeys(classes, (function, subclasses)))
        return function

    return register


def formula_of(metric: Any) -> Formula:
    """Return the formula of a metric.

    Raises:
        NotLocalError: when there is none.
    """
    register_all()
    for cls in type(metric).__mro__:
        if cls in _FORMULAS:
            function, subclasses = _FORMULAS[cls]
            if subclasses or cls is type(metric):
                return function
    raise NotLocalError(f"the metric {type(metric).__name__} has no formula here")


@cache
def register_all() -> None:
    """Import all formulas, and with them the kit's own metrics."""
    for module in _MODULES:  # they import this module
        importlib.import_module(module)


def divided(numerator: Values, denominator: Values) -> Values:
    """Return the quotients; NaN where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator == 0, np.nan, numerator / denominator)
