"""Encode rows as features for a surrogate, using only what an attacker sees in their own queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kit.project import Project
from kit.units import SECONDS_PER_DAY

_FEW, _MANY = 64, 512  # values of a column with a number each, in both parts or in the linear one
_REQUESTS = 3  # per value on average, or nothing can be learnt about it
_OVERLAP = 0.5  # of a sequence's values that must be values of a column for it to be a list of those
Values = NDArray[np.float32]


@dataclass(frozen=True)
class Encoder:
    """What the queries say about each column.

    Attributes:
        project: says what the columns are.
        few: the values of columns with few values, a number each.
        many: the values of ids, a number each in the linear part only, as there is little to learn about each.
        scales: mean and deviation of the numbers.
        lists: for each sequence, the column that it is a list of, and the columns that follow from that one.
    """

    project: Project
    few: Mapping[str, tuple[str, ...]]
    many: Mapping[str, tuple[str, ...]]
    scales: Mapping[str, tuple[float, float]]
    lists: Mapping[str, Mapping[str, Mapping[str, str]]]

    @classmethod
    def of(cls, project: Project, rows: pd.DataFrame, candidates: int) -> Self:
        """Learn from the rows of all queries, each with `candidates` rows."""
        kinds = {name: column.kind for name, column in project.features.items() if name in rows}
        counted = {
            name: rows[name].dropna().astype(str).value_counts()
            for name, kind in kinds.items()
            if kind in {"category", "id"}
        }
        texts = {name: tuple(sorted(counts.index[:_MANY])) for name, counts in counted.items()}
        numbers = [name for name, kind in kinds.items() if kind == "number"]
        lists = {
            name: _of_list(rows, name, project.columns[name].separator, texts)
            for name, kind in kinds.items()
            if kind == "sequence"
        }
        return cls(
            project,
            {name: values for name, values in texts.items() if len(values) <= _FEW},
            {
                name: values
                for name, values in texts.items()
                if len(values) > _FEW and _is_shared(rows[name], candidates)
            },
            {name: _scale(rows[name]) for name in numbers},
            {name: found for name, found in lists.items() if found},
        )

    def encode(self, rows: pd.DataFrame) -> tuple[Values, Values]:
        """Return the features of all kinds [rows, features], and the ids for the linear part [rows, ids]."""
        dense = [
            *(_scaled(rows[name], *scale) for name, scale in self.scales.items()),
            *(_one_hot(rows[name], values) for name, values in self.few.items()),
            *(self._parts_of_day(rows)),
            *(part for name in self.lists for part in self._matches(rows, name)),
        ]
        ids = [_one_hot(rows[name], values) for name, values in self.many.items()]
        return _joined(dense, len(rows)), _joined(ids, len(rows))

    def _parts_of_day(self, rows: pd.DataFrame) -> list[Values]:
        found = []
        for name, column in self.project.features.items():
            if column.kind == "timestamp" and column.dtype == "int" and name in rows:
                turns = (
                    rows[name].astype("float64").to_numpy() % SECONDS_PER_DAY / SECONDS_PER_DAY * 2 * np.pi
                )
                found.append(np.stack([np.sin(turns), np.cos(turns)], axis=1).astype(np.float32))
        return found

    def _matches(self, rows: pd.DataFrame, name: str) -> list[Values]:
        """Return the share of a list whose values are like the row's own, by each column, and how long the list is."""
        separator = self.project.columns[name].separator
        texts, places = np.unique(rows[name].fillna("").astype(str).to_numpy(str), return_inverse=True)
        lists = [text.split(separator) if text else [] for text in texts]
        parts = [np.log1p([len(one) for one in lists])[places]]
        for column, table in self.lists[name].items():
            seen = [
                pd.Series([table.get(value, "") for value in one]).value_counts(normalize=True).to_dict()
                for one in lists
            ]
            own = rows[column].fillna("").astype(str)
            parts.append(
                np.array([seen[place].get(value, 0.0) for place, value in zip(places, own, strict=True)])
            )
        return [np.stack(parts, axis=1).astype(np.float32)]


def _is_shared(column: pd.Series[Any], candidates: int) -> bool:
    """Whether values occur in several requests; a value that occurs in one only identifies it."""
    requests = pd.DataFrame(
        {"value": column, "request": np.arange(len(column)) // candidates}
    ).drop_duplicates()
    return float(requests["value"].value_counts().mean()) >= _REQUESTS


def _of_list(
    rows: pd.DataFrame, name: str, separator: str, texts: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, str]]:
    """Return, by column, the value that follows from each value of a list."""
    lists = rows[name].dropna().astype(str).unique()
    values = {value for text in lists[:_MANY] for value in text.split(separator)} - {""}
    best = max(texts, key=lambda column: len(values & set(texts[column])), default=None)
    if best is None or not values or len(values & set(texts[best])) < _OVERLAP * len(values):
        return {}
    pairs = rows.drop_duplicates(best)
    keys = pairs[best].astype(str)
    found: dict[str, dict[str, str]] = {}
    for column, known in texts.items():
        if column != best and 1 < len(known) <= _FEW and _determines(rows, best, column):
            found[column] = dict(zip(keys, pairs[column].astype(str), strict=True))
    return found


def _determines(rows: pd.DataFrame, one: str, other: str) -> bool:
    return int(rows.groupby(one, sort=False)[other].nunique(dropna=False).max()) == 1


def _scale(column: pd.Series[Any]) -> tuple[float, float]:
    values = column.astype("float64")
    mean, deviation = float(values.mean()), float(values.std(ddof=0))
    return (mean if np.isfinite(mean) else 0.0), (deviation if deviation > 0 else 1.0)


def _scaled(column: pd.Series[Any], mean: float, deviation: float) -> Values:
    values = ((column.astype("float64") - mean) / deviation).fillna(0.0)
    return np.clip(values.to_numpy(), -4, 4).astype(np.float32)[:, None]


def _one_hot(column: pd.Series[Any], values: Sequence[str]) -> Values:
    codes = pd.Categorical(column.astype(str), categories=list(values)).codes
    found = np.zeros((len(column), len(values)), np.float32)
    known = np.flatnonzero(codes >= 0)
    found[known, codes[known]] = 1
    return found


def _joined(parts: Sequence[Values], rows: int) -> Values:
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0), np.float32)
