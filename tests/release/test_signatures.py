"""A model is checked against its contract, and answers before anybody depends on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tensorflow as tf

from kit.errors import InfraCheckError
from kit.project import Project
from kit.release.signatures import (
    check_contract,
    load_signatures,
    send_requests,
)

if TYPE_CHECKING:
    from training.tiny import Tiny

SCORE = {"score": {"dtype": "float32", "shape": [None]}}
COLUMNS = {
    "height": {"dtype": "float32", "shape": [None]},
    "city": {"dtype": "string", "shape": [None]},
    "came": {"dtype": "string", "shape": [None]},
}


@pytest.fixture(scope="module")
def signatures(tiny: Tiny) -> dict[str, Any]:
    return load_signatures(tiny.path("Trainer", "model"))


def promising(tiny: Tiny, **signatures: dict[str, Any]) -> Project:
    """Return the project with these signatures in its project.yml."""
    spec = type(tiny.project.spec).model_validate(
        {**tiny.project.spec.model_dump(), "signatures": signatures}
    )
    return Project(tiny.project.folder, spec)


def test_a_model_that_keeps_its_contract(tiny: Tiny, signatures: dict[str, Any]) -> None:
    project = promising(tiny, serving_default={"inputs": COLUMNS, "outputs": SCORE})
    assert "keeps the contract of 1 signature in project.yml" in check_contract(project, signatures)


@pytest.mark.parametrize(
    ("promised", "message"),
    [
        (
            {"rank": {"inputs": {}, "outputs": {}}},
            "must have the signature rank .* but has classify, examples, regress, serving_",
        ),
        (
            {"serving_default": {"inputs": {**COLUMNS, "age": SCORE["score"]}, "outputs": SCORE}},
            r"serving_default must have the inputs age: float32 \[any\], .* but has came: string",
        ),
        (
            {"serving_default": {"inputs": {**COLUMNS, "city": SCORE["score"]}, "outputs": SCORE}},
            r"inputs came: .*city: float32 .* but has .*city: string",
        ),
        (
            {
                "serving_default": {
                    "inputs": COLUMNS,
                    "outputs": {"score": {"dtype": "float32", "shape": [None, 100]}},
                }
            },
            r"outputs score: float32 \[any, 100\] .* but has score: float32 \[any\]",
        ),
        (
            {"examples": {"inputs": {"examples": COLUMNS["city"]}, "outputs": {"click": SCORE["score"]}}},
            "examples must have the outputs click: .* but has score: ",
        ),
        (
            {
                "classify": {
                    "inputs": {"inputs": COLUMNS["city"]},
                    "outputs": {
                        "classes": {"dtype": "string", "shape": [None, 2]},
                        "scores": {"dtype": "float32", "shape": [None, 2]},
                    },
                }
            },
            "classify must be for predict, as project.yml says, but is for classify",
        ),
    ],
    ids=["no signature", "one input more", "another type", "another shape", "another name", "another method"],
)
def test_a_broken_contract_is_told_tensor_by_tensor(
    tiny: Tiny, signatures: dict[str, Any], promised: dict[str, Any], message: str
) -> None:
    with pytest.raises(InfraCheckError, match=message):
        check_contract(promising(tiny, **promised), signatures)


def test_what_is_no_model_cannot_be_loaded(tmp_path: Path) -> None:
    with pytest.raises(InfraCheckError, match="must be a SavedModel"):
        load_signatures(tmp_path)


def test_real_rows_go_through_every_signature(tiny: Tiny, signatures: dict[str, Any]) -> None:
    sent = send_requests(tiny.project, signatures, tiny.path("ExampleGen", "examples")).set_index("signature")
    assert set(sent.index) == set(signatures)
    assert (sent["rows sent"] == 3).all()
    assert sent["outputs"]["serving_default"] == "score [3]"
    assert sent["first value"]["serving_default"] == pytest.approx(sent["first value"]["examples"], abs=1e-6)


class Broken(tf.Module):
    """A model whose answers are not numbers, or that fails on every request."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def nan(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": tf.fill(tf.shape(examples), float("nan"))}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def raising(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": tf.strings.to_number(tf.strings.join(["no number", examples]))}


@pytest.mark.parametrize(
    ("fault", "message"),
    [("nan", "score of signature examples must be numbers"), ("raising", "examples must answer, but raised")],
)
def test_a_model_that_does_not_answer_is_found_before_it_is_pushed(
    tiny: Tiny, tmp_path: Path, fault: str, message: str
) -> None:
    module = Broken()
    tf.saved_model.save(
        module, str(tmp_path / "Format-Serving"), signatures={"examples": getattr(module, fault)}
    )
    with pytest.raises(InfraCheckError, match=message):
        send_requests(tiny.project, load_signatures(tmp_path), tiny.path("ExampleGen", "examples"))
