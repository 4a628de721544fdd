"""Forms: requests that differ from one that was read before only in their values are not taken apart again.

Most requests of a server are alike: the same model and signature, the same inputs, the same shapes. Reading one costs
as much as a small model's answer, and most of that is to find out again what was known of the one before. So the first
of its form is read and checked as any other, and of the next ones the bytes that make up the form are compared, and the
values are taken from where they stand. What is left to check, that there are as many texts as the shape says, is done
for the whole batch. Whatever does not fit, or fails, is read as any other then: this way gives answers, never errors.

Not for requests of several rows or with an output_filter, and not for inputs whose numbers are written in varying
lengths (integers that are not in tensor_content).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2

from kit.serving import answers
from kit.serving.batching.decoding import Decoded, Decoding
from kit.serving.batching.servable import BatchedServable, WholeBatches
from kit.serving.errors import ServingError, invalid
from kit.serving.gathering import Values
from kit.serving.model_spec import Spec, read_spec
from kit.serving.servable import Question

Array = np.ndarray[Any, Any]
Key = tuple[bytes | str, ...]
_MOST_FORMS = 256  # kept per version; without a bound a client could send ever new ones
_FLOATS = (np.dtype(np.float32), np.dtype(np.float64))  # their fields hold them as memory does, and no others
_HEAD = 4
"""Bytes before the dimensions of a serialized TensorProto: tag and dtype, tag and length of the shape."""


def _with_dependencies(file: Any) -> list[str]:
    """Return the names of a proto file and all that it imports, each after those that it imports."""
    found = [name for each in file.dependencies for name in _with_dependencies(each)]
    return list(dict.fromkeys([*found, file.name]))


def _parts_class() -> Any:
    """Return the class of a message that reads a PredictRequest, but leaves its tensors serialized."""
    file = descriptor_pb2.FileDescriptorProto(
        name="kit/serving/forms.proto", package="kit.serving", syntax="proto3"
    )
    file.dependency.append(predict_pb2.DESCRIPTOR.name)
    file.dependency.extend(each.name for each in predict_pb2.DESCRIPTOR.dependencies)
    parts = file.message_type.add()
    predict_pb2.PredictRequest.DESCRIPTOR.CopyToProto(parts)
    parts.name = "PredictRequestParts"
    entry = parts.nested_type[0]
    for field in parts.field:
        if field.name == "inputs":
            field.type_name = f".{file.package}.{parts.name}.{entry.name}"
    value = entry.field[1]
    value.type = value.TYPE_BYTES
    value.ClearField("type_name")
    # A pool of its own: the default one refuses a name that it has, as after a reload of this module.
    pool = descriptor_pool.DescriptorPool()
    known = descriptor_pool.Default()
    for name in _with_dependencies(predict_pb2.DESCRIPTOR):
        pool.AddSerializedFile(known.FindFileByName(name).serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.{parts.name}"))


_Parts = _parts_class()


class Sent(NamedTuple):
    """A request, read as far as its form.

    Attributes:
        spec: which model it is for.
        key: what it has in common with all others of its form.
        tensors: its serialized TensorProtos, in the order of the key.
    """

    spec: Spec
    key: Key
    tensors: list[bytes]

    @classmethod
    def read(cls, message: bytes) -> Self | None:
        """Read a serialized PredictRequest; None if it has no form.

        Raises:
            DecodeError: when it is none.
        """
        parts = _Parts.FromString(message)
        if parts.output_filter:
            return None
        spec = parts.model_spec.SerializeToString()
        key: list[bytes | str] = [spec]
        tensors = []
        inputs = parts.inputs
        for name in inputs:  # twice as fast as with `items`
            tensor = inputs[name]
            key += name, tensor[: _HEAD + tensor[_HEAD - 1]] if len(tensor) >= _HEAD else tensor
            tensors.append(tensor)
        return cls(read_spec(spec), tuple(key), tensors)

    @property
    def names(self) -> Sequence[Any]:
        """The names of the inputs, in the order of the tensors."""
        return self.key[1::2]


class Form:
    """What is known of requests that are alike; computes them in batches, see `kit.serving.gathering`.

    Attributes:
        signature_name: as the requests have it.
        names: the names of the outputs.
    """

    def __init__(
        self,
        whole: WholeBatches,
        columns: Sequence[_Texts | _Numbers],
        question: Question,
        signature_name: str,
    ) -> None:
        """Use `form_of` instead."""
        self.most_rows, self.most_batches = whole.most_rows, whole.most_batches
        self.wait_micros, self._whole = whole.wait_micros, whole
        self.signature_name, self.names = signature_name, question.names
        self._columns, self._taken = tuple(columns), [column.taken for column in columns]
        texts = [column for column in columns if isinstance(column, _Texts)]
        # Clients send inputs in any order, but an executor is for one order of what is fetched.
        self._texts = sorted(texts, key=lambda column: column.decoded)
        checks = [name for column in self._texts for name in (column.decoded.sizes, column.decoded.dtypes)]
        self._outputs = len(question.fetches)
        self._fetches = (*[whole.decoding.outputs[each] for each in question.fetches], *checks)

    def taken(self, sent: Sent) -> list[bytes] | None:
        """Return the values of a request, None if it must be read as any other."""
        found = [taken(tensor) for taken, tensor in zip(self._taken, sent.tensors, strict=True)]
        return None if None in found else found  # type: ignore[return-value]

    def compute_batch(self, requests: Sequence[Sequence[bytes]]) -> Values:
        """Compute a batch, filled up to an allowed size as the scheduler does: by its first row.

        Raises:
            ServingError: when the graph cannot compute it, or one of the requests has not as many texts as its shape.
        """
        rows = len(requests)
        filled = [*requests, *[requests[0]] * self._whole.missing(rows)]
        feeds: dict[str, Array] = {}
        for column, values in zip(self._columns, zip(*filled, strict=True), strict=True):
            feeds.update(column.feeds(values))
        found = self._whole.compute(feeds, self._fetches)
        checks = iter(found[self._outputs :])
        if not all(Decoded.fits(next(checks), next(checks), column.count) for column in self._texts):
            raise invalid("tensor parsing error")
        return [value[:rows] for value in found[: self._outputs]]


def form_of(servable: Any, sent: Sent, message: bytes) -> Form | None:
    """Return the form of a request, learned from it if it is the first; None if it has none.

    Args:
        servable: the version that it is for.
        sent: the request.
        message: the same, serialized.
    """
    if not isinstance(servable, BatchedServable):
        return None
    if sent.key in servable.forms:
        known: Form | None = servable.forms[sent.key]
        return known
    form = _learned(servable, sent, message)
    if len(servable.forms) < _MOST_FORMS:
        servable.forms[sent.key] = form
    return form


def _learned(servable: BatchedServable, sent: Sent, message: bytes) -> Form | None:
    try:
        request = predict_pb2.PredictRequest.FromString(message)
        question = answers.predict_question(servable, request)
        batch = servable.batch_of(question)
    except (DecodeError, ServingError):
        return None
    if batch is None or batch[1] != 1 or len(question.feeds) != len(sent.tensors):
        return None
    inputs = servable.signature(request.model_spec.signature_name).inputs
    columns = []
    for name, tensor in zip(sent.names, sent.tensors, strict=True):
        column = _column(batch[0].decoding, inputs[name].name, question.feeds[inputs[name].name], tensor)
        if column is None:
            return None
        columns.append(column)
    return Form(batch[0], columns, question, request.model_spec.signature_name)


def _column(decoding: Decoding, name: str, array: Array, tensor: bytes) -> _Texts | _Numbers | None:
    """Return how an input of a form is read, None if its values do not stand at one place."""
    if array.dtype == object:
        return _Texts(decoding.texts[name], array)
    if array.dtype not in _FLOATS and not tensor_pb2.TensorProto.FromString(tensor).tensor_content:
        return None
    data = array.tobytes()
    return _Numbers(name, tensor[: -len(data)], array) if data and tensor.endswith(data) else None


class _Texts:
    """An input of texts, which the graph decodes."""

    def __init__(self, decoded: Decoded, array: Array) -> None:
        self.decoded, self.count, self._shape = decoded, array.size, array.shape

    def taken(self, tensor: bytes) -> bytes | None:
        """Return a serialized TensorProto as it is."""
        return tensor

    def feeds(self, values: Sequence[bytes]) -> Mapping[str, Array]:
        """Return the feeds for the values of a batch."""
        return self.decoded.feeds(values, self._shape)


class _Numbers:
    """An input whose numbers stand in the message as they stand in memory, after bytes that are always the same."""

    def __init__(self, tensor: str, before: bytes, array: Array) -> None:
        self._tensor, self._before, self._dtype, self._shape = tensor, before, array.dtype, array.shape
        self._start, self._length = len(before), len(before) + array.nbytes

    def taken(self, tensor: bytes) -> bytes | None:
        """Return the values of a serialized TensorProto, None if it has another form."""
        same = len(tensor) == self._length and tensor.startswith(self._before)
        return tensor[self._start :] if same else None

    def feeds(self, values: Sequence[bytes]) -> Mapping[str, Array]:
        """Return the feeds for the values of a batch."""
        array = np.frombuffer(b"".join(values), self._dtype)
        return {self._tensor: array.reshape(-1, *self._shape[1:])}
