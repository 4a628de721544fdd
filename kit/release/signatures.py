"""Check a saved model's signatures against project.yml, and send a request through each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf

from kit.data.records import first_records
from kit.errors import InfraCheckError
from kit.project import Project
from kit.release.contract import (
    SignatureShape,
    TensorShape,
    check_promised,
    promised_by,
    read_meta_graph,
    signatures_of,
)
from kit.training.signature_names import EXAMPLES

MODEL_FOLDER = "Format-Serving"
OPEN_SIZE = 3  # for a dimension of any size in a made-up request, such as the length of a list
_ROWS = 3

Array = np.ndarray[Any, Any]


def load_signatures(model: Path) -> dict[str, Any]:
    """Load the SavedModel in the folder of a Model artifact and return its signatures by name.

    Raises:
        InfraCheckError: when it cannot be loaded.
    """
    try:
        loaded = tf.saved_model.load(str(model / MODEL_FOLDER))
    except (OSError, ValueError) as error:
        raise InfraCheckError(
            f"{model} must be a SavedModel, but it cannot be loaded: {error}. Train again."
        ) from error
    shapes = signatures_of(read_meta_graph(model / MODEL_FOLDER))
    # The signatures stop working when the object that holds their tables is collected.
    return {
        name: _Kept(function, loaded, shapes[name].method) for name, function in loaded.signatures.items()
    }


class _Kept:
    """A signature together with the model that it belongs to, and its method, such as `predict`."""

    def __init__(self, function: Any, owner: Any, method: str) -> None:
        self.function, self._owner, self.method = function, owner, method
        self.inputs: dict[str, tf.TensorSpec] = function.structured_input_signature[1]
        self.outputs: dict[str, tf.TensorSpec] = function.structured_outputs

    def __call__(self, **inputs: Any) -> dict[str, Any]:
        return dict(self.function(**inputs))


def check_contract(project: Project, signatures: dict[str, Any]) -> str:
    """Return one sentence when the model has every signature that project.yml promises, tensor for tensor.

    Raises:
        InfraCheckError: otherwise; the message names the signature and the tensor.
    """
    promised = promised_by({name: one.model_dump() for name, one in project.spec.signatures.items()})
    return check_promised(promised, {name: _shape(signature) for name, signature in signatures.items()})


def _shape(signature: Any) -> SignatureShape:
    inputs, outputs = (
        {key: _tensor(spec) for key, spec in specs.items()} for specs in (signature.inputs, signature.outputs)
    )
    return SignatureShape(inputs, outputs, signature.method)


def _tensor(spec: tf.TensorSpec) -> TensorShape:
    return TensorShape(spec.dtype.name, None if spec.shape.rank is None else tuple(spec.shape.as_list()))


def send_requests(project: Project, signatures: dict[str, Any], examples: Path) -> pd.DataFrame:
    """Send real rows through every signature; return one row for each, with the answer's shape and milliseconds.

    Raises:
        InfraCheckError: when no request can be made for a signature, or it raises, or gives a score that is not a
            number.
    """
    records = first_records(examples, "eval", _ROWS)
    columns = column_of(project)
    rows = []
    for name, signature in sorted(signatures.items()):
        request = make_request(name, signature.inputs, records, columns)
        rows.append({"signature": name, "rows sent": len(records), **_send(name, signature, request)})
    return pd.DataFrame(rows)


def column_of(project: Project) -> dict[str, str]:
    """Return the column of each argument with another name, because TensorFlow does not accept the column's."""
    features = project.module("features")
    return {argument: column for column, argument in getattr(features, "ARGUMENTS", {}).items()}


def _send(name: str, signature: Any, request: dict[str, tf.Tensor]) -> dict[str, object]:
    try:
        signature(**request)  # the first call also sets the graph up
        started = time.perf_counter()
        answer = {key: np.asarray(value.numpy()) for key, value in signature(**request).items()}
    except tf.errors.OpError as error:
        raise InfraCheckError(
            f"Signature {name} must answer, but raised: {error.message}. Train again."
        ) from error
    milliseconds = (time.perf_counter() - started) * 1000
    for key, value in answer.items():
        if value.dtype.kind == "f" and not np.isfinite(value).all():
            raise InfraCheckError(
                f"{key} of signature {name} must be numbers, but has NaN or infinity. Train again."
            )
    shown = {key: str(list(value.shape)) for key, value in sorted(answer.items())}
    values = [value for key in sorted(answer) for value in answer[key].ravel()[:1]]
    return {
        "outputs": ", ".join(f"{key} {shape}" for key, shape in list(shown.items())[:4]),
        "first value": values[0] if values else "",
        "ms": round(milliseconds, 2),
    }


