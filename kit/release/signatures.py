"""Check a saved model's signatures against project.yml, and send a request through each."""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterable, Mapping
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

MODEL_FOLDER = "Format-Serving"
EXAMPLES = "examples"  # the signature that takes serialized tf.Examples, and its input
_ROWS = 3


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
        InfraCheckError: when a signature raises, or gives a score that is not a number.
    """
    records = first_records(examples, "eval", _ROWS)
    columns = column_of(project)
    rows = []
    for name, signature in sorted(signatures.items()):
        request = make_request(signature.inputs, records, columns)
        rows.append({"signature": name, "rows sent": len(records), **_send(name, signature, request)})
    return pd.DataFrame(rows)


def column_of(project: Project) -> dict[str, str]:
    """Return the column of each argument that is called differently, because TensorFlow does not take its name."""
    features = importlib.import_module(f"kit.projects.{project.name}.features")
    return {argument: column for column, argument in getattr(features, "ARGUMENTS", {}).items()}


def _send(name: str, signature: Any, request: dict[str, tf.Tensor]) -> dict[str, object]:
    try:
        signature(**request)  # the first call also sets the graph up
        started = time.perf_counter()
        answer = {key: value.numpy() for key, value in signature(**request).items()}
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
    first = next(iter(sorted(answer)))
    return {
        "outputs": ", ".join(f"{key} {shape}" for key, shape in list(shown.items())[:4]),
        "first value": answer[first].ravel()[0],
        "ms": round(milliseconds, 2),
    }


def takes_examples(inputs: Iterable[str]) -> bool:
    """Say whether the inputs of a signature are serialized tf.Examples alone: `inputs` of Classify and Regress, too."""
    return list(inputs) in ([EXAMPLES], [tf.saved_model.CLASSIFY_INPUTS])


def make_request(
    inputs: dict[str, tf.TensorSpec], records: list[bytes], column_of: Mapping[str, str]
) -> dict[str, tf.Tensor]:
    """Make a request from serialized examples: either these themselves, or the columns that the inputs name.

    An input of several values per row, such as `item_ids`, gets those of all rows, repeated to the width that it takes.

    Args:
        inputs: the inputs of the signature, by name.
        records: serialized tf.Examples.
        column_of: the column of each input that is not called as its column.
    """
    if takes_examples(inputs):
        return dict.fromkeys(inputs, tf.constant(records))
    rows = [tf.train.Example.FromString(record).features.feature for record in records]
    return {name: _column(column_of.get(name, name), spec, rows) for name, spec in inputs.items()}


def _column(name: str, spec: tf.TensorSpec, rows: list[Any]) -> tf.Tensor:
    source = name if name in rows[0] else name.removesuffix("s")
    missing = {"string": b"", "float32": float("nan"), "int64": 0}[spec.dtype.name]
    values = [_first(row[source], missing) if source in row else missing for row in rows]
    if spec.shape.rank == 1:
        return tf.cast(tf.constant(values), spec.dtype) if spec.dtype != tf.string else tf.constant(values)
    width = spec.shape[1]
    return tf.constant([(values * width)[:width] for _ in rows], spec.dtype)


def _first(feature: Any, missing: Any) -> Any:
    kind = feature.WhichOneof("kind")
    values = getattr(feature, kind).value if kind else ()
    return values[0] if values else missing
