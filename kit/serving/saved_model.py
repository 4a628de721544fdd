"""Loads a SavedModel into a session, in steps small enough for requests to be answered in between.

TensorFlow holds Python's lock for as long as it imports a graph, and for most of that time it infers the shapes of
function calls through the functions' bodies, which is not needed here: signatures have the shapes. So the operations
are imported before any functions, and the functions one by one. `SavedModelLoader.load` imports everything at once, and
parses the file twice.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from tensorflow.python.framework.ops import dismantle_graph
from tensorflow.python.saved_model.loader_impl import SavedModelLoader

from kit.serving.improved_graph import improve
from kit.serving.turns import rest


def open_saved_model(folder: Path, tags: Sequence[str], config: Any = None) -> tuple[Any, Any]:
    """Load a SavedModel into a session of its own: its graph, improved, its variables and its tables.

    Args:
        folder: the folder with saved_model.pb.
        tags: the tags of the graph to load.
        config: the ConfigProto of the session; None is TensorFlow's default.

    Returns:
        The session, and the MetaGraphDef of the graph that it has, without the functions.

    Raises:
        OSError: when there is no such file, or it cannot be parsed.
        RuntimeError: when it has no graph with those tags.
        ValueError: when the graph is not valid.
        tf.errors.OpError: when it cannot be restored.
    """
    loader = SavedModelLoader(str(folder))
    meta_graph = loader.get_meta_graph_def_from_tags(tags)
    session = tf.compat.v1.Session(graph=tf.Graph(), config=improve(meta_graph, config))
    try:
        functions = _taken_out(meta_graph.graph_def)
        rest()
        with session.graph.as_default():
            saver, _ = loader.load_graph(session.graph, tags)
            rest()
            for function in functions:  # there may be hundreds of small ones
                started = time.perf_counter()
                tf.graph_util.import_graph_def(function, name="")
                rest(time.perf_counter() - started)
            loader.restore_variables(session, saver)
            loader.run_init_ops(session, tags)
    except BaseException:
        session.close()
        raise
    return session, meta_graph


def close_session(session: Any) -> None:
    """Free what a session and its graph hold; its callables must still exist, or each would be freed separately.

    Freeing a graph holds Python's lock from start to end, so the functions are removed first, one by one. A graph and
    its operations name each other; left to the garbage collector, those of a few versions hold requests up for a
    quarter of a second.
    """
    session.close()
    graph = session.graph
    for name in list(graph._functions):  # noqa: SLF001  there is no public way to remove a function
        graph._remove_function(name)  # noqa: SLF001
    dismantle_graph(graph)


def _taken_out(graph_def: Any) -> list[Any]:
    """Take the functions out of a graph; return each as a graph of its own.

    TensorFlow 1 functions stay: operations use their names as op types, or they name other functions as gradients.
    """
    library = graph_def.library
    if library.gradient or _has_functions_as_operations(graph_def):
        return []
    alone = []
    for function in library.function:
        alone.append(tf.compat.v1.GraphDef(versions=graph_def.versions))
        alone[-1].library.function.append(function)
    graph_def.ClearField("library")
    return alone


def _has_functions_as_operations(graph_def: Any) -> bool:
    """Return whether operations use functions as op types; such a graph cannot be imported without its functions."""
    return any(op_def_registry.get(node.op) is None for node in graph_def.node)
