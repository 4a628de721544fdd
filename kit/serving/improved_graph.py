"""Improves the graph of a SavedModel once, for all of its signatures, before a session has it.

A session improves a graph (TensorFlow's Grappler) anew for each pair of inputs and outputs that it is asked for, and a
function whose call cannot be replaced by its body once more for each call in the graph, in the threads that answer
requests. That is two thirds of the time until a version is ready. Done once, each signature only takes its part of the
improved graph.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import chain
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.grappler import tf_optimizer

_VARIABLES_OF_1 = tf.compat.v1.GraphKeys.GLOBAL_VARIABLES
_CONTROL_FLOW_OF_1 = {"Enter", "Merge", "Switch"}
"""Grappler makes loops and branches into these operations, which cannot be moved into a function to be batched."""
_CONFIG = "config_proto"  # of an operation that calls a function: how a session is to improve the function
_BESIDE = "_class"
"""Of an operation: those to compute it beside, also of other signatures. What reads a variable is put beside it anyway;
with these names a part of the graph could not stand alone, as it must to be batched."""
_LOG = logging.getLogger(__name__)


def improve(meta_graph: Any, config: Any = None) -> Any:
    """Improve a graph in place, so that the session which gets it does not have to.

    Graphs that were saved by TensorFlow 1, or that have loops or branches, stay as they are.

    Args:
        meta_graph: a MetaGraphDef as it was saved.
        config: a ConfigProto that says how; None is TensorFlow's default.

    Returns:
        The ConfigProto for the session.
    """
    config = config or config_pb2.ConfigProto()
    improved = _improved(meta_graph, config)
    if improved is None:
        return config
    done = config_pb2.ConfigProto()
    done.CopyFrom(config)
    done.graph_options.rewrite_options.disable_meta_optimizer = True
    for node in chain(improved.node, *(function.node_def for function in improved.library.function)):
        node.attr.pop(_BESIDE, None)
        if _CONFIG in node.attr:
            node.attr[_CONFIG].s = done.SerializeToString()
    meta_graph.graph_def.CopyFrom(improved)
    return done


def _improved(meta_graph: Any, config: Any) -> Any | None:
    """Return the improved GraphDef, or None if the graph should stay as it is."""
    if not meta_graph.HasField("object_graph_def") or _VARIABLES_OF_1 in meta_graph.collection_def:
        return None
    needed = set(_needed(meta_graph))
    kept = meta_graph_pb2.MetaGraphDef()
    kept.CopyFrom(meta_graph)
    kept.saver_def.ClearField("save_tensor_name")  # a server saves nothing
    # Grappler keeps what a collection names.
    kept.collection_def["kept"].node_list.value.extend(sorted(needed))
    try:
        improved = tf_optimizer.OptimizeGraph(config, kept, verbose=False)
    except Exception as error:  # noqa: BLE001  whatever it does not know must not keep a model from being served
        _LOG.info("The graph is improved for each signature, since it cannot be for all: %s", error)
        return None
    lost = needed - {node.name for node in improved.node}
    if lost or any(node.op in _CONTROL_FLOW_OF_1 for node in improved.node):
        _LOG.info("The graph is improved for each signature: it has loops or branches, or lost %s.", lost)
        return None
    return improved


def _needed(meta_graph: Any) -> Iterator[str]:
    """Yield the names of the operations that a server uses."""
    for signature in meta_graph.signature_def.values():
        for info in chain(signature.inputs.values(), signature.outputs.values()):
            yield _operation(info.name)
    # Names of files are constants, which a session replaces by those of the folder that it loads from.
    yield from (_operation(each.tensor_info.name) for each in meta_graph.asset_file_def)
    if meta_graph.HasField("saver_def"):
        yield _operation(meta_graph.saver_def.filename_tensor_name)
        yield _operation(meta_graph.saver_def.restore_op_name)


def _operation(tensor: str) -> str:
    return tensor.partition(":")[0]
