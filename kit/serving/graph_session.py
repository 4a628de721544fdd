"""A TensorFlow session whose graph has no objects of Python.

`tf.graph_util.import_graph_def` makes an object for each operation, one by one with Python's lock: six times as long as
the import itself, and as long again when they are freed. Nobody asks for them here: a session knows operations by name.
What is used below that is not public is what `tf.compat.v1` itself calls; `tests/serving/test_graph_session.py` tells
when a release of TensorFlow changes it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.framework import c_api_util, op_def_registry

from kit.serving.turns import step

Array = np.ndarray[Any, Any]
_IN_CALLER = -1  # of RunOptions.inter_op_thread_pool: run operations in the thread that asks


class GraphSession:
    """A graph, and the session that has its variables and tables."""

    def __init__(self, config: Any = None) -> None:
        """Start with an empty graph.

        Args:
            config: ConfigProto; None is TensorFlow's default. If it says how many operations run at once, they have
                threads for that, which all sessions of the process share. Otherwise they run in the thread that asks.
        """
        self._session = tf.compat.v1.Session(graph=tf.Graph(), config=config)
        shared = bool(config and config.inter_op_parallelism_threads)
        # A thread that waits for others is woken up late while versions are loaded, whose graphs would be optimised in
        # those same others; and TensorFlow's threads spin between operations, for twice the time of a small model.
        self._run_options = config_pb2.RunOptions(inter_op_thread_pool=0 if shared else _IN_CALLER)
        self._functions: list[str] = []

    def add(self, graph_def: Any) -> None:
        """Add operations and functions; what they are made of must be among them.

        The operations are added before any functions, and the functions one by one: TensorFlow holds Python's lock
        meanwhile, and spends most of the time on the shapes of function calls, which it infers through the functions'
        bodies if it has them. That is not needed here: signatures have the shapes.

        Raises:
            ValueError: when the graph is not valid.
        """
        library = graph_def.library
        if library.gradient or any(op_def_registry.get(node.op) is None for node in graph_def.node):
            # Of TensorFlow 1: operations use the functions' names as types, or they name each other as gradients.
            self._import(graph_def)
            return
        alone = tf.compat.v1.GraphDef(node=graph_def.node, versions=graph_def.versions)
        with step():
            self._import(alone)
        for function in library.function:
            with step():
                self._import(
                    tf.compat.v1.GraphDef(library={"function": [function]}, versions=graph_def.versions)
                )

    def run(self, operation: str, feeds: Mapping[str, Array]) -> None:
        """Run an operation for what it does.

        Raises:
            tf.errors.OpError: when it fails.
        """
        self._callable(feed=feeds, target=[operation])(*feeds.values())

    def callable(self, feeds: Sequence[str], fetches: Sequence[str]) -> Callable[..., Sequence[Array]]:
        """Return the function from tensors to tensors, both by name.

        The public `make_callable` builds a feed dictionary in each call, which costs a fifth of a small one.
        """
        return self._callable(feed=feeds, fetch=fetches)

    def close(self) -> None:
        """Free everything.

        Freeing a graph holds Python's lock from start to end, so the functions are removed first, one by one.
        """
        self._session.close()
        with self._session.graph._c_graph.get() as graph:  # noqa: SLF001  see above
            for name in self._functions:
                pywrap_tf_session.TF_GraphRemoveFunction(graph, name.encode())
        self._functions.clear()

    def _callable(self, **options: Any) -> Callable[..., Sequence[Array]]:
        chosen = config_pb2.CallableOptions(run_options=self._run_options, **options)
        return cast("Callable[..., Sequence[Array]]", self._session._make_callable_from_options(chosen))  # noqa: SLF001

    def _import(self, graph_def: Any) -> None:
        options = c_api_util.ScopedTFImportGraphDefOptions()
        serialized = pywrap_tf_session.TF_NewBufferFromString(graph_def.SerializeToString())
        try:
            with self._session.graph._c_graph.get() as graph:  # noqa: SLF001  see above
                results = pywrap_tf_session.TF_GraphImportGraphDefWithResults(
                    graph, serialized, options.options
                )
            c_api_util.ScopedTFImportGraphDefResults(results)  # frees them
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(error.message) from error
        finally:
            pywrap_tf_session.TF_DeleteBuffer(serialized)
        self._functions += [function.signature.name for function in graph_def.library.function]
