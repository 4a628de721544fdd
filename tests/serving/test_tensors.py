from __future__ import annotations

from contextlib import suppress
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2

from kit.serving.errors import ServingError
from kit.serving.tensors import as_array, as_proto, serialized_entry

_DTYPES = [
    *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)),
    "float16",
    "float32",
    "float64",
    "bool",
    "complex64",
    "complex128",
]


@pytest.mark.parametrize("as_content", [False, True])
@pytest.mark.parametrize("dtype", _DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)])
def test_every_dtype_survives_the_wire(dtype: str, shape: tuple[int, ...], as_content: bool) -> None:
    array = (np.arange(np.prod(shape)).reshape(shape) % 2).astype(dtype)
    found = as_array("x", as_proto(array, as_content=as_content))
    assert found.dtype == array.dtype
    np.testing.assert_array_equal(found, array)


@pytest.mark.parametrize("as_content", [False, True])
def test_texts_survive_the_wire(as_content: bool) -> None:
    array = np.array([[b"a\0", b"\xff"], ["東".encode(), b""]], object)
    found = as_array("x", as_proto(array, as_content=as_content))
    assert found.tolist() == [[b"a\0", b"\xff"], ["東".encode(), b""]]


@settings(deadline=None)
@given(st_numpy.arrays(np.float32, st_numpy.array_shapes(max_dims=3, max_side=5)))
def test_clients_read_what_was_meant(array: Any) -> None:
    np.testing.assert_array_equal(tf.make_ndarray(as_proto(array)), array)


def test_values_stand_in_the_field_of_their_dtype_as_clients_expect() -> None:
    assert list(as_proto(np.array([1.5, 2.5], np.float32)).float_val) == [1.5, 2.5]
    assert list(as_proto(np.array([7], np.int64)).int64_val) == [7]
    assert as_proto(np.array([1.5, 2.5], np.float32), as_content=True).tensor_content


def _proto(dtype: int, sizes: list[int], **fields: Any) -> Any:
    proto = tensor_pb2.TensorProto(dtype=dtype, **fields)
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    return proto


_FLOAT = types_pb2.DT_FLOAT


def test_one_value_stands_for_all_as_in_tensorflow() -> None:
    assert as_array("x", _proto(_FLOAT, [3], float_val=[2.0])).tolist() == [2, 2, 2]


@pytest.mark.parametrize(
    "proto",
    [
        _proto(_FLOAT, [-1], float_val=[1.0]),
        _proto(_FLOAT, [3], tensor_content=b"abc"),
        _proto(_FLOAT, [2], float_val=[1.0, 2.0, 3.0]),
        _proto(_FLOAT, [1 << 40], float_val=[1.0]),
        _proto(_FLOAT, [1 << 40]),
        _proto(_FLOAT, [1] * 65, float_val=[1.0]),
        _proto(_FLOAT, [1] * 65, tensor_content=b"\0" * 4),
        _proto(_FLOAT, [0, 1 << 62, 1 << 62]),
        _proto(types_pb2.DT_STRING, [0, 1 << 62, 1 << 62]),
        _proto(types_pb2.DT_STRING, [1 << 20, 1 << 20], string_val=[b"a"]),
        _proto(types_pb2.DT_STRING, [1], tensor_content=b"abc"),
        _proto(types_pb2.DT_INVALID, [1]),
        _proto(types_pb2.DT_VARIANT, [1]),
        _proto(types_pb2.DT_RESOURCE, [1]),
        _proto(12345, [1]),
    ],
)
def test_what_is_no_tensor_is_refused_and_takes_no_memory(proto: Any) -> None:
    with pytest.raises(ServingError, match=r"^tensor parsing error: x$") as raised:
        as_array("x", proto)
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=60))
def test_bytes_of_a_stranger_are_a_tensor_or_an_error(data: bytes) -> None:
    proto = tensor_pb2.TensorProto()
    with suppress(DecodeError):  # gRPC refuses these before anybody sees them
        proto.MergeFromString(data)
    with suppress(ServingError):  # anything else would be an error of the server's own
        assert isinstance(as_array("x", proto), np.ndarray)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.float16, np.bool_])
@pytest.mark.parametrize("as_content", [False, True], ids=["values", "content"])
def test_a_complete_tensor_is_what_tensorflow_makes_of_it(dtype: Any, *, as_content: bool) -> None:
    given = np.array([[0, 1, 2], [3, 4, 5]]).astype(dtype)
    proto = as_proto(given, as_content=as_content)
    found = as_array("x", proto)
    np.testing.assert_array_equal(found, tf.make_ndarray(proto))
    assert found.dtype == dtype
    found[0, 0] = 1  # may be written to


def test_content_of_another_length_is_refused() -> None:
    proto = as_proto(np.zeros(4, np.float32), as_content=True)
    proto.tensor_content = proto.tensor_content[:-1]
    with pytest.raises(ServingError, match="tensor parsing error: x"):
        as_array("x", proto)


@pytest.mark.parametrize("as_content", [False, True], ids=["values", "content"])
@pytest.mark.parametrize("dtype", [*_DTYPES, object])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 100)])
def test_a_serialized_output_is_the_message_that_has_it(
    dtype: Any, shape: tuple[int, ...], *, as_content: bool
) -> None:
    array = (np.arange(np.prod(shape)).reshape(shape) % 2).astype(dtype)
    if dtype is object:
        array = np.full(shape, b"text", object)
    response = predict_pb2.PredictResponse()
    response.outputs["y"].CopyFrom(as_proto(array, as_content=as_content))
    for _ in range(2):  # the second time from the cache
        found = serialized_entry("y", array, as_content=as_content)
        assert predict_pb2.PredictResponse.FromString(found) == response
