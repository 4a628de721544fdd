"""Load Transform's graph, which the saved model needs, in the background while the training steps run."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import tensorflow_transform as tft
import tf_keras


class LoadTransform(tf_keras.callbacks.Callback):
    """Loads Transform's graph for the signatures in a thread, from the first step on.

    A step runs outside Python and loading is nearly all Python, so the two overlap. Tracing, before the first step, is
    Python too and would not. `transform_features_layer` then returns what was loaded.

    Args:
        transform_output: Transform's output, with its graph; keeps what was loaded.
    """

    def __init__(self, transform_output: tft.TFTransformOutput) -> None:
        super().__init__()
        self._supports_tf_logs = True  # otherwise Keras waits for each step to give its logs as numbers
        self._transform_output = transform_output
        self._loading: Future[Any] | None = None

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        del batch, logs
        if self._loading is None:
            thread = ThreadPoolExecutor(1)
            self._loading = thread.submit(self._transform_output.transform_features_layer)
            thread.shutdown(wait=False)

    def on_train_end(self, logs: Any = None) -> None:
        """Wait for the loading thread, and raise what it raised."""
        del logs
        if self._loading is not None:
            self._loading.result()
