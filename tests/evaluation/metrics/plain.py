"""The formulas of ranking metrics as their papers have them: slow, row by row, and without the kit's code."""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    score: float
    label: int
    item: str
    kind: str


def ranked(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (-row.score, row.label, row.item))


def ndcg(rows: list[Row], k: int) -> float | None:
    def dcg(labels: list[int]) -> float:
        return sum(label / math.log2(place + 1) for place, label in enumerate(labels[:k], start=1))

    labels = [row.label for row in ranked(rows)]
    best = dcg(sorted(labels, reverse=True))
    return dcg(labels) / best if best else None


def reciprocal_rank(rows: list[Row]) -> float | None:
    return next((1 / place for place, row in enumerate(ranked(rows), start=1) if row.label), None)


def hit(rows: list[Row], k: int) -> float | None:
    if not any(row.label for row in rows):
        return None
    return 1.0 if any(row.label for row in ranked(rows)[:k]) else 0.0


def diversity(rows: list[Row], k: int) -> float | None:
    pairs = list(itertools.combinations(ranked(rows)[:k], 2))
    return statistics.mean(one.kind != other.kind for one, other in pairs) if pairs else None


def coverage(lists: list[list[Row]], k: int) -> float:
    shown = {row.item for rows in lists for row in rows}
    return len({row.item for rows in lists for row in ranked(rows)[:k]}) / len(shown)


def popularity_bias(lists: list[list[Row]], k: int) -> float:
    counts = Counter(row.item for rows in lists for row in rows)

    def gap(chosen: list[list[Row]]) -> float:
        return statistics.mean(statistics.mean(counts[row.item] for row in rows) for rows in chosen)

    profile = gap(lists)
    return (gap([ranked(rows)[:k] for rows in lists]) - profile) / profile


def metrics(lists: list[list[Row]], k: int) -> dict[str, float]:
    """Return all of them by their names in project.yml."""

    def mean(values: list[float | None]) -> float:
        known = [value for value in values if value is not None]
        return statistics.mean(known) if known else math.nan

    return {
        "ndcg_at_k": mean([ndcg(rows, k) for rows in lists]),
        "mrr": mean([reciprocal_rank(rows) for rows in lists]),
        "hit_rate_at_k": mean([hit(rows, k) for rows in lists]),
        "coverage": coverage(lists, k),
        "popularity_bias": popularity_bias(lists, k),
        "diversity": mean([diversity(rows, k) for rows in lists]),
    }
