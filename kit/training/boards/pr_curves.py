"""Precision-recall curves for TensorBoard's PR CURVES."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorboard.plugins.pr_curve import summary

TAG = "held out"
THRESHOLDS = 101
MOST_CLASSES = 10  # that get a curve of their own


def write_pr_curves(labels: np.ndarray, scores: np.ndarray, step: int) -> None:
    """Write the curve, or one per class against all others, with the current summary writer.

    TensorBoard's own writer is for TF1's sessions; the message that it makes is the same.

    Args:
        labels: 0 or 1, or the number of the class, [rows].
        scores: chance of 1, [rows, 1], or of each class, [rows, classes].
        step: the epoch.
    """
    labels = np.ravel(labels)
    if scores.shape[1] == 1:
        _write(TAG, labels > 0, scores[:, 0], step)
        return
    for number in range(min(scores.shape[1], MOST_CLASSES)):
        _write(f"{TAG}, class {number}", labels == number, scores[:, number], step)


def _write(tag: str, labels: np.ndarray, scores: np.ndarray, step: int) -> None:
    curve = summary.pb(tag, labels, scores.clip(0, 1), num_thresholds=THRESHOLDS)
    tf.summary.experimental.write_raw_pb(curve.SerializeToString(), step)
