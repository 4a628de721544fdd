"""The curves of a training, from the event files that TensorBoard reads."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tensorflow as tf
from tensorboard.backend.event_processing import event_accumulator


def read_curves(run: Path) -> pd.DataFrame:
    """Return one row an epoch, from 1, and one column a metric: `loss` of training, `validation loss`, and so on."""
    columns: dict[str, pd.Series] = {}
    for part, prefix in (("train", ""), ("validation", "validation ")):
        events = event_accumulator.EventAccumulator(str(run / part), size_guidance={"tensors": 0})
        events.Reload()
        for tag in events.Tags()["tensors"]:
            if tag.startswith("epoch_") and "learning_rate" not in tag:
                points = {
                    event.step + 1: float(tf.make_ndarray(event.tensor_proto))
                    for event in events.Tensors(tag)
                }
                columns[prefix + tag.removeprefix("epoch_")] = pd.Series(points)
    return pd.DataFrame(columns).rename_axis("epoch")
