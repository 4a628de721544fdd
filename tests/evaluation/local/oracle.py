"""What TFMA's own combiners, without Beam around them, make of rows that are each counted so many times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import metrics_plots_and_validations_evaluator as evaluator
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.utils import util

from kit.evaluation.local.queries import Queries
from kit.evaluation.local.rows import Rows, Slices, Values


def tfma_values(
    eval_config: Any, rows: Rows, slices: Slices, times: Values | None = None
) -> dict[Any, dict[Any, Any]]:
    """Return the public values of each slice by TFMA's keys, without differences.

    Args:
        eval_config: whose metrics all have the same query_key.
        rows: of which models.
        slices: of the rows, or of the queries.
        times: how often each membership counts; None: once.
    """
    [query_key] = {spec.query_key for spec in eval_config.metrics_specs}
    separate = evaluator._filter_and_separate_computations(
        metric_specs.to_computations(list(eval_config.metrics_specs), eval_config=eval_config)
    )
    preprocess = evaluator._PreprocessorDoFn(separate.non_derived_computations)
    preprocess.setup()
    combine = evaluator._ComputationsCombineFn(separate.non_derived_computations)
    combine.setup()
    elements = [next(iter(preprocess.process(one))) for one in _elements(rows, query_key)]
    counted = np.ones(len(slices.elements), np.int64) if times is None else times
    values = {}
    ends = np.append(slices.starts[1:], len(slices.elements))
    for key, first, last in zip(slices.keys, slices.starts, ends, strict=True):
        accumulator = combine.create_accumulator()
        for element, count in zip(slices.elements[first:last], counted[first:last], strict=True):
            for _ in range(count):
                accumulator = combine.add_input(accumulator, elements[element])
        found = combine.extract_output(accumulator)
        for derived in separate.derived_computations:
            found.update(derived.result(found))
        values[key] = {one: value for one, value in found.items() if not evaluator._is_private_metrics(one)}
    return values


def _elements(rows: Rows, query_key: str) -> Iterator[dict[str, Any]]:
    each = [_extracts(rows, row) for row in range(rows.count)]
    if not query_key:
        yield from each
        return
    queries = Queries.of(rows, query_key)
    for query in range(queries.count):
        yield util.merge_extracts([each[row] for row in np.flatnonzero(queries.of_row == query)])


def _extracts(rows: Rows, row: int) -> dict[str, Any]:
    several = len(rows.models) > 1
    columns = {
        constants.LABELS_KEY: {name: _one(scored.labels, row) for name, scored in rows.models.items()},
        constants.PREDICTIONS_KEY: {
            name: _one(scored.predictions, row) for name, scored in rows.models.items()
        },
    }
    weighted = {
        name: _one(scored.weights, row) for name, scored in rows.models.items() if scored.weights is not None
    }
    if weighted:
        columns[constants.EXAMPLE_WEIGHTS_KEY] = weighted
    return {
        constants.FEATURES_KEY: {
            name: pairs.values[pairs.rows == row] for name, pairs in rows.features.items()
        },
        constants.SLICE_KEY_TYPES_KEY: np.empty(0, object),
        **{key: by_model if several else by_model[""] for key, by_model in columns.items()},
    }


def _one(values: Values, row: int) -> Values:
    return np.atleast_1d(values[row])
