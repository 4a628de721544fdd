"""Boosted trees on a table of transformed rows: what a careful user of LightGBM would try first.

Runs as a separate program: LightGBM is installed for this measurement alone, and its threads do not compete with
TensorFlow's.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

_TRAIN_SHARE = 5 / 6  # of the rows in order of time; the rest, one day of six, decides when to stop
_MOST_TREES, _PATIENCE = 3_000, 50
_SETTINGS: tuple[Mapping[str, Any], ...] = (
    {"num_leaves": 15, "min_data_in_leaf": 50},
    {"num_leaves": 63, "min_data_in_leaf": 100},
)
_COMMON = {
    "objective": "binary",
    "metric": "auc",
    "learning_rate": 0.05,
    "feature_fraction": 0.8,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "cat_smooth": 20,
    "verbosity": -1,
    "seed": 7,
}


@dataclass(frozen=True)
class Table:
    """Rows to train on, in order of time, and rows to score; one array [rows] per column.

    Attributes:
        train, score: the columns; the same names in the same order.
        label: the labels of the training rows, 0 or 1.
        categorical: the columns whose numbers are codes.
    """

    train: Mapping[str, np.ndarray]
    label: np.ndarray
    score: Mapping[str, np.ndarray]
    categorical: Sequence[str]

    def save(self, path: Path) -> None:
        np.savez(
            path,
            train=_side_by_side(self.train),
            label=self.label,
            score=_side_by_side(self.score),
            names=list(self.train),
            categorical=list(self.categorical),
        )

    @classmethod
    def load(cls, path: Path) -> Self:
        with np.load(path) as saved:
            names, train, score = saved["names"].tolist(), saved["train"], saved["score"]
            return cls(
                dict(zip(names, train.T, strict=True)),
                saved["label"],
                dict(zip(names, score.T, strict=True)),
                saved["categorical"].tolist(),
            )


def scores(table: Table) -> np.ndarray:
    """Return the scores of the rows to score, [rows].

    For each setting, with and without the user column (users are many, and trees memorise them), the number of trees is
    the one with the best AUC on the latest rows; the best setting is trained again on all rows.
    """
    tried = [
        (*_early_stopped(table, columns, settings), columns, settings)
        for columns in _choices(table)
        for settings in _SETTINGS
    ]
    _, trees, columns, settings = max(tried, key=lambda one: one[0])
    lightgbm: Any = importlib.import_module("lightgbm")
    model = lightgbm.train({**_COMMON, **settings}, _data(table, columns, slice(None)), trees)
    found: np.ndarray = model.predict(_side_by_side({name: table.score[name] for name in columns}))
    return found


def _early_stopped(table: Table, columns: Sequence[str], settings: Mapping[str, Any]) -> tuple[float, int]:
    """Return the AUC on the latest rows, and the number of trees that reach it."""
    lightgbm: Any = importlib.import_module("lightgbm")
    cut = int(len(table.label) * _TRAIN_SHARE)
    early = _data(table, columns, slice(cut))
    late = _data(table, columns, slice(cut, None), reference=early)  # binned the same way
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    model = lightgbm.train({**_COMMON, **settings}, early, _MOST_TREES, valid_sets=[late], callbacks=[stop])
    return float(model.best_score["valid_0"]["auc"]), int(model.best_iteration)


def _choices(table: Table) -> list[list[str]]:
    return [list(table.train), [name for name in table.train if name != "user_id_xf"]]


def _data(table: Table, columns: Sequence[str], rows: slice, reference: Any = None) -> Any:
    lightgbm: Any = importlib.import_module("lightgbm")
    values = _side_by_side({name: table.train[name][rows] for name in columns})
    codes = [name for name in table.categorical if name in columns]
    return lightgbm.Dataset(
        values,
        table.label[rows],
        reference=reference,
        feature_name=list(columns),
        categorical_feature=codes,
        free_raw_data=False,
    )


def _side_by_side(columns: Mapping[str, np.ndarray]) -> np.ndarray:
    return np.stack([np.asarray(column, np.float32) for column in columns.values()], axis=1)


if __name__ == "__main__":
    np.save(sys.argv[2], scores(Table.load(Path(sys.argv[1]))))
