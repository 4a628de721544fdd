"""Transform's graph is loaded once, beside the steps, and what goes wrong with it is told."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tf_keras

from kit.training.transform_preload import LoadTransform

X = np.ones((8, 2), "float32")


def fit(load: Any, first_epoch: int = 0) -> None:
    model = tf_keras.Sequential([tf_keras.layers.Dense(1, input_shape=(2,))])
    model.compile("sgd", "mse")
    output: Any = SimpleNamespace(transform_features_layer=load)
    callbacks = [LoadTransform(output)]
    model.fit(X, X[:, :1], 4, initial_epoch=first_epoch, epochs=2, verbose=0, callbacks=callbacks)


def test_it_is_loaded_once_and_in_another_thread() -> None:
    threads: list[int] = []
    fit(lambda: threads.append(threading.get_ident()))
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


def test_the_training_waits_for_it_and_tells_what_went_wrong() -> None:
    def broken() -> None:
        raise OSError("no graph there")

    with pytest.raises(OSError, match="no graph there"):
        fit(broken)


def test_where_nothing_is_trained_nothing_is_loaded() -> None:
    threads: list[int] = []
    fit(lambda: threads.append(threading.get_ident()), first_epoch=2)
    assert not threads
