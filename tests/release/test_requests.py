"""A request is made of rows for every signature that a contract allows, or it is told why none can be."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import pytest
import tensorflow as tf

from kit.data.records import first_records
from kit.errors import InfraCheckError
from kit.project.file import Signature, Tensor
from kit.release.contract import check_promised, promised_by, read_meta_graph, signatures_of
from kit.release.infra_check import check_package
from kit.release.package_samples import make_samples, write_samples
from kit.release.signatures import load_signatures, make_request, send_requests
from kit.serving.servable import Servable

if TYPE_CHECKING:
    from training.tiny import Tiny


def test_a_list_input_gets_the_values_of_all_rows() -> None:
    records = []
    for item in ("i1", "i2"):
        example = tf.train.Example()
        example.features.feature["item_id"].bytes_list.value.append(item.encode())
        records.append(example.SerializeToString())
    inputs = {
        "item_ids": tf.TensorSpec([None, 5], tf.string),
        "user": tf.TensorSpec([None], tf.string),
        "age": tf.TensorSpec([None], tf.int64),
    }
    request = make_request("rank", inputs, records, {"user": "item_id"})
    assert request["item_ids"].numpy().tolist() == [[b"i1", b"i2", b"i1", b"i2", b"i1"]] * 2
    assert request["user"].numpy().tolist() == [b"i1", b"i2"]
    assert request["age"].numpy().tolist() == [0, 0], "a column that no row has is a missing value"


@pytest.mark.parametrize(
    ("spec", "made"),
    [
        (tf.TensorSpec(None, tf.int64), [1, 2]),
        (tf.TensorSpec([], tf.int64), 1),
        (tf.TensorSpec([], tf.string), b"i1"),
        (tf.TensorSpec([3], tf.int64), [1, 2, 1]),
        (tf.TensorSpec([None, None], tf.int64), [[1, 2, 1]] * 2),
        (tf.TensorSpec([1, 4], tf.float64), [[1.0, 2.0, 1.0, 2.0]]),
        (tf.TensorSpec([None, 2, 3], tf.int32), [[[1, 2, 1], [2, 1, 2]]] * 2),
        (tf.TensorSpec([None, None, 1], tf.bool), [[[True], [True], [True]]] * 2),
        (tf.TensorSpec([0, 2], tf.int64), []),
    ],
    ids=str,
)
def test_a_request_has_the_shape_that_its_input_takes(spec: tf.TensorSpec, made: Any) -> None:
    column = "item" if spec.dtype == tf.string else "price"
    request = make_request("rank", {"given": spec}, two_rows(), {"given": column})["given"]
    assert request.dtype == spec.dtype
    assert spec.shape.is_compatible_with(request.shape)
    assert request.numpy().tolist() == made if request.shape.rank else request.numpy() == made


def test_texts_keep_their_zeros() -> None:
    request = make_request("rank", {"examples": tf.TensorSpec([None], tf.string)}, [b"a\0"], {})
    assert request["examples"].numpy().tolist() == [b"a\0"]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            tf.TensorSpec([None], tf.int64),
            r"Input item of signature rank .* column item .* it is int64 \[any\], and a row has b'i1'",
        ),
        (
            tf.TensorSpec([None], tf.complex64),
            r"Input item of signature rank .* but is complex64 \[any\]\. Give",
        ),
    ],
    ids=["text for a number", "a dtype that no row has"],
)
def test_what_no_request_can_be_made_of_is_told(spec: tf.TensorSpec, message: str) -> None:
    with pytest.raises(InfraCheckError, match=message):
        make_request("rank", {"item": spec}, two_rows(), {})


@pytest.mark.parametrize(("column", "dtype"), [("price", tf.string), ("large", tf.int8), ("nan", tf.int64)])
def test_a_value_must_fit_its_input(column: str, dtype: tf.DType) -> None:
    with pytest.raises(InfraCheckError, match=f"must take what column {column} has"):
        make_request("rank", {column: tf.TensorSpec([None], dtype)}, two_rows(), {})


def two_rows() -> list[bytes]:
    """Return rows of a text and of numbers."""
    records = []
    for number in (1, 2):
        example = tf.train.Example()
        feature = example.features.feature
        feature["item"].bytes_list.value.append(f"i{number}".encode())
        feature["price"].int64_list.value.append(number)
        feature["large"].int64_list.value.append(1000)
        feature["nan"].float_list.value.append(float("nan"))
        records.append(example.SerializeToString())
    return records


def _known(values: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.math.is_finite(values), values, 0.0)


class Unusual(tf.Module):
    """A model whose signatures take more than a value per row, or no rows at all."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32, name="heights")])
    def padded(self, heights: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": tf.reduce_sum(_known(heights), axis=1) * self.weight}

    @tf.function(
        input_signature=[
            tf.TensorSpec([], tf.float32, name="height"),
            tf.TensorSpec([], tf.string, name="city"),
        ]
    )
    def scalar(self, height: tf.Tensor, city: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"city": city, "score": _known(height) * self.weight}

    @tf.function(input_signature=[tf.TensorSpec([None, 2, 3], tf.float32, name="heights")])
    def cube(self, heights: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": tf.reduce_sum(_known(heights), axis=[1, 2])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="visits")])
    def whole(self, visits: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"more": visits + 1}

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="inputs")])
    def numbers(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"known": tf.math.is_finite(inputs)}

    @tf.function(input_signature=[])
    def weights(self) -> dict[str, tf.Tensor]:
        return {"weight": self.weight.read_value()}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int64, name="city")])
    def text(self, city: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"city": city}


