"""Training curves, read from the event files that TensorBoard reads."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from kit.training.scalars import metric_of, read_scalars


def read_curves(run: Path) -> pd.DataFrame:
    """Return one row per epoch, from 1, and one column per metric: `loss` of training, `validation loss`, and so on."""
    columns: dict[str, pd.Series] = {}
    for part, prefix in (("train", ""), ("validation", "validation ")):
        for tag, points in read_scalars(run / part).get("", {}).items():
            if metric := metric_of(tag):
                # By epoch: a resumed training may have written one twice.
                by_epoch = {int(epoch) + 1: value for epoch, value in points}
                columns[prefix + metric] = pd.Series(by_epoch)
    return pd.DataFrame(columns).rename_axis("epoch")
