"""Classify and Regress give what the model's own signature gives, in the form that TensorFlow Serving asks for."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import inference_pb2

from kit.data.records import first_records
from kit.errors import ProjectError
from kit.project import Project
from kit.release.contract import read_meta_graph, signatures_of
from kit.release.signatures import MODEL_FOLDER, load_signatures
from kit.serving import answers
from kit.serving.client import typed
from kit.serving.servable import Servable
from kit.training.typed_signatures import METHODS, set_methods, typed_signatures

if TYPE_CHECKING:
    from training.tiny import Tiny

Model = Callable[[str, int], Any]


@pytest.fixture
def project() -> Callable[..., Project]:
    """Return projects of a task, whose features.py names classes."""

    def of(task: str, **features: Any) -> Project:
        modules = {"features": SimpleNamespace(**features)}
        made = SimpleNamespace(name="made", spec=SimpleNamespace(task=task), module=modules.__getitem__)
        return cast("Project", made)

    return of


def model_of(output: str, *sizes: int) -> Any:
    """Return a signature `examples` whose answer to each example is its length, or that and numbers above it."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        length = tf.cast(tf.strings.length(examples), tf.float32)
        return {output: length if not sizes else length[:, tf.newaxis] + tf.range(sizes[0], dtype=tf.float32)}

    return examples.get_concrete_function()


def test_each_task_has_its_own(project: Callable[..., Project]) -> None:
    two = typed_signatures(project("binary"), model_of("score"))
    assert set(two) == {"classify", "regress"}
    answer = two["classify"](tf.constant(["", "a"]))
    assert answer["classes"].numpy().tolist() == [[b"0", b"1"]] * 2
    assert answer["scores"].numpy().tolist() == [[1.0, 0.0], [0.0, 1.0]]

    number = typed_signatures(project("regression"), model_of("score"))
    assert set(number) == {"regress"}
    assert number["regress"](tf.constant(["", "abc"]))["outputs"].numpy().tolist() == [0.0, 3.0]

    classes = project("multiclass", CLASSES=("Rom", 7, "東京"))
    several = typed_signatures(classes, model_of("probabilities", 3))
    assert set(several) == {"classify"}
    answer = several["classify"](tf.constant(["ab"]))
    assert answer["classes"].numpy().tolist() == [[b"Rom", b"7", "東京".encode()]]
    assert answer["scores"].numpy().tolist() == [[2.0, 3.0, 4.0]]


def test_classes_that_are_not_those_of_the_model_are_named(project: Callable[..., Project]) -> None:
    with pytest.raises(ProjectError, match=r"must name the 3 classes .* but names 2"):
        typed_signatures(project("multiclass", CLASSES=("a", "b")), model_of("probabilities", 3))


@pytest.fixture(scope="module")
def records(tiny: Tiny) -> list[bytes]:
    return first_records(tiny.path("ExampleGen", "examples"), "eval", 5)


def test_a_trained_model_says_the_same_through_all_of_them(tiny: Tiny, records: list[bytes]) -> None:
    model = tiny.path("Trainer", "model")
    signatures = load_signatures(model)
    scores = signatures["examples"](examples=tf.constant(records))["score"].numpy()
    classified = signatures["classify"](inputs=tf.constant(records))
    assert classified["classes"].numpy().tolist() == [[b"no", b"yes"]] * len(records)
    np.testing.assert_allclose(classified["scores"], np.stack([1 - scores, scores], 1), atol=1e-6)
    np.testing.assert_allclose(
        signatures["regress"](inputs=tf.constant(records))["outputs"], scores, atol=1e-6
    )


def test_what_has_its_methods_keeps_them(tiny: Tiny, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny.path("Trainer", "model") / MODEL_FOLDER, tmp_path / "model")
    before = (folder / "saved_model.pb").read_bytes(), checksum(folder)
    set_methods(folder)
    assert ((folder / "saved_model.pb").read_bytes(), checksum(folder)) == before


def checksum(folder: Path) -> int:
    """Return what the fingerprint of a SavedModel says of its file."""
    return int(tf.saved_model.experimental.read_fingerprint(str(folder)).saved_model_checksum)


def test_the_real_server_s_apis_take_them(tiny: Tiny, records: list[bytes]) -> None:
    folder = tiny.path("Trainer", "model") / MODEL_FOLDER
    assert {name: signatures_of(read_meta_graph(folder))[name].method for name in METHODS} == {
        "classify": "classify",
        "regress": "regress",
    }
    servable = Servable.load("tiny", 1, folder)
    request = inference_pb2.MultiInferenceRequest()
    request.input.CopyFrom(typed.request_of(typed.REGRESS, records).input)
    for name, method in METHODS.items():
        task = request.tasks.add(method_name=method)
        task.model_spec.name, task.model_spec.signature_name = "tiny", name
    try:
        classified, regressed = answers.multi_inference(servable, request).results
    finally:
        servable.close()
    likely = [one.classes[1].score for one in classified.classification_result.classifications]
    values = [one.value for one in regressed.regression_result.regressions]
    assert len(values) == len(records)
    assert likely == pytest.approx(values)
