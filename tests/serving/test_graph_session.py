from __future__ import annotations

import gc
import time
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.client import pywrap_tf_session

from kit.serving.graph_session import GraphSession

v1 = tf.compat.v1


def _calls() -> Any:
    """Return y = 2 * x + 1, by a function that calls another."""
    double = tf.function(lambda x: 2 * x)
    with tf.Graph().as_default() as graph:
        x = v1.placeholder(tf.float32, [None], "x")
        tf.identity(tf.function(lambda x: double(x) + 1)(x), "y")
    return graph.as_graph_def()


def _asked(session: GraphSession) -> list[float]:
    found: list[float] = session.callable(["x:0"], ["y:0"])(np.ones(2, np.float32))[0].tolist()
    return found


def test_what_was_added_is_computed_and_python_has_no_object_of_it() -> None:
    session = GraphSession()
    session.add(_calls())
    assert _asked(session) == [3, 3]
    assert session._session.graph.get_operations() == []
    session.close()


def _wakes_of_others() -> int:
    """Return how often threads of TensorFlow for operations have waited so far."""
    found = 0
    for task in Path("/proc/self/task").iterdir():
        if (task / "comm").read_text().startswith("tf_Compute"):
            status = dict(line.split(":\t") for line in (task / "status").read_text().splitlines())
            found += int(status["voluntary_ctxt_switches"])
    return found


@pytest.mark.parametrize("threads", [0, 2])
def test_the_thread_that_asks_computes_unless_threads_were_asked_for(threads: int) -> None:
    session = GraphSession(config_pb2.ConfigProto(inter_op_parallelism_threads=threads))
    session.add(_calls())
    ask = session.callable(["x:0"], ["y:0"])
    ask(np.ones(2, np.float32))
    before = _wakes_of_others()
    for _ in range(500):
        ask(np.ones(2, np.float32))
        time.sleep(0.0002)  # so that nobody spins until the next
    assert (_wakes_of_others() - before > 100) == bool(threads)
    session.close()


def test_operations_come_before_functions_and_those_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    graph_def = _calls()
    imported: list[tuple[bool, int]] = []
    real = GraphSession._import

    def watched(self: GraphSession, part: Any) -> None:
        imported.append((bool(part.node), len(part.library.function)))
        real(self, part)

    monkeypatch.setattr(GraphSession, "_import", watched)
    session = GraphSession()
    session.add(graph_def)
    assert imported == [(True, 0), *[(False, 1)] * len(graph_def.library.function)]
    assert len(graph_def.library.function) > 1
    session.close()


def test_the_functions_are_removed_first_when_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    removed: list[bytes] = []
    real = pywrap_tf_session.TF_GraphRemoveFunction

    def watched(graph: object, name: bytes) -> None:
        removed.append(name)
        real(graph, name)

    monkeypatch.setattr(pywrap_tf_session, "TF_GraphRemoveFunction", watched)
    graph_def = _calls()
    session = GraphSession()
    session.add(graph_def)
    session.close()
    assert sorted(removed) == sorted(each.signature.name.encode() for each in graph_def.library.function)


def test_nothing_of_it_is_left_to_the_garbage_collector() -> None:
    session = GraphSession()
    session.add(_calls())
    assert _asked(session) == [3, 3]
    session.close()
    graph = weakref.ref(session._session.graph)
    gc.disable()
    try:
        del session
        assert graph() is None
    finally:
        gc.enable()


def test_an_operation_is_run_with_what_it_is_given() -> None:
    with tf.Graph().as_default() as graph:
        value = v1.placeholder(tf.float32, [], "value")
        kept = v1.get_variable("kept", shape=[], use_resource=True)
        kept.assign(value, name="assign", read_value=False)
        tf.identity(kept.read_value(), "y")
    session = GraphSession()
    session.add(graph.as_graph_def())
    session.run("assign", {"value:0": np.array(7, np.float32)})
    assert session.callable([], ["y:0"])()[0] == 7
    with pytest.raises(tf.errors.InvalidArgumentError):
        session.run("assign", {"value:0": np.array("seven", object)})
    session.close()


def test_a_graph_that_is_not_valid_says_why() -> None:
    graph_def = v1.GraphDef()
    graph_def.node.add(name="y", op="Identity", input=["x"])
    session = GraphSession()
    with pytest.raises(ValueError, match="x"):
        session.add(graph_def)
    session.close()
