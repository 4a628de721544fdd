"""A model is asked as a person would: by texts, and with rows of the data."""

from __future__ import annotations

import copy
import json
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import tensorflow as tf

from kit.data.records import read_records
from kit.release.ask import SignatureDesk, _as_field, _one_row, _tensor
from kit.release.signatures import load_signatures, make_request

if TYPE_CHECKING:
    from training.tiny import Tiny

VALID = {"height": "181.5", "city": "東京", "came": "2023-03-04 05:06:07"}


@pytest.fixture(scope="module")
def desk(tiny: Tiny) -> SignatureDesk:
    return SignatureDesk(tiny.session)


def test_every_signature_has_a_form(desk: SignatureDesk) -> None:
    summary = desk.summary()
    assert sum(summary["rows"].values()) == 600
    forms = {one["name"]: one for one in summary["signatures"]}
    assert next(iter(forms)) == "serving_default"
    assert {field["name"]: field["dtype"] for field in forms["serving_default"]["fields"]} == {
        "height": "float32",
        "city": "string",
        "came": "string",
    }
    assert forms["examples"]["inputs"] == [{"name": "examples", "dtype": "string", "shape": "[any]"}]
    assert {field["name"] for field in forms["examples"]["fields"]} >= {"height", "city", "came"}
    json.dumps(summary)


def test_a_row_gives_the_same_score_through_both_signatures(tiny: Tiny, desk: SignatureDesk) -> None:
    records = list(read_records(tiny.path("ExampleGen", "examples"), "eval"))
    model = load_signatures(tiny.path("Trainer", "model"))
    expected = model["examples"](examples=tf.constant(records))["score"].numpy()
    for row in (0, 17, len(records) - 1):
        for name in ("serving_default", "examples"):
            answer = desk.send(name, desk.take(name, "eval", row))
            assert answer.wrong == {}
            [(output, shape, values)] = answer.outputs
            assert (output, shape) == ("score", "[1]")
            assert float(values) == pytest.approx(expected[row], rel=1e-4)
            assert answer.milliseconds > 0


def test_a_form_that_no_row_fits_is_left_to_be_filled_in(desk: SignatureDesk) -> None:
    """Whoever looks at the other signatures must not be stopped by one that takes what no column is."""
    asked = SimpleNamespace(inputs={"city": tf.TensorSpec([None], tf.int64)})
    other = copy.copy(desk)
    other.signatures = {"text": asked}
    assert other.take("text", "eval", 0) == {"city": ""}


def test_a_form_is_filled_in_by_hand(desk: SignatureDesk) -> None:
    assert set(desk.take("serving_default", "", 0).values()) == {""}
    filled, unfilled = (
        desk.send("serving_default", VALID),
        desk.send("serving_default", {"came": VALID["came"]}),
    )
    assert filled.outputs[0][2] != unfilled.outputs[0][2]
    assert filled.outputs == desk.send("examples", VALID).outputs


@pytest.mark.parametrize("signature", ["serving_default", "examples"])
def test_what_cannot_be_so_says_why(desk: SignatureDesk, signature: str) -> None:
    answer = desk.send(signature, {**VALID, "height": "tall"})
    assert answer == ({"height": "this is a number, not 'tall'"}, [], 0.0)


def test_a_model_that_refuses_says_why(desk: SignatureDesk) -> None:
    row = desk.take("transform_features", "eval", 0)
    assert ("bought_xf", "[1]") in [output[:2] for output in desk.send("transform_features", row).outputs]
    answer = desk.send("transform_features", {**row, "bought": "perhaps"})
    assert answer.wrong[""].startswith("the model does not answer: StringToNumberOp")
    assert answer.wrong[""].endswith("label 'perhaps' is not among CLASSES of features.py")


@pytest.mark.parametrize(
    ("text", "spec", "value"),
    [
        ("a, b", tf.TensorSpec([None], tf.string), [b"a, b"]),
        ("", tf.TensorSpec([None], tf.string), [b""]),
        ("a,b", tf.TensorSpec([None, 3], tf.string), [[b"a", b"b", b""]]),
        ('["a, b", "[", ""]', tf.TensorSpec([None, 3], tf.string), [[b"a, b", b"[", b""]]),
        ("1, 2.5, -3, 4", tf.TensorSpec([None, 2, 2], tf.float32), [[[1, 2.5], [-3, 4]]]),
        ("1, 2", tf.TensorSpec([None, None], tf.int32), [[1, 2]]),
        ("", tf.TensorSpec([None, None], tf.int64), [[]]),
        ("7", tf.TensorSpec([], tf.int64), 7),
        ("7", tf.TensorSpec(None, tf.int64), [7]),
        ("TRUE", tf.TensorSpec([1], tf.bool), [True]),
    ],
)
def test_texts_become_the_tensor_of_one_row(text: str, spec: tf.TensorSpec, value: object) -> None:
    tensor = _tensor(text, spec)
    assert tensor.dtype == spec.dtype
    assert tensor.numpy().tolist() == value
    assert spec.shape.is_compatible_with(tensor.shape)


def test_an_empty_number_is_missing() -> None:
    [value] = _tensor("", tf.TensorSpec([None], tf.float32)).numpy()
    assert value != value  # noqa: PLR0124  NaN


@pytest.mark.parametrize(
    ("text", "spec", "why"),
    [
        ("1, 2", tf.TensorSpec([None, 3], tf.float32), "this needs 3 values, not 2"),
        ("a, b, c", tf.TensorSpec([None, 2], tf.string), "this needs 2 values, not 3"),
        ("", tf.TensorSpec([None], tf.int64), "this is a whole number, not ''"),
        ("yes", tf.TensorSpec([None], tf.bool), "this is true or false, not 'yes'"),
        ("[1, 2", tf.TensorSpec([None, 2], tf.int64), "begins like a JSON list, but is not one"),
        ("1", tf.TensorSpec([None, None, None], tf.int64), r"its shape is \[any, any, any\]"),
        ("1", tf.TensorSpec([None], tf.complex64), "complex64 cannot be written"),
    ],
)
def test_a_text_must_fit_its_input(text: str, spec: tf.TensorSpec, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        _tensor(text, spec)


@pytest.mark.parametrize("items", [["i1", "i2", "i3"], ["i1", "", "i,3"], [" i1", "[x", "ö"]])
def test_what_a_row_fills_in_is_read_back(items: list[str]) -> None:
    spec = tf.TensorSpec([None, 3], tf.string)
    records = []
    for item in items:
        example = tf.train.Example()
        example.features.feature["item_id"].bytes_list.value.append(item.encode())
        records.append(example.SerializeToString())
    request = make_request("rank", {"item_ids": spec}, records, {})["item_ids"]
    assert _tensor(_as_field(request.numpy()[0], spec), spec).numpy().tolist() == request.numpy()[:1].tolist()


@pytest.mark.parametrize("shape", [[], [2], [None], [None, None], [None, 2]])
def test_a_row_fills_in_an_input_of_any_shape(shape: list[int | None]) -> None:
    spec = tf.TensorSpec(shape, tf.int64)
    example = tf.train.Example()
    example.features.feature["item_id"].int64_list.value.append(7)
    request = make_request("rank", {"item_ids": spec}, [example.SerializeToString()], {})["item_ids"].numpy()
    filled = _tensor(_as_field(_one_row(request, spec), spec), spec).numpy()
    assert filled.tolist() == request.tolist()
