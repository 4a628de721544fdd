"""Reads a SavedModel, and opens a session with its graph, variables and tables.

`SavedModelLoader.load` does both at once, with an object of Python for each operation, and parses the file twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow.python.framework import importer
from tensorflow.python.saved_model.constants import INIT_OP_SIGNATURE_KEY
from tensorflow.python.saved_model.loader_impl import SavedModelLoader, get_asset_tensors

from kit.serving.graph_session import GraphSession
from kit.serving.turns import step

_INIT_OPS_OF_1 = ("saved_model_main_op", "legacy_init_op")
_VARIABLES = Path("variables", "variables")


def read_saved_model(folder: Path, tags: Sequence[str]) -> Any:
    """Return the MetaGraphDef of a SavedModel.

    Args:
        folder: the folder with saved_model.pb.
        tags: the tags of the graph to load.

    Raises:
        OSError: when there is no such file, or it cannot be parsed.
        RuntimeError: when it has no graph with those tags.
    """
    meta_graph = SavedModelLoader(str(folder)).get_meta_graph_def_from_tags(tags)
    known = meta_graph.meta_info_def.stripped_op_list
    if known.op:  # a newer TensorFlow may have written attributes that this one has not, with their defaults
        importer._RemoveDefaultAttrs(known, meta_graph.graph_def)  # noqa: SLF001  as every import does
    return meta_graph


def open_session(folder: Path, meta_graph: Any, config: Any = None) -> GraphSession:
    """Return a session with a graph, its variables restored and its tables filled, in steps with rests between.

    Args:
        folder: the folder that the graph was read from.
        meta_graph: MetaGraphDef.
        config: the ConfigProto of the session; None is TensorFlow's default.

    Raises:
        ValueError: when the graph is not valid.
        tf.errors.OpError: when it cannot be restored.
    """
    session = GraphSession(config)
    try:
        session.add(meta_graph.graph_def)
        if meta_graph.HasField("saver_def"):
            saver = meta_graph.saver_def
            with step():
                session.run(saver.restore_op_name, {saver.filename_tensor_name: _text(folder / _VARIABLES)})
        if operation := _init_op(meta_graph):
            assets = get_asset_tensors(str(folder), meta_graph)
            with step():
                session.run(operation, {tensor: _text(path) for tensor, path in assets.items()})
    except BaseException:
        session.close()
        raise
    return session


def _init_op(meta_graph: Any) -> str:
    """Return the name of the operation that fills the tables, or an empty text."""
    if INIT_OP_SIGNATURE_KEY in meta_graph.signature_def:
        tensor: str = meta_graph.signature_def[INIT_OP_SIGNATURE_KEY].outputs[INIT_OP_SIGNATURE_KEY].name
        return tensor.partition(":")[0]
    collections = [
        meta_graph.collection_def[key] for key in _INIT_OPS_OF_1 if key in meta_graph.collection_def
    ]
    return next((collection.node_list.value[0] for collection in collections), "")


def _text(path: Path | bytes) -> np.ndarray[Any, Any]:
    return np.array(path if isinstance(path, bytes) else str(path).encode(), object)
