"""BatchingParameters as plain values: read from TensorFlow Serving's file, checked by its rules, and written."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

from google.protobuf import text_format

from kit.machine import cores
from kit.serving.config_protos import BatchingParameters
from kit.serving.errors import ServerError
from kit.workspace import write_atomically

_LEAST = {"max_batch_size": 1, "batch_timeout_micros": 0, "max_enqueued_batches": 0, "num_batch_threads": 1}


@dataclass(frozen=True, kw_only=True)
class Batching:
    """How requests are batched. Names and defaults are those of session_bundle_config.proto and its scheduler.

    Attributes:
        max_batch_size: most rows in a batch, and in a request.
        batch_timeout_micros: how long a batch waits for more rows, microseconds.
        max_enqueued_batches: batches that may wait; a request that needs one more is refused.
        num_batch_threads: how many batches are computed at once.
        allowed_batch_sizes: row counts that a batch is padded to; empty: no padding.
        pad_variable_length_inputs: make inputs of several lengths fit into one batch.
        enable_large_batch_splitting: whether to split a request over batches of at most `max_execution_batch_size`.
        max_execution_batch_size: most rows in a batch then; 0 means max_batch_size.

    Raises:
        ServerError: when a value is out of range.
    """

    max_batch_size: int = 1000
    batch_timeout_micros: int = 0
    max_enqueued_batches: int = 10
    num_batch_threads: int = field(default_factory=cores)
    allowed_batch_sizes: tuple[int, ...] = ()
    pad_variable_length_inputs: bool = False
    enable_large_batch_splitting: bool = False
    max_execution_batch_size: int = 0

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise ServerError(
                    f"{name} must be at least {least}, but is {getattr(self, name)}. "
                    "Correct the file of batching parameters."
                )
        sizes = self.allowed_batch_sizes
        if sizes and not (sizes[0] > 0 and all(one < other for one, other in pairwise(sizes))):
            raise ServerError(
                f"allowed_batch_sizes must be positive and rise, but are {list(sizes)}. "
                "Correct the file of batching parameters."
            )
        if self.max_execution_batch_size > self.max_batch_size or self.max_execution_batch_size < 0:
            raise ServerError(
                f"max_execution_batch_size must be between 1 and max_batch_size, {self.max_batch_size}, but is "
                f"{self.max_execution_batch_size}. Correct the file of batching parameters."
            )
        if sizes and sizes[-1] != self.most_rows:
            raise ServerError(
                f"The last of allowed_batch_sizes must be the most rows of a batch, {self.most_rows}, but is "
                f"{sizes[-1]}. Correct the file of batching parameters."
            )

    @property
    def most_rows(self) -> int:
        """Most rows in a batch that the graph computes."""
        split = self.enable_large_batch_splitting and self.max_execution_batch_size
        return split or self.max_batch_size

    @classmethod
    def of(cls, message: Any) -> Self:
        """Read a BatchingParameters message; fields that it leaves out get their defaults.

        Raises:
            ServerError: when a value is out of range.
        """
        given: dict[str, Any] = {
            "allowed_batch_sizes": tuple(message.allowed_batch_sizes),
            "pad_variable_length_inputs": message.pad_variable_length_inputs,
        }
        for each in fields(cls):
            if each.name not in given and message.HasField(each.name):
                given[each.name] = getattr(message, each.name).value
        return cls(**given)

    def to_text(self) -> str:
        """Return the parameters in text format, which TensorFlow Serving reads too."""
        message = BatchingParameters()
        message.allowed_batch_sizes.extend(self.allowed_batch_sizes)
        message.pad_variable_length_inputs = self.pad_variable_length_inputs
        for name in _LEAST:
            getattr(message, name).value = getattr(self, name)
        if self.enable_large_batch_splitting:
            message.enable_large_batch_splitting.value = True
            message.max_execution_batch_size.value = self.most_rows
        return str(text_format.MessageToString(message))

    def write(self, path: Path) -> None:
        """Write the file atomically, so that no server reads half of it."""
        write_atomically(path, self.to_text())
