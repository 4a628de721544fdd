from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf

from kit.serving.errors import ServingError
from kit.serving.servable import Servable
from serving.models import break_model, save_linear

_X = np.array([1.0, 2.5], np.float32)


@pytest.mark.parametrize(
    "value", [_X, tf.constant(_X), tf.make_tensor_proto(_X)], ids=["array", "tensor", "proto"]
)
@pytest.mark.parametrize("name", ["", "serving_default"])
def test_answers_arrays_tensors_and_protos(linear: Servable, name: str, value: Any) -> None:
    np.testing.assert_array_equal(linear.run(name, {"x": value})["y"], [2.0, 5.0])


def test_texts_are_bytes_and_outputs_can_be_chosen(linear: Servable) -> None:
    inputs = {"pair": np.array([[1, 2], [3, 4]], np.float32), "text": np.array(["東京", "b\0"])}
    both = linear.run("pairs", inputs)
    assert both["echo"].tolist() == ["東京".encode(), b"b"]  # numpy itself drops a text's last zeros
    assert both["total"].tolist() == [3, 7]
    assert list(linear.run("pairs", inputs, ["total"])) == ["total"]


def test_one_text_without_dimensions_is_an_array_too(tmp_path: Path) -> None:
    """TensorFlow gives it as bytes, which no answer could be written of."""
    module = tf.Module()
    module.first = tf.function(
        lambda text: {"first": text}, input_signature=[tf.TensorSpec([], tf.string, name="text")]
    )
    tf.saved_model.save(module, str(tmp_path), signatures={"first": module.first})
    with closing(Servable.load("texts", 1, tmp_path)) as servable:
        first = servable.run("first", {"text": np.array(b"b\0", object)})["first"]
    assert (first.shape, first.dtype, first.item()) == ((), object, b"b\0")


_GOOD: dict[str, Any] = {"pair": np.ones((2, 2), np.float32), "text": np.array([b"a", b"b"], object)}
_REFUSED = [
    ("nope", _GOOD, [], 'Serving signature key "nope" not found.'),
    (
        "pairs",
        {"pair": _GOOD["pair"]},
        [],
        (
            "input size does not match signature: 1!=2 len({pair}) != len({pair,text}). "
            "Sent extra: {}. Missing but required: {text}."
        ),
    ),
    (
        "pairs",
        {"pair": _GOOD["pair"], "txt": _GOOD["text"]},
        [],
        "input tensor alias not found in signature: txt. Inputs expected to be in the set {pair,text}.",
    ),
    (
        "pairs",
        _GOOD | {"pair": np.ones((2, 2))},
        [],
        "Expects arg[0] to be float but double is provided (input pair).",
    ),
    (
        "pairs",
        _GOOD | {"text": np.ones(2, np.int64)},
        [],
        "Expects arg[1] to be string but int64 is provided (input text).",
    ),
    (
        "pairs",
        _GOOD | {"pair": np.ones((2, 3), np.float32)},
        [],
        "Expects input pair to have shape [?,2] but [2, 3] is provided.",
    ),
    (
        "pairs",
        _GOOD,
        ["nope"],
        "output tensor alias not found in signature: nope Outputs expected to be in the set {echo,total}.",
    ),
    ("pairs", _GOOD, ["echo", "echo"], "duplicate output tensor alias: echo"),
]


@pytest.mark.parametrize(("name", "inputs", "outputs", "message"), _REFUSED)
def test_a_request_that_does_not_fit_is_refused_in_the_real_servers_words(
    linear: Servable, name: str, inputs: Mapping[str, Any], outputs: list[str], message: str
) -> None:
    with pytest.raises(ServingError) as raised:
        linear.run(name, inputs, outputs)
    assert str(raised.value) == message
    wanted = grpc.StatusCode.FAILED_PRECONDITION if name == "nope" else grpc.StatusCode.INVALID_ARGUMENT
    assert raised.value.code is wanted


def test_what_fails_in_the_model_is_told_with_tensorflows_code(linear: Servable) -> None:
    with pytest.raises(ServingError, match="is not compatible with expected shape") as raised:
        linear.run("three", {"x": _X})
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT


def test_many_threads_ask_at_once_and_each_gets_its_own_answer(linear: Servable) -> None:
    def ask(number: int) -> bool:
        value = np.full(50, number, np.float32)
        return bool((linear.run("", {"x": value})["y"] == 2 * number).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))


def test_subsets_of_outputs_do_not_pile_up(linear: Servable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.serving.servable._KEPT_CALLABLES", 1)
    for outputs in (["echo"], ["total"], ["echo", "total"], ["echo"]):
        assert sorted(linear.run("pairs", _GOOD, outputs)) == outputs
        assert len(linear._callables) == 1


def test_a_closed_version_says_so(tmp_path: Path) -> None:
    servable = Servable.load("m", 1, save_linear(tmp_path, 1))
    servable.close()
    with pytest.raises(ServingError, match="closed") as raised:
        servable.run("", {"x": _X})
    assert raised.value.code is grpc.StatusCode.CANCELLED  # TensorFlow's own


def test_tables_and_files_of_a_model_of_today_are_loaded(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("no\nyes\n")

    class Lookup(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            source = tf.lookup.TextFileInitializer(
                tf.saved_model.Asset(str(tmp_path / "words")),
                tf.string,
                tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64,
                tf.lookup.TextFileIndex.LINE_NUMBER,
            )
            self.table = tf.lookup.StaticHashTable(source, -1)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "word")], autograph=False)
        def find(self, word: Any) -> dict[str, Any]:
            return {"number": self.table.lookup(word)}

    module = Lookup()
    tf.saved_model.save(module, str(tmp_path / "1"), {"serving_default": module.find})
    servable = Servable.load("lookup", 1, tmp_path / "1")
    assert servable.run("", {"word": np.array(["yes", "maybe"])})["number"].tolist() == [1, -1]
    assert list(servable.signatures) == ["serving_default"]
    servable.close()


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="Could not load"):
        Servable.load("m", 1, break_model(tmp_path, 1))
    with pytest.raises(ServingError, match="missing"):
        Servable.load("m", 1, tmp_path / "missing")


def test_a_tag_that_the_model_does_not_have_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ServingError, match="gpu"):
        Servable.load("m", 1, save_linear(tmp_path, 1), tags=["serve", "gpu"])


def test_a_model_without_its_variables_is_refused(tmp_path: Path) -> None:
    folder = save_linear(tmp_path, 1)
    for path in (folder / "variables").iterdir():
        path.unlink()
    with pytest.raises(ServingError):
        Servable.load("m", 1, folder)