def takes_examples(inputs: Mapping[str, tf.TensorSpec]) -> bool:
    """Return whether serialized tf.Examples are the only input of a signature, as of Classify and Regress."""
    return list(inputs) in ([EXAMPLES], [tf.saved_model.CLASSIFY_INPUTS]) and all(
        spec.dtype == tf.string for spec in inputs.values()
    )


def make_request(
    signature: str, inputs: Mapping[str, tf.TensorSpec], records: list[bytes], column_of: Mapping[str, str]
) -> dict[str, tf.Tensor]:
    """Return what `make_arrays` does, as tensors."""
    arrays = make_arrays(signature, inputs, records, column_of)
    return {name: tf.constant(array, inputs[name].dtype) for name, array in arrays.items()}


def make_arrays(
    signature: str, inputs: Mapping[str, tf.TensorSpec], records: list[bytes], column_of: Mapping[str, str]
) -> dict[str, Array]:
    """Make a request from serialized examples: either these themselves, or the columns named by the inputs.

    An input of several values per row, such as `item_ids`, gets those of all rows, repeated to its shape; open sizes
    become OPEN_SIZE. An input without a dimension of rows gets as many values as it takes.

    Args:
        signature: its name.
        inputs: the inputs of the signature, by name.
        records: serialized tf.Examples.
        column_of: the column of each input whose name differs from its column's.

    Raises:
        InfraCheckError: when an input has no column; the message names it.
    """
    if takes_examples(inputs):
        return {name: _shaped(_objects(records), spec) for name, spec in inputs.items()}
    rows = [tf.train.Example.FromString(record).features.feature for record in records]
    found = {}
    for name, spec in inputs.items():
        if not (spec.dtype in {tf.string, tf.bool} or spec.dtype.is_floating or spec.dtype.is_integer):
            raise InfraCheckError(
                f"Input {name} of signature {signature} must be strings, numbers or booleans, so that a request can "
                f"be made, but is {_tensor(spec)}. Give it another dtype in model.py, or leave the signature out."
            )
        column = column_of.get(name, name)
        column = column if any(column in row for row in rows) else column.removesuffix("s")
        values = _values(column, spec.dtype, rows)
        for value in values:
            if not _fits(value, spec.dtype):
                raise InfraCheckError(
                    f"Input {name} of signature {signature} must take what column {column} has, so that a request can "
                    f"be made, but it is {_tensor(spec)}, and a row has {value!r}. Give it the column's dtype or "
                    "another name in model.py, or leave the signature out."
                )
        typed = _objects(values) if spec.dtype == tf.string else np.array(values)
        found[name] = _shaped(typed.astype(spec.dtype.as_numpy_dtype), spec)
    return found


def _objects(values: Sequence[bytes]) -> Array:
    """Return an array of texts; NumPy's own type for bytes would strip trailing zeros."""
    return np.array([*values, None], object)[:-1]


def _values(column: str, dtype: tf.DType, rows: list[Any]) -> list[Any]:
    missing = b"" if dtype == tf.string else float("nan") if dtype.is_floating else 0
    return [_first(row[column], missing) if column in row else missing for row in rows]


def _first(feature: Any, missing: Any) -> Any:
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else ()
    return values[0] if values else missing


def _fits(value: Any, dtype: tf.DType) -> bool:
    if isinstance(value, bytes) or dtype == tf.string:
        return isinstance(value, bytes) and dtype == tf.string
    return not dtype.is_integer or bool(dtype.min <= value <= dtype.max)  # NaN is not equal to itself


def _shaped(values: Array, spec: tf.TensorSpec) -> Array:
    """Repeat one value per row to the shape of an input; an unknown number of dimensions counts as one."""
    if spec.shape.rank is None or not spec.shape.rank:
        return values if spec.shape.rank is None else values[:1].reshape(())
    rows, *row = spec.shape.as_list()
    rows = len(values) if rows is None else rows
    if not row:
        return np.resize(values, [rows])
    one = np.resize(values, [OPEN_SIZE if size is None else size for size in row])
    return np.stack([one] * rows) if rows else one[None][:0]
