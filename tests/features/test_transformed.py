"""What a transformed table looks like, against pandas and Python on the rows of the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from features.served import transformed_rows
from kit.data.records import read_records

if TYPE_CHECKING:
    from training.tiny import Tiny


@pytest.fixture(scope="module")
def raw(tiny: Tiny) -> pd.DataFrame:
    """Return the rows of the training split."""
    examples = [
        tf.train.Example.FromString(record)
        for record in read_records(tiny.path("ExampleGen", "examples"), "train")
    ]
    rows = []
    for example in examples:
        feature = example.features.feature
        height, city = feature["height"].float_list.value, feature["city"].bytes_list.value
        rows.append(
            {
                "height": height[0] if height else np.nan,
                "city": city[0].decode() if city else "",
                "came": pd.Timestamp(feature["came"].bytes_list.value[0].decode()),
                "bought": feature["bought"].bytes_list.value[0].decode(),
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="module")
def transformed(tiny: Tiny) -> dict[str, np.ndarray]:
    graph = tiny.path("Transform", "transform_graph")
    return transformed_rows(graph, list(read_records(tiny.path("ExampleGen", "examples"), "train")))


def test_numbers_are_scaled_and_their_gaps_marked(
    raw: pd.DataFrame, transformed: dict[str, np.ndarray]
) -> None:
    scaled = (raw["height"] - raw["height"].mean()) / raw["height"].std(ddof=0)
    np.testing.assert_allclose(transformed["height_xf"], scaled.fillna(0), atol=1e-4)
    assert transformed["height_missing_xf"].tolist() == raw["height"].isna().astype(float).tolist()


def test_categories_are_places_in_a_vocabulary_most_frequent_first(
    raw: pd.DataFrame, transformed: dict[str, np.ndarray]
) -> None:
    names = raw["city"][raw["city"] != ""].value_counts().index.tolist()
    codes = raw["city"].map({name: place for place, name in enumerate(names)}).fillna(len(names))
    assert transformed["city_xf"].tolist() == codes.astype(int).tolist()


def test_dates_give_the_calendar_of_python(raw: pd.DataFrame, transformed: dict[str, np.ndarray]) -> None:
    came = raw["came"].dt
    assert transformed["came_month_xf"].tolist() == came.month.tolist()
    assert transformed["came_weekday_xf"].tolist() == (came.weekday + 1).tolist()
    assert transformed["came_hour_xf"].tolist() == (came.hour + 1).tolist()
    days = (raw["came"] - raw["came"].mean()) / raw["came"].std(ddof=0)
    np.testing.assert_allclose(transformed["came_xf"], days, atol=1e-5)


def test_labels_are_places_among_the_classes(raw: pd.DataFrame, transformed: dict[str, np.ndarray]) -> None:
    assert transformed["bought_xf"].tolist() == (raw["bought"] == "yes").astype(int).tolist()
