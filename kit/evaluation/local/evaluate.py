"""Compute all metrics and plots of an EvalConfig on all slices, in the form that TFMA's writers take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any, NamedTuple

from tensorflow_model_analysis.metrics import metric_specs, metric_types
from tensorflow_model_analysis.post_export_metrics import metric_keys
from tensorflow_model_analysis.utils import model_util

from kit.evaluation.local.formulas import Asked, Compute, formula_of
from kit.evaluation.local.intervals import Table, with_intervals
from kit.evaluation.local.queries import Queries
from kit.evaluation.local.rows import Rows, Sample, Slices
from kit.evaluation.local.slices import slices_of
from kit.evaluation.local.support import check_slices
from kit.steps.progress import report

SliceValues = dict[tuple[tuple[str, Any], ...], dict[Any, Any]]


class Evaluated(NamedTuple):
    """The values of each slice by TFMA's keys.

    Attributes:
        metrics: numbers, structures of numbers, and both with an interval.
        plots: TFMA's protos.
    """

    metrics: SliceValues
    plots: SliceValues


def evaluate(eval_config: Any, rows: Rows, schema: Any | None = None, seed: int | None = None) -> Evaluated:
    """Compute what a configuration asks for.

    Args:
        eval_config: the configuration, with its defaults filled in.
        rows: the rows, read and scored.
        schema: the schema of the examples.
        seed: the seed of the samples for intervals; None: a different one each time.

    Raises:
        NotLocalError: when it asks for something that has no formula here.
    """
    of_rows = slices_of(eval_config.slicing_specs, rows.features, rows.count)
    check_slices(of_rows)
    evaluated = Evaluated({}, {})
    # All formulas first: what must go through Beam does so before anything is computed.
    for part in list(_parts(eval_config, rows, of_rows, schema)):
        report(f"{len(part.computes)} metrics of {len(part.slices.keys)} slices")
        table = with_intervals(
            partial(_table, eval_config, part.computes),
            part.slices,
            eval_config.options,
            metric_specs.metric_keys_to_skip_for_confidence_intervals(part.specs, eval_config=eval_config),
            seed,
        )
        _add(evaluated, part.slices, table, eval_config.options.min_slice_size.value)
    return evaluated


class _Part(NamedTuple):
    """The metrics of rows, or of the queries of one key."""

    specs: list[Any]
    slices: Slices
    computes: list[Compute]


def _parts(eval_config: Any, rows: Rows, of_rows: Slices, schema: Any | None) -> Iterator[_Part]:
    by_query: dict[str, list[Any]] = defaultdict(list)
    for spec in eval_config.metrics_specs:
        by_query[spec.query_key].append(spec)
    for key, specs in by_query.items():
        queries = Queries.of(rows, key) if key else None
        asked = Asked(None, None, rows, eval_config, queries, None, schema)
        slices = queries.slices(of_rows) if queries else of_rows
        yield _Part(specs, slices, _formulas(eval_config, specs, asked))


def _formulas(eval_config: Any, specs: Collection[Any], asked: Asked) -> list[Compute]:
    computes = []
    for spec in specs:
        for key, _, metric in metric_specs.keys_and_metrics_from_specs(eval_config, [spec]):
            asked = asked.about(metric, key, spec)
            computes.append(formula_of(metric)(asked))
    return computes


def _table(eval_config: Any, computes: Collection[Compute], sample: Sample) -> Table:
    """Return all values of a sample, with the differences to the baseline."""
    table: dict[Any, Any] = {}
    for compute in computes:
        table = {**compute(sample), **table}  # TFMA computes the first of two metrics with the same name
    baseline = model_util.get_baseline_model_spec(eval_config)
    if baseline is None:
        return table
    differences = {}
    for key, values in table.items():
        if key.model_name == baseline.name or isinstance(key, metric_types.PlotKey) or key.is_diff:
            continue
        against = table.get(key.make_baseline_key(baseline.name))
        if against is not None:
            differences[key.make_diff_key()] = values - against
    return table | differences


def _add(evaluated: Evaluated, slices: Slices, table: Table, min_size: int) -> None:
    for number, (slice_key, size) in enumerate(zip(slices.keys, slices.sizes, strict=True)):
        metrics = evaluated.metrics.setdefault(slice_key, {})
        drawn = evaluated.plots.setdefault(slice_key, {})
        if slice_key and size < min_size:
            message = (
                "Example count for this slice key is lower than the minimum required value: "
                f"{min_size}. No data is aggregated for this slice."
            )
            metrics[metric_keys.ERROR_METRIC] = message
            continue
        for key, values in table.items():
            value = values[number]
            if value is not None:
                (drawn if isinstance(key, metric_types.PlotKey) else metrics)[key] = value
