"""Bodies of predict to requests: both ways of reading rows agree, and columns have the same tensors."""

from __future__ import annotations

import json
from typing import Any

import hypothesis
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import predict_pb2

from kit.serving.errors import ServingError
from kit.serving.rest import decode
from kit.serving.rest.decode import Format, fill_predict
from kit.serving.rest.dense import OutOfTheOrdinaryError
from kit.serving.rest.parsing import Constant


def _infos(**dtypes: Any) -> dict[str, Any]:
    return {name: meta_graph_pb2.TensorInfo(dtype=dtype.as_datatype_enum) for name, dtype in dtypes.items()}


def _filled(body: Any, **dtypes: Any) -> tuple[Format, dict[str, Any]]:
    request = predict_pb2.PredictRequest()
    chosen = fill_predict(json.dumps(body).encode(), request, lambda _name: _infos(**dtypes))
    return chosen, {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}


def test_rows_and_columns_of_several_inputs() -> None:
    rows = [{"a": [1, 2], "b": "x", "c": True}, {"a": [3, 4], "b": {"b64": "/w=="}, "c": False}]
    columns = {"a": [[1, 2], [3, 4]], "b": ["x", {"b64": "/w=="}], "c": [True, False], "more": 1}
    dtypes = {"a": tf.int32, "b": tf.string, "c": tf.bool}
    by_rows, found = _filled({"instances": rows}, **dtypes)
    by_columns, other = _filled(
        {"inputs": columns}, **dtypes
    )  # as there, what the signature has not is ignored
    assert (by_rows, by_columns) == (Format.ROW, Format.COLUMN)
    for tensors in (found, other):
        assert tensors["a"].tolist() == [[1, 2], [3, 4]]
        assert tensors["b"].tolist() == [b"x", b"\xff"]
        assert tensors["c"].tolist() == [True, False]


def test_one_input_needs_no_name() -> None:
    assert _filled({"instances": [[[1.5]], [[2]]]}, x=tf.float32)[1]["x"].tolist() == [[[1.5]], [[2]]]
    assert _filled({"instances": [{"b64": "aGk="}, "x"]}, x=tf.string)[1]["x"].tolist() == [b"hi", b"x"]
    assert _filled({"inputs": {"b64": "aGk="}}, x=tf.string)[1]["x"].tolist() == b"hi"
    assert _filled({"inputs": 7}, x=tf.int64)[1]["x"].tolist() == 7
    assert _filled({"instances": [{"x": 1}]}, x=tf.int64)[1]["x"].tolist() == [1]


def test_the_signature_is_asked_for_its_inputs() -> None:
    request, asked = predict_pb2.PredictRequest(), []

    def inputs_of(name: str) -> dict[str, Any]:
        asked.append(name)
        return _infos(x=tf.float32) if name else {}

    fill_predict(b'{"signature_name": "s", "inputs": 1}', request, inputs_of)
    assert request.model_spec.signature_name == "s"
    with pytest.raises(ServingError, match="Failed to get input map for signature: DEFAULT"):
        fill_predict(b'{"inputs": 1}', request, inputs_of)
    assert asked == ["s", ""]


_LEAVES = (
    st.integers(-3, 3)
    | st.floats(-9, 9)
    | st.sampled_from([Constant("inf"), True, None, "x", {"b64": "aGk="}, {"z": 1}, 1e39])
)
_VALUES = st.recursive(_LEAVES, lambda inner: st.lists(inner, max_size=2), max_leaves=4)
_NAMED = st.fixed_dictionaries({"x": _VALUES}, optional={"y": st.text(max_size=2), "z": _VALUES})
_ROWS = st.lists(_VALUES, min_size=1, max_size=3) | st.lists(_NAMED, min_size=1, max_size=3)
_TYPES = [{"x": tf.float32}, {"x": tf.string}, {"x": tf.float64, "y": tf.string}]


@hypothesis.settings(max_examples=400, deadline=None)
@hypothesis.given(_ROWS, st.sampled_from(_TYPES))
def test_both_ways_to_read_rows_agree(rows: list[Any], dtypes: dict[str, Any]) -> None:
    infos = _infos(**dtypes)
    try:
        fast = decode._fast_rows(rows, infos)
    except OutOfTheOrdinaryError:
        return
    except ServingError:
        with pytest.raises(ServingError):
            decode._exact_rows(rows, infos)
        return
    exact = decode._exact_rows(rows, infos)
    for name, array in fast.items():
        assert (array.dtype, array.shape) == (exact[name].dtype, exact[name].shape)
        assert array.tolist() == exact[name].tolist()
