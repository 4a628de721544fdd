"""Checks that a served model computes exactly the features that it was trained on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import tensorflow as tf
import tensorflow_transform as tft

from kit.data.records import first_records
from kit.errors import KitError, RowsLostError
from kit.features.graph import load_graph


class ParityError(KitError):
    """Training and serving compute different features from the same rows."""


@dataclass(frozen=True)
class Parity:
    """What was compared: the number of rows, and for each feature the largest difference."""

    rows: int
    differences: dict[str, float]

    def table(self) -> pd.DataFrame:
        return pd.DataFrame(
            [{"feature": name, "largest difference": value} for name, value in self.differences.items()]
        )


def check_parity(graph: Path, examples: Path, transformed: Path, rows: int = 1000) -> Parity:
    """Compare what Transform wrote for training with what the serving graph makes of the same raw rows.

    Transform keeps the order of the rows, so row n of one is row n of the other.

    Args:
        graph: the folder of the TransformGraph artifact.
        examples: the folder of the raw Examples.
        transformed: the folder of the transformed Examples.
        rows: how many rows of the training split are compared.

    Raises:
        RowsLostError: when one has fewer rows than the other.
        ParityError: when any value differs at all; the message names the feature that differs most.
    """
    given, made = (first_records(folder, "train", rows) for folder in (examples, transformed))
    if len(given) != len(made):
        raise RowsLostError(
            f"Transform must write every row, but {len(made):,} of the first {len(given):,} are there. Delete "
            f"{transformed} and {graph}, and run again; if it stays, features.py leaves rows out."
        )
    served = load_graph(graph).transform(given)
    spec = tft.TFTransformOutput(str(graph)).transformed_feature_spec()
    trained = tf.io.parse_example(made, spec)
    differences = {name: largest_difference(served[name], trained[name].numpy()) for name in sorted(served)}
    worst = max(differences, key=lambda name: differences[name])
    if differences[worst]:
        raise ParityError(
            f"Serving must compute the features of training, but {worst} differs by up to {differences[worst]:g}. "
            "Run Transform again without its cached result; if it stays, an analyzer in features.py is not stable."
        )
    return Parity(len(next(iter(served.values()))), differences)


def largest_difference(left: np.ndarray, right: np.ndarray) -> float:
    """Return the largest difference, infinity where only one is NaN; for strings the number of values that differ."""
    differs = left != right
    if left.dtype.kind in "OSU":
        return float(np.sum(differs))
    left, right = left[differs].astype(np.float64), right[differs].astype(np.float64)
    gap = np.abs(left - right)
    gap[np.isnan(left) != np.isnan(right)] = np.inf
    gap[np.isnan(left) & np.isnan(right)] = 0.0
    return float(np.max(gap, initial=0.0))
