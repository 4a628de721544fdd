"""Labels as the model means them, also where features.py makes them of other columns of the request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from kit.errors import InputDataError
from kit.monitoring import truth
from kit.monitoring.join import JoinedDay, join

from .logs import HOUR, LONG_AFTER, NOON, WINDOW, Shop


class Graph:
    """In the place of Transform's graph: a click on the item i1 counts, or any click; -1 is no label."""

    def __init__(self, *sources: str) -> None:
        self.sources, self.columns = {"clicked_xf": sources}, {"clicked": 0, "item_id": 0, "price": 0}
        self.rows: list[int] = []

    def transform(self, records: Sequence[bytes], without: set[str]) -> dict[str, np.ndarray]:
        assert without == set(self.columns) - set(self.sources["clicked_xf"])
        self.rows.append(len(records))
        return {"clicked_xf": np.array([[self._truth(record)] for record in records])}

    def _truth(self, record: bytes) -> float:
        features = tf.train.Example.FromString(record).features.feature
        clicked = features["clicked"].int64_list.value[0]
        if clicked < 0:
            return float("nan")
        return float(clicked and features["item_id"].bytes_list.value[:] in ([], [b"i1"]))


def read(monkeypatch: pytest.MonkeyPatch, shop: Shop, graph: Graph) -> list[float]:
    monkeypatch.setattr(truth, "load_graph", lambda _: graph)
    [day] = join(shop.log, shop.labels, shop.log.table.days(), WINDOW, LONG_AFTER).days
    return [*map(float, truth.LabelReader(shop.project, Path("graph")).read(shop.log, day))]


def logged(shop: Shop, clicks: Sequence[int]) -> None:
    keys = [(f"r{place}", f"i{place % 2}") for place in range(len(clicks))]
    shop.predict(keys, [NOON] * len(keys))
    shop.click(keys[::-1], clicks[::-1], [NOON + HOUR] * len(keys))


def test_each_label_goes_through_the_graph_once(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    logged(shop, [0, 1, 1, 0, 1, 0])
    graph = Graph("clicked")
    assert read(monkeypatch, shop, graph) == [0, 1, 1, 0, 1, 0]
    assert graph.rows == [2]


def test_a_label_may_come_from_columns_of_the_request_too(
    monkeypatch: pytest.MonkeyPatch, shop: Shop
) -> None:
    logged(shop, [1, 1, 1, 1, 0, 0])
    graph = Graph("clicked", "item_id")
    assert read(monkeypatch, shop, graph) == [0, 1, 0, 1, 0, 0]
    assert graph.rows == [4]


def test_a_label_that_becomes_no_number_is_named(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    logged(shop, [0, -1])
    with pytest.raises(InputDataError, match=r"clicked = -1 does not. Correct the label, or features.py"):
        read(monkeypatch, shop, Graph("clicked"))


def test_without_labels_nothing_is_read(monkeypatch: pytest.MonkeyPatch, shop: Shop) -> None:
    monkeypatch.setattr(truth, "load_graph", lambda _: Graph("clicked"))
    nothing: Any = np.zeros(0)
    day = JoinedDay(NOON.date(), 1, 0, 0, 0, 1, nothing, nothing, nothing, pa.array([], pa.int64()))
    assert truth.LabelReader(shop.project, Path("graph")).read(shop.log, day).tolist() == []
