"""A sample request for a signature in each API's format, with the model's answer."""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit.serving.client import typed

TOLERANCE = 1e-5  # absolute and relative: the same graph in another process may sum in another order

Arrays = Mapping[str, "np.ndarray[Any, Any]"]
_DTYPES = {typed.CLASSES: object, typed.SCORES: np.float32, typed.OUTPUTS: np.float32}


@dataclass(frozen=True)
class Sample(ABC):
    """A request, and what the model answered.

    Attributes:
        request: the gRPC request.
        response: the gRPC response.
    """

    request: Any
    response: Any

    @property
    @abstractmethod
    def method(self) -> str:
        """The last part of REST's path; capitalized, it is the name of gRPC's method."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """The number of rows that it asks for."""

    @abstractmethod
    def arrays_of(self, response: Any) -> Arrays:
        """Return the outputs of a response of gRPC."""

    @abstractmethod
    def arrays_of_json(self, answer: Mapping[str, Any]) -> Arrays:
        """Return the outputs of a REST answer, in the model's dtypes."""

    @abstractmethod
    def files(self) -> Mapping[str, str]:
        """Return the bodies of REST by the names of their files, such as `rows.json`; none if REST cannot ask it."""

    @property
    def signature(self) -> str:
        return str(self.request.model_spec.signature_name)

    @property
    def answer(self) -> Arrays:
        return self.arrays_of(self.response)

    def log(self) -> Any:
        """Return the PredictionLog that a server warms up with."""
        log = prediction_log_pb2.PredictionLog()
        getattr(log, f"{self.method}_log").request.CopyFrom(self.request)
        return log


@dataclass(frozen=True)
class PredictSample(Sample):
    """A PredictRequest and a PredictResponse.

    Attributes:
        by_rows: whether REST's row format can express it: each input has its rows in its first dimension.
    """

    by_rows: bool

    @property
    def method(self) -> str:
        return "predict"

    @property
    def inputs(self) -> dict[str, np.ndarray[Any, Any]]:
        return {name: tf.make_ndarray(tensor) for name, tensor in sorted(self.request.inputs.items())}

    @property
    def rows(self) -> int:
        return max((len(array) for array in self.inputs.values() if array.ndim), default=1)

    def arrays_of(self, response: Any) -> Arrays:
        return {name: tf.make_ndarray(tensor) for name, tensor in sorted(response.outputs.items())}

    def arrays_of_json(self, answer: Mapping[str, Any]) -> Arrays:
        return from_rest(answer, self.answer)

    def files(self) -> Mapping[str, str]:
        # The real server's REST cannot ask a signature without inputs, and so neither can the kit's.
        if not self.inputs:
            return {}
        values = {name: _values(array) for name, array in self.inputs.items()}
        files = {"columns.json": self._json(inputs=values)}
        if self.by_rows:
            rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
            files["rows.json"] = self._json(instances=rows)
        return files

    def _json(self, **asked: Any) -> str:
        return json.dumps({"signature_name": self.signature, **asked}, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class TypedSample(Sample):
    """A request and a response of Classify or of Regress."""

    @property
    def method(self) -> str:
        return typed.method_of(self.request)

    @property
    def records(self) -> list[bytes]:
        """The serialized tf.Examples."""
        return [one.SerializeToString() for one in self.request.input.example_list.examples]

    @property
    def rows(self) -> int:
        return len(self.request.input.example_list.examples)

    def arrays_of(self, response: Any) -> Arrays:
        return _arrays(typed.outputs_of(response))

    def arrays_of_json(self, answer: Mapping[str, Any]) -> Arrays:
        return _arrays(typed.outputs_of_json(self.method, answer["results"]))

    def files(self) -> Mapping[str, str]:
        body = typed.body_of(self.signature, self.request.input.example_list.examples)
        return {f"{self.method}.json": f"{body}\n"}


def _arrays(outputs: Mapping[str, Any]) -> Arrays:
    """Return the results of Classify or Regress as arrays; texts as bytes, as Predict's are."""
    classes = [[label.encode() for label in row] for row in outputs.get(typed.CLASSES, ())]
    values = {**outputs, typed.CLASSES: classes} if classes else outputs
    return {name: np.array(value, _DTYPES[name]) for name, value in values.items()}


def from_rest(answer: Mapping[str, Any], expected: Arrays) -> Arrays:
    """Read the JSON of a predict answer as arrays of the expected dtypes.

    Source of the formats: https://www.tensorflow.org/tfx/serving/api_rest#predict_api. A single output has no name in
    it.
    """
    if "outputs" in answer:
        outputs = answer["outputs"]
        named = outputs if len(expected) > 1 else dict.fromkeys(expected, outputs)
    else:
        rows = answer["predictions"]
        names = expected if len(expected) > 1 else ()
        named = {name: [row[name] for row in rows] for name in names} or dict.fromkeys(expected, rows)
    return {name: _array(values, expected[name]) for name, values in named.items() if name in expected}


def _array(values: Any, expected: Any) -> np.ndarray[Any, Any]:
    if expected.dtype != object:
        return np.asarray(values, expected.dtype)
    flat: list[bytes] = []
    shape = _flatten(values, flat)
    array = np.empty(len(flat), object)
    array[:] = flat
    return array.reshape(shape)


def _flatten(values: Any, into: list[bytes]) -> tuple[int, ...]:
    if isinstance(values, list):
        shapes = [_flatten(one, into) for one in values]
        return (len(values), *(shapes[0] if shapes else ()))
    into.append(base64.b64decode(values["b64"]) if isinstance(values, dict) else str(values).encode())
    return ()


def _values(array: np.ndarray[Any, Any]) -> Any:
    """Return an array as JSON values; bytes that are not text are written as REST wants them."""
    if array.dtype != object:
        return array.tolist()
    try:
        texts = [value.decode("utf-8") for value in array.ravel()]
    except UnicodeDecodeError:
        texts = [{"b64": base64.b64encode(value).decode()} for value in array.ravel()]
    shaped = np.empty(array.size, object)
    shaped[:] = texts
    return shaped.reshape(array.shape).tolist()


def difference(expected: Arrays, found: Arrays) -> str:
    """Say how one answer differs from another; empty if only by rounding."""
    if expected.keys() != found.keys():
        return f"the outputs are {', '.join(sorted(found))}, not {', '.join(sorted(expected))}"
    for name, wanted in expected.items():
        got = found[name]
        if got.shape != wanted.shape:
            return f"{name} has the shape {list(got.shape)}, not {list(wanted.shape)}"
        if wanted.dtype.kind != "f":
            same = np.asarray(got == wanted)
        else:
            same = np.isclose(got.astype(float), wanted.astype(float), TOLERANCE, TOLERANCE, equal_nan=True)
        if not same.all():
            place = tuple(int(index) for index in np.argwhere(~same)[0])
            return f"{name}{list(place)} is {got[place]}, not {wanted[place]}"
    return ""
