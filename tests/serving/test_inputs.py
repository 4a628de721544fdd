"""What is remembered of requests changes nothing of what they are read as."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from kit.serving import inputs
from kit.serving.errors import ServingError
from kit.serving.inputs import Input, feeds_of, inputs_of
from kit.serving.tensors import as_proto


@pytest.fixture
def signature() -> Any:
    found = meta_graph_pb2.SignatureDef()
    info = meta_graph_pb2.TensorInfo(name="x:0", dtype=types_pb2.DT_FLOAT)
    info.tensor_shape.CopyFrom(tf.TensorShape([None, 2]).as_proto())
    found.inputs["x"].CopyFrom(info)
    return found


@pytest.fixture
def known(signature: Any) -> dict[str, Input]:
    return inputs_of(signature)


def _read(signature: Any, known: dict[str, Input], proto: Any) -> Any:
    return feeds_of(signature, known, {"x": proto})["x:0"].tolist()


@pytest.mark.parametrize("as_content", [False, True], ids=["values", "content"])
def test_a_shape_that_was_seen_is_read_as_before(
    signature: Any, known: dict[str, Input], *, as_content: bool
) -> None:
    for first in (0.0, 4.0, 8.0):
        array = np.arange(first, first + 4, dtype=np.float32).reshape(2, 2)
        assert _read(signature, known, as_proto(array, as_content=as_content)) == array.tolist()
    assert list(known["x"].shapes.values()) == [((2, 2), 4)]


def test_fewer_values_than_a_known_shape_has_are_repeated_and_more_refused(
    signature: Any, known: dict[str, Input]
) -> None:
    complete = as_proto(np.zeros((2, 2), np.float32))
    assert _read(signature, known, complete) == [[0, 0], [0, 0]]
    proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_shape=complete.tensor_shape)
    proto.float_val.append(7)
    assert _read(signature, known, proto) == [[7, 7], [7, 7]]
    proto.float_val.extend([7] * 4)
    with pytest.raises(ServingError, match="tensor parsing error: x"):
        _read(signature, known, proto)


def test_another_dtype_of_a_known_shape_and_another_shape_are_refused(
    signature: Any, known: dict[str, Input]
) -> None:
    _read(signature, known, as_proto(np.zeros((2, 2), np.float32)))
    for _ in range(2):
        with pytest.raises(ServingError, match=r"to be float but int32 is provided \(input x\)"):
            _read(signature, known, as_proto(np.zeros((2, 2), np.int32)))
        with pytest.raises(ServingError, match=r"to have shape \[\?,2\] but \[2, 3\] is provided"):
            _read(signature, known, as_proto(np.zeros((2, 3), np.float32)))
    assert len(known["x"].shapes) == 1


def test_a_client_with_ever_other_shapes_takes_no_memory(
    signature: Any, known: dict[str, Input], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "_MOST_SHAPES", 3)
    for rows in range(1, 7):
        assert len(_read(signature, known, as_proto(np.zeros((rows, 2), np.float32)))) == rows
    assert len(known["x"].shapes) == 3
