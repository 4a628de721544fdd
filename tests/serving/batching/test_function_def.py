from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from kit.serving.batching.function_def import Operations, Part

v1 = tf.compat.v1
_FLOAT, _INT32, _INT64 = types_pb2.DT_FLOAT, types_pb2.DT_INT32, types_pb2.DT_INT64


def _made(build: Callable[[], object]) -> tf.Graph:
    with tf.Graph().as_default() as graph:
        build()
    return graph


def _called(graph: tf.Graph, part: Part, feeds: dict[str, Any], handles: Sequence[str] = ()) -> list[Any]:
    """Call a part from the graph that it is of, and return what it returns."""
    library = v1.GraphDef(versions=graph.graph_def_versions)
    library.library.function.append(part.function)
    with graph.as_default(), v1.Session(graph=graph) as session:
        tf.graph_util.import_graph_def(library, name="")
        called = tf.raw_ops.StatefulPartitionedCall(
            args=[graph.get_tensor_by_name(name) for name in (*feeds, *handles)],
            Tout=[each.type for each in part.function.signature.output_arg],
            f=part.function.signature.name,
        )
        session.run(v1.global_variables_initializer())
        return list(session.run(called, feeds))


def test_a_part_computes_what_the_graph_computes() -> None:
    def build() -> None:
        x = v1.placeholder(tf.float32, [None], "x")
        low, high = tf.split(x, 2, name="halves")
        values, places, counts = tf.unique_with_counts(high, name="unique")
        with tf.control_dependencies([tf.debugging.assert_equal(tf.size(low), tf.size(high)), low]):
            tf.add(low, tf.cast(tf.gather(counts, places), tf.float32), name="sum")
        tf.identity(values, "elsewhere")

    graph = _made(build)
    operations = Operations(graph.as_graph_def())
    part = operations.part(
        "part", {"x:0": _FLOAT}, {"sum:0": _FLOAT, "unique:1": _INT32, "halves:1": _FLOAT, "x:0": _FLOAT}
    )
    assert part.handles == ()
    assert "elsewhere" not in {node.name for node in part.function.node_def}
    given = np.array([1, 2, 3, 5, 5, 6], np.float32)
    total, places, high, same = _called(graph, part, {"x:0": given})
    assert total.tolist() == [3, 4, 4]
    assert places.tolist() == [0, 0, 1]
    assert high.tolist() == [5, 5, 6]
    assert same.tolist() == given.tolist()


def test_variables_stay_outside_and_their_handles_are_given() -> None:
    def build() -> None:
        gain = v1.get_variable("gain", initializer=tf.constant(3.0), use_resource=True)
        x = v1.placeholder(tf.float32, [None], "x")
        with tf.control_dependencies([gain.handle]):  # of an operation that the function has not
            tf.multiply(gain.read_value(), x, name="y")

    graph = _made(build)
    part = Operations(graph.as_graph_def()).part("part", {"x:0": _FLOAT}, {"y:0": _FLOAT})
    assert part.handles == ("gain:0",)
    assert part.function.signature.is_stateful
    assert "VarHandleOp" not in {node.op for node in part.function.node_def}
    (found,) = _called(graph, part, {"x:0": np.array([1, 2], np.float32)}, part.handles)
    assert found.tolist() == [3, 6]


def test_a_tensor_may_be_made_of_other_arguments() -> None:
    def build() -> None:
        x = v1.placeholder(tf.float32, [None], "x")
        tf.add(x, 1.0, name="y")

    def before() -> None:
        tf.cast(v1.placeholder(tf.int64, [None], "number"), tf.float32, name="made")

    graph = _made(build)
    more = [node for node in _made(before).as_graph_def().node if node.op != "Placeholder"]
    part = Operations(graph.as_graph_def()).part(
        "part", {"number:0": _INT64}, {"y:0": _FLOAT, "x:0": _FLOAT}, {"x:0": "made:0"}, more
    )
    with graph.as_default():
        v1.placeholder(tf.int64, [None], "number")
    above, itself = _called(graph, part, {"number:0": np.array([1, 2])})
    assert above.tolist() == [2, 3]
    assert itself.tolist() == [1, 2]


def test_an_operation_may_be_a_function_of_the_graph() -> None:
    """As TensorFlow 1 saved them: the name of the function is the type of the operation."""
    graph_def = _made(lambda: v1.placeholder(tf.float32, [None], "x")).as_graph_def()
    doubled = graph_def.library.function.add()
    doubled.signature.name = "Doubled"
    doubled.signature.input_arg.add(name="a", type=_FLOAT)
    doubled.signature.output_arg.add(name="b", type=_FLOAT)
    add = doubled.node_def.add(name="add", op="AddV2", input=["a", "a"])
    add.attr["T"].type = _FLOAT
    doubled.ret["b"] = "add:z:0"
    graph_def.node.add(name="y", op="Doubled", input=["x"])
    with tf.Graph().as_default() as graph:
        tf.graph_util.import_graph_def(graph_def, name="")
    part = Operations(graph_def).part("part", {"x:0": _FLOAT}, {"y:0": _FLOAT})
    (found,) = _called(graph, part, {"x:0": np.array([2], np.float32)})
    assert found.tolist() == [4]


def test_what_holds_its_value_by_itself_is_refused() -> None:
    def build() -> None:
        gain = v1.get_variable("gain", initializer=tf.constant(3.0), use_resource=False)
        tf.multiply(gain, v1.placeholder(tf.float32, [None], "x"), name="y")

    operations = Operations(_made(build).as_graph_def())
    with pytest.raises(ValueError, match=r"^VariableV2 gain holds its value by itself"):
        operations.part("part", {"x:0": _FLOAT}, {"y:0": _FLOAT})


def test_what_is_missing_is_named() -> None:
    graph_def = _made(lambda: tf.identity(v1.placeholder(tf.float32, [], "x"), "y")).as_graph_def()
    with pytest.raises(ValueError, match=r"no operation z\.$"):
        Operations(graph_def).part("part", {"x:0": _FLOAT}, {"z:0": _FLOAT})
    graph_def.node[-1].op = "Unheard"
    with pytest.raises(ValueError, match=r"^Nothing is known of Unheard, which is what y does"):
        Operations(graph_def).part("part", {"x:0": _FLOAT}, {"y:0": _FLOAT})


def test_a_dtype_may_be_one_of_many_or_left_out_for_it_is_the_default() -> None:
    def build() -> None:
        x = v1.placeholder(tf.float32, [None], "x")
        tf.unique_with_counts(x, name="unique")
        tf.split(x, 2, name="halves")
        tf.shape(x, name="shape")

    graph_def = _made(build).as_graph_def()
    for node in graph_def.node:
        node.attr.pop("out_type", None)
        node.attr.pop("out_idx", None)
    before = graph_def.SerializeToString(deterministic=True)
    operations = Operations(graph_def)
    assert [operations.dtype(f"unique:{place}") for place in range(3)] == [_FLOAT, _INT32, _INT32]
    assert operations.dtype("halves:1") == _FLOAT
    assert operations.dtype("shape:0") == _INT32
    for missing in ("halves:2", "z:0", ""):
        with pytest.raises(ValueError, match=f"^The graph has no tensor {missing}"):
            operations.dtype(missing)
    assert graph_def.SerializeToString(deterministic=True) == before


def test_a_name_that_nothing_begins_with() -> None:
    graph_def = _made(lambda: v1.placeholder(tf.float32, [], "batched_0/x")).as_graph_def()
    graph_def.library.function.add().signature.name = "batched_1"
    assert Operations(graph_def).unused("batched") == "batched_2"
