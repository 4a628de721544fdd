"""What the measurement of quality gives to the recommender and to boosted trees; its figures take minutes."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kit.bench import boosted, quality
from kit.bench.boosted import Table


def test_the_ratio_is_one_for_the_truth_and_nothing_for_chance() -> None:
    assert quality.Judged(auc=0.86, trees=0.8, best=0.86).ratio == 1
    assert quality.Judged(auc=0.5, trees=0.8, best=0.86).ratio == 0


def test_trees_get_the_last_items_as_counts() -> None:
    train = {"item_id_xf": np.array([0, 1, 2]), "category_xf": np.array([0, 1, 1])}
    train["last_items_xf"] = np.array([[2] + [3] * 9] * 3)  # 3: an item that no training row has
    categories = quality._categories(train)
    assert categories.tolist() == [0, 1, 1, 2]
    rows = {
        "category_xf": np.array([1, 0]),
        "last_items_xf": np.array([[1, 2, 0, 3, *[3] * 6], [3] * 10]),
        "last_count_xf": np.array([4, 0]),
        "timestamp_xf": np.array([5, 6]),
        "clicked_xf": np.array([1, 0]),
    }
    found = quality._features(rows, categories)
    assert {name: values.tolist() for name, values in found.items()} == {
        "category_xf": [1, 0],
        "last_count_xf": [4, 0],
        "last_0": [1, 0],
        "last_1": [2, 0],
        "last_2": [1, 0],
        "last_same_category": [2, 0],
    }


class PlayedTrees(ModuleType):
    """Knows in advance how well each setting does on the latest rows, and scores by the first column."""

    def __init__(self) -> None:
        super().__init__("lightgbm")
        self.trained: list[tuple[int, int, int, int]] = []

    def Dataset(self, values: np.ndarray, label: np.ndarray, **_: Any) -> SimpleNamespace:  # noqa: N802
        return SimpleNamespace(values=values, label=label)

    def early_stopping(self, *_: Any, **__: Any) -> None: ...

    def train(self, settings: dict[str, Any], data: Any, trees: int, **_: Any) -> SimpleNamespace:
        rows, columns = data.values.shape
        self.trained.append((settings["num_leaves"], columns, rows, trees))
        reached = 0.7 + settings["num_leaves"] / 1000 - columns / 1000
        return SimpleNamespace(
            best_score={"valid_0": {"auc": reached}},
            best_iteration=columns,
            predict=lambda values: values[:, 0],
        )


@pytest.fixture
def table() -> Table:
    columns = {name: np.arange(12.0) for name in ("user_id_xf", "price_xf", "item_id_xf")}
    score = {name: np.array([7.0, number]) for number, name in enumerate(columns)}
    return Table(columns, np.arange(12) % 2, score, ("user_id_xf", "item_id_xf"))


def test_the_setting_that_does_best_on_the_latest_rows_is_trained_on_all(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = PlayedTrees()
    monkeypatch.setitem(sys.modules, "lightgbm", trees)
    assert boosted.scores(table).tolist() == [7.0, 1.0]  # prices: without the users
    *tried, last = trees.trained
    assert {(leaves, columns, rows) for leaves, columns, rows, _ in tried} == {
        (leaves, columns, 10) for leaves in (15, 63) for columns in (2, 3)
    }
    assert last == (63, 2, 12, 2)


def test_a_table_is_read_as_it_was_saved(table: Table, tmp_path: Path) -> None:
    table.save(tmp_path / "table.npz")
    read = Table.load(tmp_path / "table.npz")
    for ours, theirs in ((table.train, read.train), (table.score, read.score)):
        assert list(ours) == list(theirs)
        for name, values in ours.items():
            np.testing.assert_array_equal(values, theirs[name])
    assert read.label.tolist() == table.label.tolist()
    assert tuple(read.categorical) == table.categorical
