"""Run a LiteRT file in LiteRT's own runtime, as a phone would, without TensorFlow."""

from __future__ import annotations

import statistics
import time
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from kit.errors import InfraCheckError
from kit.release.litert.model_part import Array, Features

_AT_ONCE = 1024  # rows
_WARM_UP = 5


class LiteRTModel:
    """A loaded model.

    Args:
        content: the content of the file.

    Raises:
        InfraCheckError: when it cannot be loaded, or does not have exactly one signature.
    """

    def __init__(self, content: bytes) -> None:
        try:
            # The interpreter does not keep the bytes that it reads.
            self._content = content
            self._interpreter = Interpreter(model_content=content, num_threads=1)
            [signature] = self._interpreter.get_signature_list()
            self._run = self._interpreter.get_signature_runner(signature)
        except (ValueError, RuntimeError) as error:
            raise InfraCheckError(
                f"A LiteRT file must have one signature of LiteRT's own operations, but: {error}. Convert it again."
            ) from error
        self.inputs: dict[str, Any] = {
            name: detail["dtype"] for name, detail in self._run.get_input_details().items()
        }
        [self.output] = self._run.get_output_details()

    def score(self, features: Features) -> Array:
        """Return the scores of rows, [rows] or [rows, classes].

        Raises:
            InfraCheckError: when the runtime cannot compute them.
        """
        taken = self._take(features)
        rows = len(next(iter(taken.values())))
        try:
            parts = [
                self._run(**{name: value[at : at + _AT_ONCE] for name, value in taken.items()})[self.output]
                for at in range(0, rows, _AT_ONCE)
            ]
        except (ValueError, RuntimeError) as error:
            raise InfraCheckError(
                f"LiteRT must run what its converter has made, but says: {error} Write that part of model.py with "
                "other operations, or move it into features.py."
            ) from error
        return np.concatenate(parts)

    def milliseconds(self, features: Features, repeats: int) -> float:
        """Return the median time of a call with these rows, including setting features and reading scores."""
        taken = self._take(features)
        return median_ms(lambda: self._run(**taken), repeats)

    def _take(self, features: Features) -> dict[str, Array]:
        return {name: np.ascontiguousarray(features[name], dtype) for name, dtype in self.inputs.items()}


def median_ms(call: Any, repeats: int) -> float:
    """Return the median of some calls, in milliseconds, after a few that set things up."""
    for _ in range(_WARM_UP):
        call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds) * 1000
