"""A SavedModel into a session, in steps so small that requests have their turns meanwhile.

TensorFlow holds Python's lock for as long as it imports a graph, and for most of that it infers the shapes of calls
through the functions that they name, which nobody asks for here: signatures tell the shapes. So the operations are
imported before there are any functions, and those one by one. `SavedModelLoader.load` imports all at once, and parses
the file twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.python.framework import op_def_registry
from tensorflow.python.saved_model.loader_impl import SavedModelLoader


def load_saved_model(session: Any, folder: Path, tags: Sequence[str]) -> Any:
    """Load a SavedModel into a session's graph, restore its variables and fill its tables.

    Args:
        session: of a graph that is empty.
        folder: with saved_model.pb.
        tags: of the graph.

    Returns:
        Its MetaGraphDef, without the functions.

    Raises:
        OSError: when there is no such file, or it is none.
        RuntimeError: when it has no graph of those tags.
        ValueError: when the graph is none.
        tf.errors.OpError: when it cannot be restored.
    """
    loader = SavedModelLoader(str(folder))
    meta_graph = loader.get_meta_graph_def_from_tags(tags)
    functions = _taken_out(meta_graph.graph_def)
    with session.graph.as_default():
        saver, _ = loader.load_graph(session.graph, tags)
        for function in functions:
            tf.graph_util.import_graph_def(function, name="")
        loader.restore_variables(session, saver)
        loader.run_init_ops(session, tags)
    return meta_graph


def close_session(session: Any) -> None:
    """Free what a session and its graph hold; callables of it must still be there, or each would be freed by itself.

    What frees a graph holds Python's lock from the start to the end, so the functions go before it, one by one.
    """
    session.close()
    graph = session.graph
    for name in list(graph._functions):  # noqa: SLF001  nothing public takes a function away
        graph._remove_function(name)  # noqa: SLF001


def _taken_out(graph_def: Any) -> list[Any]:
    """Take the functions out of a graph; return each as a graph of its own.

    Those of TensorFlow 1 stay: they stand among the operations by their own names, or name others as their gradients.
    """
    library = graph_def.library
    if library.gradient or has_functions_as_operations(graph_def):
        return []
    alone = []
    for function in library.function:
        alone.append(tf.compat.v1.GraphDef(versions=graph_def.versions))
        alone[-1].library.function.append(function)
    graph_def.ClearField("library")
    return alone


def has_functions_as_operations(graph_def: Any) -> bool:
    """Tell whether a graph cannot be imported without its functions; calls of functions can."""
    return any(op_def_registry.get(node.op) is None for node in graph_def.node)
