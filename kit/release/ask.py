"""Ask a model through any of its signatures, with a request filled in as texts or taken from a row of the data."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from kit.data.example_gen import SPLITS
from kit.data.records import as_text, count_records
from kit.errors import InfraCheckError
from kit.features.graph import why_refused
from kit.features.rows import RowReader, as_value, texts_of, write_over
from kit.release.signatures import OPEN_SIZE, column_of, load_signatures, make_request, takes_examples
from kit.session import Session
from kit.translation.messages import in_language

_SHOWN_VALUES = 100  # of an output
_TRUTHS = {"true": True, "false": False}


class Answer(NamedTuple):
    """The outcome of a request.

    Attributes:
        wrong: for each invalid field, the reason; under "" why the model does not answer.
        outputs: name, shape and values of each output; empty when something is wrong.
        milliseconds: the milliseconds that the model took, without setting up its graph at the first call.
    """

    wrong: dict[str, str]
    outputs: list[tuple[str, str, str]]
    milliseconds: float


class SignatureDesk:
    """The signatures of the model that a session's project trained last, to be tried.

    A signature that takes serialized tf.Examples is filled in by the columns of the data; the example is made and
    serialized when it is sent. Any other is filled in by its inputs. A request has one row.

    Args:
        session: the session of the project.

    Raises:
        StepOrderError: when there is no model yet.
        InfraCheckError: when the model cannot be loaded.
    """

    def __init__(self, session: Session) -> None:
        self.signatures = load_signatures(session.path("Trainer", "model"))
        self._columns = _columns(session.path("Transform", "transform_graph"))
        self._examples = session.path("ExampleGen", "examples")
        self._rows = RowReader(self._examples)
        self._column_of = column_of(session.project)
        self._set_up: set[str] = set()

    def summary(self) -> dict[str, Any]:
        """Return `signatures`, a dict each, and `rows`, how many each split has; the evaluation split is first."""
        rows = {split: count_records(self._examples, split) for split in reversed(SPLITS)}
        signatures = [
            {
                "name": name,
                "inputs": _tensors(signature.inputs),
                "outputs": _tensors(signature.outputs),
                "fields": self._fields(signature.inputs),
            }
            for name, signature in sorted(
                self.signatures.items(), key=lambda item: item[0] != "serving_default"
            )
        ]
        return {"signatures": signatures, "rows": rows}

    def take(self, name: str, split: str, row: int) -> dict[str, str]:
        """Return the texts to fill in a form with.

        Args:
            name: the name of the signature.
            split: the split that the row is from; "": nothing is filled in.
            row: its index, from 0. An input of several values also takes those of the rows that follow. Nothing is
                filled in if an input has no column.
        """
        inputs = self.signatures[name].inputs
        if takes_examples(inputs):
            record = self._rows.read(split, row) if split else b""
            return texts_of(record, self._columns)
        if not split:
            return dict.fromkeys(inputs, "")
        amounts = [_values(spec) for spec in inputs.values()]
        width = max([1, *(OPEN_SIZE if amount is None else amount for amount in amounts)])
        try:
            request = make_request(name, inputs, self._some(split, row, width), self._column_of)
        except InfraCheckError:
            # No row fits its inputs, and `send_requests` says which one; it is filled in by hand.
            return dict.fromkeys(inputs, "")
        return {
            key: _as_field(_one_row(value.numpy(), inputs[key]), inputs[key])
            for key, value in request.items()
        }

    def send(self, name: str, texts: Mapping[str, str]) -> Answer:
        """Send one row to a signature.

        Args:
            name: the name of the signature.
            texts: the text of each field.
        """
        signature = self.signatures[name]
        request, wrong = self._request(signature.inputs, texts)
        if wrong:
            return Answer(wrong, [], 0.0)
        try:
            if name not in self._set_up:
                signature(**request)
                self._set_up.add(name)
            started = time.perf_counter()
            answer = {key: value.numpy() for key, value in signature(**request).items()}
        except tf.errors.OpError as error:
            return Answer({"": f"the model does not answer: {why_refused(error)}"}, [], 0.0)
        milliseconds = (time.perf_counter() - started) * 1000
        outputs = [(key, str(list(value.shape)), _shown(value)) for key, value in sorted(answer.items())]
        return Answer({}, outputs, milliseconds)

    def _some(self, split: str, row: int, amount: int) -> list[bytes]:
        """Return a row and those after it, up to a number of rows."""
        records = [self._rows.read(split, row)]
        with suppress(IndexError):
            records += [self._rows.read(split, row + place) for place in range(1, amount)]
        return records

    def _fields(self, inputs: Mapping[str, tf.TensorSpec]) -> list[dict[str, str]]:
        if takes_examples(inputs):
            return [
                {"name": name, "dtype": column.dtype.name, "hint": ""}
                for name, column in self._columns.items()
            ]
        return [
            {"name": name, "dtype": spec.dtype.name, "hint": _hint(spec)}
            for name, spec in sorted(inputs.items())
        ]

    def _request(
        self, inputs: Mapping[str, tf.TensorSpec], texts: Mapping[str, str]
    ) -> tuple[dict[str, tf.Tensor], dict[str, str]]:
        if takes_examples(inputs):
            known = {name: text for name, text in texts.items() if name in self._columns}
            record, wrong = write_over(b"", known, self._columns)
            return dict.fromkeys(inputs, tf.constant([record])), wrong
        request, wrong = {}, {}
        for name, spec in inputs.items():
            try:
                request[name] = _tensor(texts.get(name, ""), spec)
            except ValueError as error:
                wrong[name] = in_language(str(error))
        return request, wrong


def _columns(graph: Path) -> dict[str, Any]:
    columns: dict[str, Any] = tft.TFTransformOutput(str(graph)).raw_feature_spec()
    return columns


def _tensors(specs: Mapping[str, tf.TensorSpec]) -> list[dict[str, str]]:
    return [
        {"name": name, "dtype": spec.dtype.name, "shape": _shape(spec)}
        for name, spec in sorted(specs.items())
    ]


def _shape(spec: tf.TensorSpec) -> str:
    if spec.shape.rank is None:
        return "any"
    return f"[{', '.join('any' if size is None else str(size) for size in spec.shape)}]"


def _has_rows(spec: tf.TensorSpec) -> bool:
    """Return whether the first dimension is that of rows; an unknown number of dimensions counts as one, of rows."""
    return spec.shape.rank is None or bool(spec.shape.rank and spec.shape[0] is None)


def _one_row(value: Any, spec: tf.TensorSpec) -> Any:
    return value[0] if _has_rows(spec) else value


def _row_shape(spec: tf.TensorSpec) -> list[int | None]:
    """Return the shape of one row, without the dimension of rows where there is one."""
    if spec.shape.rank is None:  # taken for one value per row
        return []
    sizes: list[int | None] = spec.shape.as_list()
    return sizes[1:] if sizes and sizes[0] is None else sizes


def _values(spec: tf.TensorSpec) -> int | None:
    """Return how many values a row has, None for any number."""
    sizes = _row_shape(spec)
    return None if None in sizes else int(np.prod([size or 0 for size in sizes], dtype=int))


def _hint(spec: tf.TensorSpec) -> str:
    if not _row_shape(spec):
        return ""
    amount = _values(spec)
    if amount is None:
        return "any number of values, with commas between them"
    few = "up to " if spec.dtype == tf.string else ""
    return f"{few}{amount} values, with commas between them"


def _tensor(text: str, spec: tf.TensorSpec) -> tf.Tensor:
    """Read an input of one row; fewer texts than its width are padded with ''.

    Raises:
        ValueError: when the text is not valid; the message says what it must be.
    """
    sizes = _row_shape(spec)
    values = [_value(part, spec.dtype) for part in (_parts(text) if sizes else [text])]
    amount = _values(spec)
    if amount is not None:
        values += [b""] * (amount - len(values)) if spec.dtype == tf.string else []
        if len(values) != amount:
            raise ValueError(f"this needs {amount} values, not {len(values)}")
    elif sizes.count(None) > 1:
        raise ValueError(f"only one size of this may be left open, but its shape is {_shape(spec)}")
    rows = [1] if _has_rows(spec) else []
    shape = [*rows, *(-1 if size is None else size for size in sizes)]
    return tf.reshape(tf.constant(values, spec.dtype), shape)


def _value(text: str, dtype: tf.DType) -> bytes | int | float | bool:
    if dtype == tf.bool:
        if text.strip().lower() not in _TRUTHS:
            raise ValueError(f"this is true or false, not {text!r}")
        return _TRUTHS[text.strip().lower()]
    if dtype.is_floating and not text.strip():
        return float("nan")  # a missing number
    if not (dtype == tf.string or dtype.is_floating or dtype.is_integer):
        raise ValueError(f"a value of the type {dtype.name} cannot be written here")
    return as_value(text, dtype)


def _parts(text: str) -> Sequence[str]:
    """Return the values of a JSON list, or those between commas."""
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            raise ValueError(f"this begins like a JSON list, but is not one: {text[:40]!r}") from None
        return [str(part) for part in listed]
    return [part.strip() for part in text.split(",")] if text.strip() else []


def _as_field(row: Any, spec: tf.TensorSpec) -> str:
    """Return the values of a row as `_tensor` reads them."""
    values = [as_text(value) for value in np.atleast_1d(row).ravel()]
    if not _row_shape(spec):
        return "" if values[0] == "nan" else values[0]
    plain = all(value and value == value.strip() and not set(value) & set(",[") for value in values)
    return ", ".join(values) if plain else json.dumps(values, ensure_ascii=False)


def _shown(value: np.ndarray) -> str:
    flat = value.ravel()
    more = ", …" if len(flat) > _SHOWN_VALUES else ""
    texts = [f"{one:.6g}" if isinstance(one, np.floating) else as_text(one) for one in flat[:_SHOWN_VALUES]]
    return ", ".join(texts) + more