def unusual(folder: Path, *names: str) -> Path:
    """Save the model with some of its signatures, and return the folder of its artifact."""
    module = Unusual()
    tf.saved_model.save(
        module, str(folder / "Format-Serving"), signatures={name: getattr(module, name) for name in names}
    )
    return folder


def test_signatures_of_any_shape_are_asked_and_packaged(tiny: Tiny, tmp_path: Path) -> None:
    """What is asked in a notebook is what a fresh server is asked later, by gRPC and REST."""
    model = unusual(tmp_path / "model", "padded", "scalar", "cube", "whole", "numbers", "weights")
    examples = tiny.path("ExampleGen", "examples")
    sent = send_requests(tiny.project, load_signatures(model), examples).set_index("signature")
    assert sent["outputs"]["padded"] == "score [3]"
    assert sent["outputs"]["scalar"] == "city [], score []"
    assert sent["first value"]["weights"] == pytest.approx(2.0)

    package = tmp_path / "package"
    shutil.copytree(model / "Format-Serving", package)
    with closing(Servable.load("tiny", 0, package)) as servable:
        write_samples(package, make_samples(servable, first_records(examples, "eval", 3), {}))
    measured = check_package(package, "tiny", tiny.project.spec.release)
    assert {one.signature for one in measured.signatures} == set(sent.index)
    assert [one.signature for one in measured.signatures if one.rest_ms is None] == ["weights"]


def test_a_signature_that_cannot_be_asked_is_named(tiny: Tiny, tmp_path: Path) -> None:
    model, examples = unusual(tmp_path, "text"), tiny.path("ExampleGen", "examples")
    with pytest.raises(InfraCheckError, match="Input city of signature text must take what column city has"):
        send_requests(tiny.project, load_signatures(model), examples)
    with (
        closing(Servable.load("tiny", 0, model / "Format-Serving")) as servable,
        pytest.raises(InfraCheckError, match="Input city of signature text must take what column city has"),
    ):
        make_samples(servable, first_records(examples, "eval", 3), {})


def test_every_dtype_that_a_contract_may_have_is_asked_and_answered(tiny: Tiny, tmp_path: Path) -> None:
    dtypes = [tf.as_dtype(name) for name in get_args(Tensor.model_fields["dtype"].annotation)]
    module = tf.Module()
    module.echo = tf.function(
        lambda **given: {f"{name}_again": value for name, value in given.items()},
    )
    asked = module.echo.get_concrete_function(
        **{f"a_{dtype.name}": tf.TensorSpec([None], dtype) for dtype in dtypes}
    )
    tf.saved_model.save(module, str(tmp_path), signatures={"echo": asked})
    columns = {f"a_{dtype.name}": "item" if dtype == tf.string else "price" for dtype in dtypes}
    with closing(Servable.load("tiny", 0, tmp_path)) as servable:
        write_samples(tmp_path, make_samples(servable, two_rows(), columns))
    [measured] = check_package(tmp_path, "tiny", tiny.project.spec.release).signatures
    assert (measured.rows, measured.rest_ms is not None) == (2, True)

    promised = {
        kind: {f"a_{dtype.name}{end}": {"dtype": dtype.name, "shape": [None]} for dtype in dtypes}
        for kind, end in (("inputs", ""), ("outputs", "_again"))
    }
    contract = promised_by({"echo": Signature.model_validate(promised).model_dump()})
    assert "of 1 signature" in check_promised(contract, signatures_of(read_meta_graph(tmp_path)))
