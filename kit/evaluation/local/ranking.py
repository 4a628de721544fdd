"""TFMA's query metrics: how well the rows of a query are ranked against each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from tensorflow_model_analysis.metrics import metric_types, min_label_position, ndcg, query_statistics

from kit.evaluation.local.formulas import Asked, Compute, divided, formula
from kit.evaluation.local.queries import Queries
from kit.evaluation.local.rows import NotLocalError, Sample, Values


def query_weights(asked: Asked) -> Values:
    """Return the weight of each query, [queries].

    Raises:
        NotLocalError: when the rows of a query have different weights.
    """
    queries = asked.by_query()
    sums = np.bincount(queries.of_row, asked.weights, queries.count)
    means = sums / queries.sizes
    if not np.allclose(asked.weights, means[queries.of_row]):
        raise NotLocalError(f"{asked.key.name} of queries whose rows do not weigh the same")
    return means


@formula(ndcg.NDCG)
def _ndcg(asked: Asked) -> Compute:
    """Jarvelin and Kekalainen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20 (2002), as in TFMA."""
    queries = asked.one_output().by_query()
    gains = asked.rows.one_value(asked.settings["gain_key"]).astype(np.float64)
    order, ranks = queries.order(asked.predictions), queries.ranks
    best = np.lexsort((-gains, queries.of_row))
    weights = np.where(np.maximum.reduceat(gains[order], queries.starts) > 0, query_weights(asked), 0.0)
    values = {}
    for k in asked.settings["top_k_list"] or ():
        found, possible = (_dcg(gains[rows], ranks, k, queries) for rows in (order, best))
        key = asked.key._replace(sub_key=metric_types.SubKey(top_k=k))
        values[key] = np.where(possible > 0, np.nan_to_num(divided(found, possible)), 0.0) * weights
    if not values:
        raise NotLocalError("NDCG without a top_k_list")

    def compute(sample: Sample) -> dict[Any, Values]:
        total = sample.sum(weights)
        return {
            key: np.where(total > 0, divided(sample.sum(value), total), np.nan)
            for key, value in values.items()
        }

    return compute


def _dcg(gains: Values, ranks: Values, k: int, queries: Queries) -> Values:
    """Return the discounted gains of each query's first k rows, [queries]; `gains` are in the order of `ranks`."""
    discounted = np.where(ranks < k, gains / np.log2(ranks + 2), 0.0)
    return np.add.reduceat(discounted, queries.starts)


@formula(min_label_position.MinLabelPosition)
def _first_label(asked: Asked) -> Compute:
    queries = asked.one_output().by_query()
    name = asked.settings["label_key"]
    labels = asked.rows.one_value(name) if name else asked.labels
    places = np.where(labels[queries.order(asked.predictions)] > 0, queries.ranks + 1.0, np.inf)
    first = np.minimum.reduceat(places, queries.starts)
    weights = np.where(np.isfinite(first), query_weights(asked), 0.0)
    weighted = np.where(np.isfinite(first), first, 0.0) * weights
    return lambda sample: {asked.key: divided(sample.sum(weighted), sample.sum(weights))}


@formula(query_statistics.QueryStatistics)
def _statistics(asked: Asked) -> Compute:
    if len(asked.rows.models) > 1:
        raise NotLocalError(f"{asked.key.name} of two models, which TFMA does not tell apart")
    queries, settings = asked.by_query(), asked.settings
    weights = query_weights(asked)
    documents = queries.sizes * weights
    keys = [
        asked.key._replace(name=settings[f"{what}_name"])
        for what in ("total_queries", "total_documents", "min_documents", "max_documents")
    ]

    def compute(sample: Sample) -> dict[Any, Values]:
        taken = documents[sample.slices.elements]
        there = np.full(len(taken), True) if sample.times is None else sample.times > 0
        values = [
            sample.sum(weights),
            sample.sum(documents),
            np.minimum.reduceat(np.where(there, taken, np.inf), sample.slices.starts),
            np.maximum.reduceat(np.where(there, taken, 0.0), sample.slices.starts),
        ]
        return dict(zip(keys, values, strict=True))

    return compute
