"""Every number is in the band that its edges say, however TFMA holds it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tensorflow_model_analysis.api import types

from kit.evaluation.metrics.bands import band_columns, bands_of, numbers_of
from kit.evaluation.metrics.slice_rules import add_bands
from kit.evaluation.sections import Band


def test_a_band_begins_with_its_edge_and_ends_before_the_next() -> None:
    band = Band(column="age", edges=(18, 40))
    values = np.array([-np.inf, 17.9, 18, 39, 40, np.inf, np.nan])
    assert [each.decode() for each in bands_of(values, band.edges, band.labels)] == [
        "under 18",
        "under 18",
        "18 to 40",
        "18 to 40",
        "40 and over",
        "40 and over",
        "",
    ]


SPARSE = types.SparseTensorValue(
    np.array([7, 9, 9], np.int64), np.array([[0, 0], [2, 0], [2, 1]], np.int64), np.array([3, 2])
)


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (np.array([7, 8, 9]), [7, 8, 9]),
        (np.array([[7.0], [8.0], [9.0]], np.float32), [7, 8, 9]),
        (SPARSE, [7, np.nan, 9]),
        (np.array([np.array([7]), None, np.array([9, 1])], object), [7, np.nan, 9]),
        (np.array([[7], [], [9]], object), [7, np.nan, 9]),
        (None, [np.nan, np.nan, np.nan]),
    ],
    ids=["dense", "a column", "sparse", "some None", "some empty", "not there"],
)
def test_a_number_is_found_however_it_is_held(feature: Any, expected: list[float]) -> None:
    assert numbers_of(feature, 3).tolist() == pytest.approx(expected, nan_ok=True)


def test_extracts_get_the_bands_as_features_without_the_empty_ones() -> None:
    bands = {"user": {"column": "days", "edges": [7], "labels": ["new", "old"]}}
    features = {"days": np.array([3.0, np.nan, 7.0])}
    extracts = {"features": features, "input": np.array([b"", b"", b""]), "labels": 1}
    added = add_bands(extracts, bands)["features"]
    assert list(added) == ["days", "user"]
    assert added["user"].values.tolist() == [b"new", b"old"]
    assert added["user"].indices.tolist() == [[0, 0], [2, 0]]
    assert list(features) == ["days"], "what TFMA gave stays as it was"
    assert band_columns(features, bands, 3)["user"].tolist() == [b"new", b"", b"old"]
