"""Row weights in training: from a column, from the rarity of the row's class, or both."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from kit.errors import InputDataError, ProjectError


def check_weights(weight_key: str, transformed: Collection[str], values: np.ndarray | None = None) -> None:
    """Check that Transform gives the weight that project.yml names, and that its values can be weights.

    Raises:
        ProjectError: when it does not.
        InputDataError: when a value is negative or not a number, or all are 0.
    """
    if not weight_key:
        return
    if weight_key not in transformed:
        column = weight_key.removesuffix("_xf")
        raise ProjectError(
            f"The column {column} has kind weight, so preprocessing_fn must give it as {weight_key}, but gives "
            f"{', '.join(sorted(transformed))}. Add `outputs[{weight_key!r}] = fill_missing(inputs[{column!r}], 1.0)` "
            "to features.py."
        )
    if values is not None:
        wrong = ~(np.isfinite(values) & (values >= 0))
        if wrong.any() or not values.any():
            found = f"{values[wrong][0]} in {wrong.sum()} rows" if wrong.any() else "0 in all rows"
            raise InputDataError(
                f"The weights {weight_key} must be numbers of 0 or more, and some above 0, but there is {found}. "
                "Correct the data, or what features.py makes of them."
            )


@dataclass(frozen=True)
class ClassWeightTable:
    """The weight of each class, float32 [classes], by its number.

    The `balanced` weights of scikit-learn (King and Zeng 2001, "Logistic regression in rare events data"): rows /
    (classes * rows of the class), so that all classes count alike and the average row counts 1. A model trained with
    them gives rare classes higher probabilities than they have.
    """

    weights: tuple[float, ...]

    @classmethod
    def balanced(cls, labels: Iterable[tf.Tensor]) -> ClassWeightTable:
        """Count the classes.

        Raises:
            InputDataError: when the labels are not classes 0, 1, … or are all the same.
        """
        counts = np.zeros(0, np.int64)
        for some in labels:
            values = np.asarray(some).reshape(-1)
            classes = values.astype(np.int64)
            if (classes != values).any() or (classes < 0).any():
                raise _not_classes(f"{values[(classes != values) | (classes < 0)][0]}")
            found = np.bincount(classes, minlength=len(counts))
            found[: len(counts)] += counts
            counts = found
        present = counts > 0
        if present.sum() < 2:  # noqa: PLR2004  one class is none
            raise _not_classes(f"{present.sum()} class")
        each = counts.sum() / (present.sum() * np.maximum(counts, 1))
        return cls(tuple(np.where(present, each, 0.0).tolist()))

    def of(self, labels: tf.Tensor) -> tf.Tensor:
        """Return the weight of each row, float32, of the labels' shape."""
        return tf.gather(tf.constant(self.weights, tf.float32), tf.cast(labels, tf.int64))


def _not_classes(found: str) -> InputDataError:
    return InputDataError(
        f"Balanced class weights need labels 0, 1, … of two or more classes, but found {found} in the training rows. "
        "Leave class_weights out, or weight rows by a column of kind weight."
    )
