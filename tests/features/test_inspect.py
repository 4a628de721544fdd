"""What the inspector says of a graph, against the rows of the file and the analyzers' own definitions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from features.served import transformed_rows
from kit.data.records import first_records, read_records
from kit.features.inspect import TransformDesk
from kit.features.rows import texts_of

if TYPE_CHECKING:
    from training.tiny import Tiny


@pytest.fixture(scope="module")
def desk(tiny: Tiny) -> TransformDesk:
    return TransformDesk(tiny.session)


@pytest.fixture(scope="module")
def summary(desk: TransformDesk) -> dict[str, dict[str, Any]]:
    """Return each transformed feature by its name."""
    return {output["name"]: output for column in desk.summary()["features"] for output in column["outputs"]}


def cities(tiny: Tiny, split: str) -> pd.Series:
    records = read_records(tiny.path("ExampleGen", "examples"), split)
    return pd.Series([texts_of(record, {"city": None})["city"] for record in records])


def test_the_sources_of_features_are_read_from_the_graph(desk: TransformDesk) -> None:
    assert desk.graph.sources["height_missing_xf"] == ("height",)
    assert desk.graph.sources["came_hour_xf"] == ("came",)
    assert desk.graph.sources["bought_xf"] == ("bought",)


def test_the_traced_graph_is_the_served_one(tiny: Tiny, desk: TransformDesk) -> None:
    records = first_records(tiny.path("ExampleGen", "examples"), "train", 50)
    served = transformed_rows(tiny.path("Transform", "transform_graph"), records)
    traced = desk.graph.transform(records)
    assert set(traced) == set(served)
    for name, values in served.items():
        np.testing.assert_array_equal(traced[name], values)


def test_every_column_is_there_with_what_is_made_of_it(desk: TransformDesk) -> None:
    columns = {column["name"]: column for column in desk.summary()["features"]}
    assert {"height", "city", "came", "bought"} <= set(columns)
    assert columns["height"]["kind"] == "number"
    assert {output["name"] for output in columns["height"]["outputs"]} == {"height_xf", "height_missing_xf"}
    assert set(columns["height"]["statistics"]["splits"]) == {"train", "eval"}
    assert sum(desk.summary()["rows"].values()) == 600


def test_a_vocabulary_has_the_counts_of_the_file(tiny: Tiny, summary: dict[str, dict[str, Any]]) -> None:
    words = summary["city_xf"]["vocabulary"]["words"]
    for split in ("train", "eval"):
        counts = cities(tiny, split).value_counts()
        assert summary["city_xf"]["counts"][split].tolist() == [counts.get(word, 0) for word in words]
        assert summary["city_xf"]["outside"][split] == (0, int(counts.drop("", errors="ignore").sum()))
    assert summary["height_xf"]["vocabulary"] is None


def test_a_row_is_shown_raw_and_transformed(tiny: Tiny, desk: TransformDesk) -> None:
    row = next(place for place, city in enumerate(cities(tiny, "eval")) if city == "東京")
    looked = desk.look("eval", row, {})
    assert looked.raw["city"] == "東京"
    assert not looked.wrong
    assert looked.transformed["city_xf"][1] == "東京"
    assert looked.transformed["bought_xf"][0] == str(int(looked.raw["bought"] == "yes"))


def test_a_row_written_by_hand_is_transformed_as_a_request(desk: TransformDesk) -> None:
    looked = desk.look("", 0, {"city": "Paris", "height": "1e3", "came": "2023-05-01 13:00:00"})
    assert looked.transformed["city_xf"] == ("3", "not in the vocabulary")
    assert looked.transformed["came_hour_xf"][0] == "14"
    assert looked.transformed["height_xf"][0] == "8", "as far as the scale goes"
    assert "bought_xf" not in looked.transformed


@pytest.mark.parametrize(
    ("texts", "column", "why"),
    [
        ({"height": "tall"}, "height", "this is a number, not 'tall'"),
        ({"bought": "perhaps"}, "", "label 'perhaps' is not among CLASSES"),
    ],
)
def test_what_cannot_be_so_says_why(
    desk: TransformDesk, texts: dict[str, str], column: str, why: str
) -> None:
    looked = desk.look("train", 3, texts)
    assert why in looked.wrong[column]
    assert "node" not in looked.wrong[column], "where it stands in the graph tells a reader nothing"
    assert not looked.transformed
    assert looked.raw.items() >= texts.items(), "what was written stays to be corrected"
