"""The band of each row: one function for both ways to evaluate, through Beam and in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def bands_of(values: NDArray[Any], edges: Sequence[float], labels: Sequence[str]) -> NDArray[np.bytes_]:
    """Return the band of each value as UTF-8 bytes [rows]; empty where the value is NaN.

    A band begins with its edge and ends before the next.

    Args:
        values: [rows] numbers.
        edges: rising.
        labels: the labels, one more than edges, from the lowest.
    """
    numbers = np.asarray(values, np.float64)
    names = np.array([*(label.encode() for label in labels), b""])
    places = np.searchsorted(np.asarray(edges, np.float64), numbers, side="right")
    return names[np.where(np.isnan(numbers), len(labels), places)]


def numbers_of(feature: Any, rows: int) -> NDArray[np.float64]:
    """Return a feature as [rows], however TFMA holds it: the first value of a row, NaN where it has none.

    Args:
        feature: dense [rows] or [rows, n], sparse, one array per row of which some are empty or None, or None.
        rows: the number of rows.
    """
    numbers = np.full(rows, np.nan)
    if feature is None:
        return numbers
    if hasattr(feature, "indices"):  # sparse; the first index is the row
        places, first = np.unique(np.asarray(feature.indices)[:, 0], return_index=True)
        numbers[places] = np.asarray(feature.values)[first]
        return numbers
    dense = np.asarray(feature)
    if dense.dtype.kind != "O":
        return dense.reshape(rows, -1)[:, 0].astype(np.float64)
    for row, value in enumerate(dense):
        if value is not None and np.size(value):
            numbers[row] = np.reshape(value, -1)[0]
    return numbers


def band_columns(
    features: Mapping[str, Any], bands: Mapping[str, Mapping[str, Any]], rows: int
) -> dict[str, NDArray[np.bytes_]]:
    """Return the column of each band, [rows].

    Args:
        features: the raw features of a batch by name.
        bands: for each its `column`, `edges` and `labels`, as an EvalConfig carries them (see `SliceRules`).
        rows: the rows of the batch.
    """
    return {
        name: bands_of(numbers_of(features.get(band["column"]), rows), band["edges"], band["labels"])
        for name, band in bands.items()
    }
