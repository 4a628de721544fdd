"""Lists to rank with both models: what a user would see first must survive the conversion.

Of a project with a `ranking` section they are requests: a row of the data, with a hundred items as candidates in the
place of its own. What belongs to an item (its category, its price) is found in the data, as what never differs between
rows of one item. Of other projects they are any hundred rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kit.checks.rows import Rows
from kit.evaluation.metrics.scores import top_overlap
from kit.project.file import ProjectFile
from kit.release.litert.model_part import Array, Features

CANDIDATES = 100
TOP = 10
_REQUESTS = 50
_SEED = 7
_LEAST = 2 * TOP  # candidates; fewer would leave no choice


@dataclass(frozen=True)
class Requests:
    """Rows of which each `size` consecutive ones are a list.

    Attributes:
        features: transformed, [lists * size, …].
        size: the number of rows of a list.
        told: a description of a list, in words.
    """

    features: Features
    size: int
    told: str

    def overlap(self, expected: Array, found: Array) -> float:
        """Return the share of each list's best ten that two models agree on, 0 to 1, averaged over all lists.

        Args:
            expected: scores of one model, [lists * size] or [lists * size, classes], of which the highest counts.
            found: the scores of the other.
        """
        one, other = (scores if scores.ndim == 1 else scores.max(axis=1) for scores in (expected, found))
        return top_overlap(one, other, self.size, TOP)


def make_requests(
    spec: ProjectFile, rows: Rows, features: Features, sources: Mapping[str, Sequence[str]]
) -> Requests:
    """Make lists of rows.

    Args:
        spec: the spec of the project.
        rows: the rows, raw.
        features: transformed, of the same rows.
        sources: the raw columns that each feature is made of.
    """
    draw = np.random.default_rng(_SEED)
    if spec.ranking and rows.has(spec.ranking.item):
        item = spec.ranking.item
        _, first = np.unique(rows.hashes(item), return_index=True)
        if len(first) >= _LEAST:
            candidates = draw.permutation(first)[:CANDIDATES]
            asked = np.sort(draw.permutation(len(rows))[:_REQUESTS])
            of_item = _columns_of(item, rows)
            own = {name for name, columns in sources.items() if columns and set(columns) <= of_item}
            crossed = {
                name: np.tile(values[candidates], (len(asked), *[1] * (values.ndim - 1)))
                if name in own
                else np.repeat(values[asked], len(candidates), axis=0)
                for name, values in features.items()
            }
            told = f"{len(asked)} requests with {len(candidates)} candidates of {item} each"
            return Requests(crossed, len(candidates), told)
    size = min(CANDIDATES, len(rows))
    lists = min(_REQUESTS, len(rows) // max(size, 1))
    chosen = draw.permutation(len(rows))[: lists * size]
    told = f"{lists} lists of any {size} rows"
    return Requests({name: values[chosen] for name, values in features.items()}, size, told)


def _columns_of(item: str, rows: Rows) -> set[str]:
    """Return the columns that are the same in all rows of an item, including the item's own."""
    hashes = pd.DataFrame({name: rows.hashes(name) for name in rows.names if rows.has(name)})
    again = hashes[hashes.duplicated(item, keep=False)]  # an item with a single row says nothing
    if again.empty:
        return {item}
    distinct = again.groupby(item).nunique(dropna=False).max()
    return {item, *(str(name) for name in distinct[distinct == 1].index)}
