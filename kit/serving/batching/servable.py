"""A version whose signatures are batched: what fits goes through the scheduler, the rest runs by itself.

Source of the rules and texts: tensorflow_serving/batching/batching_session.cc, and
tensorflow/core/kernels/batching_util/shared_batch_scheduler.h.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import grpc
import numpy as np
import tensorflow as tf

from kit.serving.batching.batch_op import batch
from kit.serving.batching.decoding import Decoding, decode
from kit.serving.batching.function_def import Operations
from kit.serving.batching.parameters import Batching
from kit.serving.errors import ServerError, ServingError, invalid
from kit.serving.gathering import Values
from kit.serving.servable import Question, Servable
from kit.serving.settings import Settings
from kit.serving.turns import step

Array = np.ndarray[Any, Any]
_Key = tuple[frozenset[str], frozenset[str]]
_Lengths = tuple[tuple[int, ...], ...]
_Compute = Callable[[Mapping[str, Array], Sequence[str]], Values]
_NONE = Decoding({}, {})
_NOT_THE_GRAPHS = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)
_LONG_WAIT_MICROS = 10_000
"""With a longer wait, a warm-up leaves the scheduler out: each of its requests, alone in a batch, would wait for it."""
_LOG = logging.getLogger(__name__)


class BatchedServable(Servable):
    """One loaded version, asked in batches.

    Attributes:
        forms: what `kit.serving.batching.forms` knows of its requests.
    """

    batching: ClassVar[Batching] = Batching()

    def __init__(self, name: str, version: int, folder: Path, meta_graph: Any) -> None:
        super().__init__(name, version, folder, meta_graph)
        self._lanes: dict[_Key, _Lane] = {}
        self._whole: dict[_Key, WholeBatches] = {}
        self.forms: dict[Any, Any] = {}
        operations = Operations(meta_graph.graph_def)
        for signature_name, signature in self.signatures.items():
            with step():
                self._add_lane(signature_name, signature, operations)

    def _add_lane(self, signature_name: str, signature: Any, operations: Operations) -> None:
        inputs = {info.name: _shape(info) for info in signature.inputs.values()}
        outputs = {info.name: _shape(info) for info in signature.outputs.values()}
        key = frozenset(inputs), frozenset(outputs)
        if key in self._lanes:  # another name for the same
            return
        if not inputs or not all(_is_batch(shape) for shape in (*inputs.values(), *outputs.values())):
            _LOG.info(
                "Signature %s of %s is not batched: not all first dimensions are the batch.",
                signature_name,
                self.name,
            )
            return
        uneven = [name for name, shape in inputs.items() if not shape[1:].is_fully_defined()]
        padded = {name: inputs[name] for name in uneven} if self.batching.pad_variable_length_inputs else {}
        try:
            batched = batch(operations, sorted(inputs), sorted(outputs), self.batching, padded)
        except ValueError as error:
            _LOG.warning("Signature %s of %s cannot be batched: %s", signature_name, self.name, error)
            return
        self._lanes[key] = _Lane(batched, () if padded else uneven)
        if not padded:
            self._whole[key] = WholeBatches(self.batching, super().compute, decode(operations, batched))

    def close(self) -> None:
        """Free its memory; it cannot be asked any more."""
        super().close()
        self._whole.clear()  # they name this version, and nothing should be left to the garbage collector
        self.forms.clear()

    @property
    def batched(self) -> list[str]:
        """Names of the signatures that are batched."""
        return sorted(name for name, signature in self.signatures.items() if self._lane_of(signature))

    def _lane_of(self, signature: Any) -> _Lane | None:
        inputs = frozenset(info.name for info in signature.inputs.values())
        outputs = frozenset(info.name for info in signature.outputs.values())
        return self._lanes.get((inputs, outputs))

    def compute(self, feeds: Mapping[str, Array], fetches: Sequence[str]) -> Sequence[Array]:
        """Compute tensors of the graph together with what other threads ask.

        Raises:
            ServingError: INVALID_ARGUMENT when a request is no batch or too large, UNAVAILABLE when too many wait,
                and what TensorFlow says when it fails.
        """
        lane = self._lanes.get((frozenset(feeds), frozenset(fetches)))
        long = self.warming and self.batching.batch_timeout_micros > _LONG_WAIT_MICROS
        if lane is None or not self._rows(feeds) or long:
            return super().compute(feeds, fetches)
        with lane.joined(feeds) as fits:
            if not fits:
                return super().compute(feeds, fetches)
            try:
                return super().compute(feeds, [lane.batched[name] for name in fetches])
            except ServingError as error:
                # The scheduler's own refusal; the rest of its text is for a log
                if error.code in _NOT_THE_GRAPHS:
                    raise ServingError(error.code, error.message.partition("\n")[0]) from error
        # Something in the batch made the graph fail, perhaps another request. Each then answers for itself.
        return super().compute(feeds, fetches)

    def batch_of(self, question: Question) -> tuple[WholeBatches, int] | None:
        """Return what computes a question in whole batches, and its rows; None if nothing does.

        Nothing does so for a signature that is not batched, or whose batch is more than rows one below the other: where
        rows are filled up to one length, or split.
        """
        whole = self._whole.get((frozenset(question.feeds), frozenset(question.fetches)))
        rows = self._rows(question.feeds) if whole else 0
        return (whole, rows) if whole and 0 < rows <= whole.most_rows else None

    def _rows(self, feeds: Mapping[str, Array]) -> int:
        arrays = iter(feeds.values())
        rows = len(next(arrays))
        for array in arrays:
            if len(array) != rows:
                raise invalid("Batching session Run() input tensors must have equal 0th-dimension size")
        if rows > self.batching.max_batch_size:
            raise invalid(
                f"Task size {rows} is larger than maximum input batch size {self.batching.max_batch_size}"
            )
        return rows


class WholeBatches:
    """Computes batches that were put together before, see `kit.serving.gathering`.

    Attributes:
        compute: computes tensors from others without the scheduler.
        decoding: how texts are given serialized.
    """

    def __init__(self, batching: Batching, compute: _Compute, decoding: Decoding = _NONE) -> None:
        """Take the parameters, the function that computes without the scheduler, and how texts are given serialized."""
        self.most_rows, self.most_batches = batching.most_rows, batching.max_enqueued_batches
        self.wait_micros, self._allowed = batching.batch_timeout_micros, batching.allowed_batch_sizes
        self.compute, self.decoding = compute, decoding

    def missing(self, rows: int) -> int:
        """Return how many rows more the next allowed size has."""
        return next((size for size in self._allowed if size >= rows), rows) - rows

    def compute_batch(self, requests: Sequence[Question]) -> Values:
        """Compute a batch, filled up to an allowed size as the scheduler does: by its first row."""
        feeds = {name: [each.feeds[name] for each in requests] for name in requests[0].feeds}
        rows = sum(map(len, next(iter(feeds.values()))))
        more = self.missing(rows)
        if len(requests) == 1 and not more:
            return self.compute(requests[0].feeds, requests[0].fetches)
        filled = {name: np.concatenate([*arrays, *[arrays[0][:1]] * more]) for name, arrays in feeds.items()}
        values = self.compute(filled, requests[0].fetches)
        return [value[:rows] for value in values] if more else values


class _Lane:
    """A batched signature, and the lengths that are under way in it.

    Attributes:
        batched: tensors that give the outputs, batched, by the tensors that give them directly.
    """

    def __init__(self, batched: Mapping[str, str], uneven: Collection[str]) -> None:
        """Start with no request under way.

        Args:
            batched: see the class.
            uneven: inputs whose requests differ in length, and which nothing fills up to one length.
        """
        self.batched, self._uneven = batched, tuple(sorted(uneven))
        self._under_way: Counter[_Lengths] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def joined(self, feeds: Mapping[str, Array]) -> Iterator[bool]:
        """Tell whether a request fits those under way; while the block runs, it is one of them."""
        if not self._uneven:
            yield True
            return
        lengths = tuple(feeds[name].shape[1:] for name in self._uneven)
        with self._lock:
            fits = not self._under_way or lengths in self._under_way
            self._under_way[lengths] += fits
        try:
            yield fits
        finally:
            with self._lock:
                self._under_way[lengths] -= fits
                self._under_way = +self._under_way  # without those that have ended


def servable_class_of(settings: Settings) -> type[Servable]:
    """Return what a server's versions are loaded as: batched, if the settings say so.

    Raises:
        ServerError: when the file of batching parameters cannot be read or is not possible.
    """
    if settings.enable_batching:
        batching = Batching.of(settings.batching_parameters())
        return type("BatchedServable", (BatchedServable,), {"batching": batching})
    if settings.batching_parameters_file:
        raise ServerError(
            "batching_parameters_file must come with enable_batching, but that is not set. Set it, or leave the "
            "file out."
        )
    return Servable


def _shape(info: Any) -> tf.TensorShape:
    return tf.TensorShape(info.tensor_shape)


def _is_batch(shape: tf.TensorShape) -> bool:
    return bool(shape.rank) and shape[0] is None
