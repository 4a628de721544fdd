"""Curves are read back as they were trained."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tf_keras

from kit.training.curves import read_curves

if TYPE_CHECKING:
    from training.tiny import Tiny


def test_every_epoch_has_the_values_that_keras_saw(tmp_path: Path) -> None:
    x = np.arange(40, dtype="float32")[:, np.newaxis]
    model = tf_keras.Sequential([tf_keras.layers.Dense(1)])
    model.compile("sgd", "mae", metrics=["mse"])
    board = tf_keras.callbacks.TensorBoard(str(tmp_path), update_freq="epoch", write_graph=False)
    fitted = model.fit(
        x / 40, x / 20, epochs=4, validation_data=(x / 40, x / 10), callbacks=[board], verbose=0
    )
    curves = read_curves(tmp_path)
    assert curves.index.tolist() == [1, 2, 3, 4]
    assert set(curves.columns) == {"loss", "mse", "validation loss", "validation mse"}
    for name, values in fitted.history.items():
        np.testing.assert_allclose(curves[name.replace("val_", "validation ")], values, rtol=1e-6)


def test_a_trained_project_has_a_row_an_epoch(tiny: Tiny) -> None:
    curves = read_curves(tiny.path("Trainer", "model_run"))
    assert curves.index.tolist() == [1, 2, 3]
    assert curves["loss"][3] < curves["loss"][1]
    assert {"loss", "validation loss"} <= set(curves.columns)
