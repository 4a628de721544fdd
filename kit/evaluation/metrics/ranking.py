"""Ranking metrics as TFMA metrics, all read from sums over lists that are computed once per slice.

Like all metrics of TFMA with a query key, they are about whole queries: for a slice of some rows of a query, such as
the items of a category, they cover the queries with such a row, with all of their rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np
from numpy.typing import NDArray
from tensorflow_model_analysis.metrics import metric_types, metric_util

from kit.evaluation.metrics.lists import ListFigures, ListSums, measure_list

_SUMS = "_list_sums"  # TFMA leaves names that begin with _ out of its results


class _RankingMetric(metric_types.Metric):
    """A metric of lists.

    Args:
        item_key: column of the item.
        k: how many of a list count as recommended.
        attribute_keys: columns whose variety is the diversity.
        name: the name of the metric.
    """

    metric = ""

    def __init__(
        self, item_key: str, k: int, attribute_keys: Iterable[str] = (), name: str | None = None
    ) -> None:
        super().__init__(
            metric_util.merge_per_key_computations(_computations),
            metric=self.metric,
            item_key=item_key,
            k=k,
            attribute_keys=list(attribute_keys),
            name=name or self.metric,
        )


class NDCGAtK(_RankingMetric):
    """Normalized discounted cumulative gain of the first k: mean over the queries with a positive row.

    TFMA's own NDCG takes its gain from a raw feature, which a text label or a computed one is not.
    """

    metric = "ndcg_at_k"


class MeanReciprocalRank(_RankingMetric):
    """1 / the rank of the first positive row: mean over the queries with one.

    Voorhees, The TREC-8 question answering track report (1999).
    """

    metric = "mrr"


class HitRateAtK(_RankingMetric):
    """The share of the queries with a positive row that have one among the first k.

    Deshpande and Karypis, Item-based top-n recommendation algorithms, ACM TOIS 22 (2004).
    """

    metric = "hit_rate_at_k"


class CatalogueCoverage(_RankingMetric):
    """The share of the items in the evaluated rows that are among the first k of any query."""

    metric = "coverage"


class PopularityBias(_RankingMetric):
    """How much more popular the first k are than what was shown, relative; see `ListSums`."""

    metric = "popularity_bias"


class IntraListDiversity(_RankingMetric):
    """The share of pairs among the first k that differ, mean over queries and attributes; see `measure_list`."""

    metric = "diversity"


CLASSES: dict[str, type[_RankingMetric]] = {
    each.metric: each
    for each in (
        NDCGAtK,
        MeanReciprocalRank,
        HitRateAtK,
        CatalogueCoverage,
        PopularityBias,
        IntraListDiversity,
    )
}
"""The classes by their names in project.yml."""
for _class in CLASSES.values():
    metric_types.register_metric(_class)


def _computations(  # noqa: PLR0913, PLR0917  TFMA gives them by name
    metric: str,
    item_key: str,
    k: int,
    attribute_keys: list[str],
    name: str,
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    example_weighted: bool = False,
    query_key: str = "",
) -> list[Any]:
    if not query_key:
        raise ValueError(f"{name} is a metric of queries: its MetricsSpec needs a query_key")
    where = {"model_name": model_name, "output_name": output_name, "example_weighted": example_weighted}
    sums = metric_types.MetricKey(name=f"{_SUMS}_{k}", **where)
    key = metric_types.MetricKey(name=name, **where)
    features = metric_types.FeaturePreprocessor(feature_keys=[item_key, *attribute_keys])
    combiner = _SumsCombiner(sums, item_key, attribute_keys, k, eval_config)
    return [
        metric_types.MetricComputation(keys=[sums], preprocessors=[features], combiner=combiner),
        metric_types.DerivedMetricComputation(
            keys=[key], result=lambda found: {key: found[sums].metrics()[metric]}
        ),
    ]


class _SumsCombiner(beam.CombineFn):
    """Sums over the queries of a slice."""

    def __init__(self, key: Any, item_key: str, attribute_keys: list[str], k: int, eval_config: Any) -> None:
        super().__init__()
        self._key, self._item_key, self._attribute_keys = key, item_key, attribute_keys
        self._k, self._eval_config = k, eval_config
        self._latest: tuple[Any, Any] = (None, None)

    def create_accumulator(self) -> ListSums:
        return ListSums()

    def add_input(self, accumulator: ListSums, element: Any) -> ListSums:
        if element is not self._latest[0]:  # the slices of a query come one after another
            self._latest = (element, self._figures(element))
        return accumulator.add(self._latest[1])

    def merge_accumulators(self, accumulators: Iterable[ListSums]) -> ListSums:
        merged = ListSums()
        for each in accumulators:
            merged.merge(each)
        return merged

    def extract_output(self, accumulator: ListSums) -> dict[Any, ListSums]:
        return {self._key: accumulator}

    def _figures(self, query: Any) -> ListFigures:
        [(labels, scores, _)] = metric_util.to_label_prediction_example_weight(
            query,
            eval_config=self._eval_config,
            model_name=self._key.model_name,
            output_name=self._key.output_name,
            flatten=False,
            require_single_example_weight=True,
        )
        scores = np.asarray(scores, np.float64).reshape(-1)
        items, *attributes = (
            column(query.features.get(key), len(scores)) for key in (self._item_key, *self._attribute_keys)
        )
        return measure_list(scores, np.asarray(labels).reshape(-1), items, attributes, k=self._k)


def column(values: Any, rows: int) -> NDArray[Any]:
    """Return a feature, however TFMA holds it, as [rows]: the first value of each row, or an empty text.

    Args:
        values: dense [rows] or [rows, n], sparse, one array per row of which some are empty, or None.
        rows: the number of rows.
    """
    if values is None:
        return np.full(rows, b"")
    if hasattr(values, "indices"):  # sparse; the first index is the row
        places, first = np.unique(np.asarray(values.indices)[:, 0], return_index=True)
        found = np.asarray(values.values)[first]
    else:
        each = [np.asarray(value).reshape(-1)[:1] for value in values]
        places = np.array([row for row, value in enumerate(each) if value.size], np.intp)
        found = np.concatenate(each)
    return _dense(places, found, rows)


def _dense(places: NDArray[Any], found: NDArray[Any], rows: int) -> NDArray[Any]:
    if found.dtype.kind == "O":
        found = np.array([value.encode() if isinstance(value, str) else value for value in found], "S")
    if len(found) == rows:
        return found
    if found.dtype.kind not in "SU":  # numbers have no value that means none
        found = found.astype("S")
    dense = np.full(rows, b"", found.dtype)
    dense[places] = found
    return dense
