"""The rows that one logged request stands for: one per row of its batch, or one per candidate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import tensorflow as tf

from kit.data.casting import ARROW_TYPES
from kit.monitoring.log import SCORE, TIME, TIMESTAMP, VERSION
from kit.project import Project
from kit.release.signatures import column_of
from kit.training.signature_names import EXAMPLES, PROBABILITIES
from kit.training.signature_names import SCORE as OUTPUT

_MATRIX = 2
_MICROS = 1_000_000


class NoRowsError(ValueError):
    """A logged request yields no rows; the text completes "N requests …"."""


class _Asked(NamedTuple):
    """What was asked.

    Attributes:
        columns: the columns of the rows.
        kept: which answers belong to them, bool [answers].
        places: the places of the rows in the batch of the request, from 0.
    """

    columns: dict[str, pa.Array]
    kept: np.ndarray[Any, Any]
    places: np.ndarray[Any, Any]


class RowMaker:
    """Makes rows of PredictionLogs."""

    def __init__(self, project: Project) -> None:
        """Take the columns of a project."""
        self._columns = {
            name: one for name, one in project.columns.items() if name not in project.not_requested
        }
        self._keys = [name for name, one in self._columns.items() if one.kind == "key"]
        self._name, self._is_multiclass = project.name, project.spec.task == "multiclass"
        project.make_importable()
        self._column_of = column_of(project)

    def rows(self, log: Any) -> pa.Table:
        """Return the rows of a PredictionLog, with the columns that its signature carries.

        Raises:
            NoRowsError: when it yields none.
        """
        metadata = log.log_metadata
        if metadata.model_spec.name != self._name:
            raise NoRowsError("were for another model")
        if log.WhichOneof("log_type") != "predict_log":
            raise NoRowsError("were not asked through Predict")
        scores = self._scores(log.predict_log.response)
        asked = self._asked(log.predict_log.request.inputs)
        if not asked.columns or len(scores) != len(asked.kept):
            raise NoRowsError("have another number of answers than of rows")
        rows = len(asked.places)
        own = {
            TIME: pa.array(np.full(rows, metadata.timestamp_secs * _MICROS), TIMESTAMP),
            VERSION: pa.array(np.full(rows, metadata.model_spec.version.value, np.int64)),
            SCORE: pa.array(
                scores[asked.kept].tolist(), pa.list_(pa.float32()) if scores.ndim > 1 else pa.float32()
            ),
        }
        return pa.table({**asked.columns, **self._key(asked, metadata.request_origin), **own})

    def _scores(self, response: Any) -> np.ndarray[Any, Any]:
        """Return one answer per row: a number, or a probability of each class."""
        output = PROBABILITIES if self._is_multiclass else OUTPUT
        if output not in response.outputs:
            raise NoRowsError(f"were answered without {output}")
        scores = tf.make_ndarray(response.outputs[output])
        flat: np.ndarray[Any, Any] = (
            scores.reshape(-1, scores.shape[-1]) if self._is_multiclass else scores.ravel()
        )
        return flat

    def _asked(self, inputs: Mapping[str, Any]) -> _Asked:
        if set(inputs) == {EXAMPLES}:
            return self._of_examples(list(inputs[EXAMPLES].string_val))
        return self._of_inputs({name: tf.make_ndarray(tensor) for name, tensor in inputs.items()})

    def _of_examples(self, records: Sequence[bytes]) -> _Asked:
        rows = [tf.train.Example.FromString(record).features.feature for record in records]
        columns = {
            name: _as_arrow([_first(row.get(name)) for row in rows], column.dtype)
            for name, column in self._columns.items()
        }
        return _Asked(columns, np.ones(len(rows), bool), np.arange(len(rows)))

    def _of_inputs(self, inputs: Mapping[str, np.ndarray[Any, Any]]) -> _Asked:
        """Return the columns of named inputs; where one has several values per row, such as candidates, each is a row.

        Empty texts among those are padding.
        """
        known = {
            name: array for name, array in inputs.items() if self._column(name) and array.ndim in {1, _MATRIX}
        }
        width = max((array.shape[1] for array in known.values() if array.ndim == _MATRIX), default=1)
        flat = {
            self._column(name): array.ravel() if array.ndim == _MATRIX else np.repeat(array, width)
            for name, array in known.items()
        }
        sizes = {len(values) for values in flat.values()}
        if len(sizes) != 1:
            raise NoRowsError("have inputs of different sizes, or none that is a column")
        [size] = sizes
        kept = np.ones(size, bool)
        for array in known.values():
            if array.ndim == _MATRIX and array.dtype == object:
                kept &= array.ravel() != b""
        columns = {
            name: _as_arrow([_value(one) for one in values[kept].tolist()], self._columns[name].dtype)
            for name, values in flat.items()
            if name
        }
        return _Asked(columns, kept, np.repeat(np.arange(size // width), width)[kept])

    def _column(self, name: str) -> str | None:
        name = self._column_of.get(name, name)
        return next((one for one in (name, name.removesuffix("s")) if one in self._columns), None)

    def _key(self, asked: _Asked, request_id: str) -> dict[str, pa.Array]:
        """Return the one key that the signature does not carry, if there is one."""
        missing = [name for name in self._keys if name not in asked.columns]
        if len(missing) != 1 or self._columns[missing[0]].dtype != "string":
            return {}
        several = len(asked.places) and asked.places[-1] > 0
        keys = [f"{request_id}/{place}" if several else request_id for place in asked.places]
        return {missing[0]: pa.array(keys, pa.string())}


def _first(feature: Any) -> Any:
    kind = feature.WhichOneof("kind") if feature is not None else None
    values = getattr(feature, kind).value if kind else ()
    return _value(values[0]) if values else None


def _value(value: Any) -> Any:
    """Return a value as Arrow takes it; '' and NaN are missing values, as in signatures of columns."""
    if isinstance(value, bytes):
        return value.decode(errors="replace") or None
    return None if value != value else value  # noqa: PLR0124  NaN


def _as_arrow(values: Sequence[Any], dtype: str) -> pa.Array:
    """Return a column; a text in a column of numbers is a missing value, as for the model."""
    if dtype == "string":
        return pa.array([None if one is None else str(one) for one in values], pa.string())
    numbers = [one if isinstance(one, int | float) and np.isfinite(one) else None for one in values]
    if dtype == "int":
        numbers = [None if one is None else int(one) for one in numbers]
    return pa.array(numbers, ARROW_TYPES[dtype])
