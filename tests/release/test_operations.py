"""Which operations a model uses, since when TensorFlow has them, and what a server lacks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from valid_projects import SMALL

from kit.errors import InfraCheckError, ProjectError, UsageError
from kit.project.read import read_project_file
from kit.release.contract import read_meta_graph, signatures_of
from kit.release.operations import (
    Known,
    Target,
    Used,
    custom_operations,
    known_releases,
    lowest_release,
    parse_release,
    parse_target,
    preflight,
    used_by,
)

KNOWN = Known(
    graph_format={(2, 18): 100, (2, 19): 200, (2, 20): 300},
    since={"MatMul": (2, 18), "Newer": (2, 19), "Newest": (2, 20)},
    attribute_since={"MatMul.grad": (2, 19), "Newest.grad": (2, 20)},
)
SERVER = Target("tensorflow_serving", (2, 18))


def used(*operations: str, attributes: tuple[str, ...] = (), min_consumer: int = 12) -> Used:
    return Used(operations, attributes, 300, min_consumer)


@pytest.mark.parametrize(
    ("what", "lowest", "lacking"),
    [
        (used("MatMul"), (2, 18), ""),
        (used("MatMul", "Newer"), (2, 19), r"missing: Newer \(since 2.19\)\. Serve with 2.19 or newer"),
        (used("Newest", "Newer"), (2, 20), r"missing: Newest \(since 2.20\), Newer \(since 2.19\)\."),
        (
            used("MatMul", attributes=("MatMul.grad",)),
            (2, 19),
            r"missing: attribute MatMul.grad \(since 2.19\)\.",
        ),
        (used("Newest", attributes=("Newest.grad",)), (2, 20), r"missing: Newest \(since 2.20\)\."),
        (used("MatMul", min_consumer=250), (2, 20), r"missing: graph format 250 \(it reads 100 and lower\)"),
    ],
    ids=["old", "newer", "several", "attribute", "attribute of a new one", "graph format"],
)
def test_what_a_server_lacks_is_named_before_the_push(
    what: Used, lowest: tuple[int, int], lacking: str
) -> None:
    assert lowest_release(what, KNOWN) == lowest
    if not lacking:
        assert "2.18 or older" in preflight(what, [SERVER], KNOWN)
        return
    with pytest.raises(InfraCheckError, match=f"TensorFlow Serving 2.18 must know .* {lacking}"):
        preflight(what, [SERVER], KNOWN)
    assert f"since {lowest[0]}.{lowest[1]}." in preflight(what, [Target("tensorflow", (2, 20))], KNOWN)


def test_custom_operations_are_refused_by_name_without_a_target() -> None:
    with pytest.raises(
        InfraCheckError, match=r"Sentencepiece, Wordpiece are custom.*has them, .*Op type not"
    ):
        preflight(used("MatMul", "Sentencepiece", "Wordpiece", "_Arg"), known=KNOWN)


class Model(tf.Module):
    """Uses MatMul in its graph, and in a function that the graph calls; the newest operations on request."""

    def __init__(self, newest: bool = False) -> None:
        super().__init__()
        self.weights, self.newest = tf.Variable(tf.ones([3, 1])), newest

    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, name="rows")])
    def serve(self, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        if self.newest:
            picture = tf.raw_ops.DecodeWebP(contents=tf.constant(b""))
            rows += tf.cast(tf.reduce_sum(tf.cast(picture, tf.float32)), tf.float32)
        rows = tf.cond(tf.reduce_sum(rows) > 0, lambda: tf.atan2(rows, rows), lambda: rows)
        return {"score": tf.matmul(rows, self.weights)}


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    def save(*, newest: bool = False) -> Path:
        model, folder = Model(newest=newest), tmp_path / f"model-{newest}"
        tf.saved_model.save(model, str(folder), signatures={"serving_default": model.serve})
        return folder

    return save


def test_what_a_saved_model_uses_is_read_without_loading_it(saved: Callable[..., Path]) -> None:
    meta_graph = read_meta_graph(saved())
    found = used_by(meta_graph)
    assert {"MatMul", "Atan2", "VarHandleOp", "RestoreV2"} <= set(found.operations), (
        "functions are looked into"
    )
    assert not [name for name in found.operations if name.startswith("__inference")], (
        "functions are no operations"
    )
    assert found.producer == known_releases().graph_format[parse_release(tf.__version__.partition("-")[0])]
    assert custom_operations(found, known_releases()) == ()
    [signature] = signatures_of(meta_graph)
    assert signature == "serving_default"


def test_every_target_that_lacks_something_is_named() -> None:
    targets = [Target("tensorflow", (2, 19)), SERVER, Target("tensorflow_serving", (2, 20))]
    expected = r"^TensorFlow 2.19, TensorFlow Serving 2.18 must know .* missing: Newer \(since 2.19\), Newest"
    with pytest.raises(InfraCheckError, match=expected):
        preflight(used("MatMul", "Newer", "Newest"), targets, KNOWN)


def test_a_real_model_with_a_new_operation_cannot_go_to_an_older_server(saved: Callable[..., Path]) -> None:
    new = used_by(read_meta_graph(saved(newest=True)))
    with pytest.raises(
        InfraCheckError, match=r"Serving 2.19 must know .* missing: DecodeWebP \(since 2.20\)"
    ):
        preflight(new, [parse_target("tensorflow_serving 2.19")])
    assert "2.20" in preflight(new, [parse_target("tensorflow_serving 2.20")])


def test_an_operation_that_is_not_tensorflows_is_custom(saved: Callable[..., Path]) -> None:
    meta_graph = meta_graph_pb2.MetaGraphDef.FromString(read_meta_graph(saved()).SerializeToString())
    function = next(one for one in meta_graph.graph_def.library.function if one.node_def)
    function.node_def.add(name="text", op="SentencepieceTokenizeOp")
    with pytest.raises(InfraCheckError, match="but SentencepieceTokenizeOp is custom"):
        preflight(used_by(meta_graph))


def test_the_table_knows_the_operations_of_the_tensorflow_that_is_installed() -> None:
    known = known_releases()
    public = {name for name in dir(tf.raw_ops) if not name.startswith("_")}
    missing = public - set(known.since)
    assert len(public) > 1400
    assert len(missing) <= len(public) // 100, sorted(missing)
    assert {"MatMul": (2, 12), "DecodeWebP": (2, 20), "FFTND": (2, 15)}.items() <= known.since.items()


@pytest.mark.parametrize(
    "text", ["serving 2.20", "tensorflow_serving", "tensorflow_serving 1.15", "tensorflow 3"]
)
def test_a_target_is_a_product_and_a_release(text: str) -> None:
    with pytest.raises(UsageError, match=r"Write for example: tensorflow_serving 2\.20"):
        parse_target(text)


def test_a_target_that_there_is_not_is_told_with_its_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "project.yml"
    path.write_text(f"{SMALL}release: {{targets: kit 1}}\n")
    with pytest.raises(
        ProjectError, match=r"line 9, release\.targets: A target must be .* but is 'kit 1'"
    ) as told:
        read_project_file(path)
    assert str(told.value).startswith(str(path))


@pytest.mark.parametrize("other", ["", "what is this"], ids=["nothing", "no model"])
def test_a_folder_without_a_model_is_told(tmp_path: Path, other: str) -> None:
    if other:
        (tmp_path / "saved_model.pb").write_text(other)
    with pytest.raises(InfraCheckError, match=r"must be a SavedModel|must have a graph tagged serve"):
        read_meta_graph(tmp_path)
