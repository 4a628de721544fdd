"""Write a checkpoint repeatedly without walking the object graph again each time.

`tf.train.Checkpoint` walks from a model to everything that it holds whenever it writes, and reads each variable by a
few operations: for a model of a hundred variables that takes as long as a dozen steps. But a model in training has the
same variables after every epoch. So they are found once, with the first file, and later files take one operation.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf
import tf_keras
from tensorflow.core.protobuf import trackable_object_graph_pb2

# The name under which a checkpoint says which object has which values.
_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"


class CheckpointFile:
    """Writes a model and its optimizer, each time under another name; `checkpoint_of` reads it.

    The files equal those of `tf.train.Checkpoint`, to the last bit of every value. Models that are spread over devices,
    and those that keep more than variables, are left to it.
    """

    def __init__(self) -> None:
        self._known: tuple[tf_keras.Model, bytes, dict[str, tf.Variable]] | None = None

    def write(self, model: tf_keras.Model, path: Path) -> None:
        """Write a compiled model that has trained.

        Args:
            model: the same one at each call; a different one is walked again.
            path: the path of the files without their endings.
        """
        if self._known is not None and self._known[0] is model:
            _, graph, variables = self._known
            values = [
                tf.raw_ops.ReadVariableOp(resource=each.handle, dtype=each.dtype)
                for each in variables.values()
            ]
            tf.raw_ops.SaveV2(
                prefix=str(path),
                tensor_names=[*variables, _GRAPH],
                shape_and_slices=[""] * (len(variables) + 1),
                tensors=[*values, tf.constant(graph)],
            )
            return
        checkpoint = checkpoint_of(model)
        checkpoint.write(str(path))
        if not tf.distribute.has_strategy():
            found = tf.train.load_checkpoint(str(path))
            graph = found.get_tensor(_GRAPH)
            variables = _variables(checkpoint, graph)
            if variables.keys() == found.get_variable_to_shape_map().keys() - {_GRAPH}:
                self._known = model, graph, variables


def checkpoint_of(model: tf_keras.Model) -> tf.train.Checkpoint:
    """Return what reads and writes a compiled model with its optimizer."""
    return tf.train.Checkpoint(model=model, optimizer=model.optimizer)


def _variables(root: Any, graph: bytes) -> dict[str, tf.Variable]:
    """Return the variables below a checkpoint by the names that they have in it.

    Args:
        root: the checkpoint.
        graph: its object graph as written: for each object, from the root on, the indices of those that it holds.
    """
    nodes = trackable_object_graph_pb2.TrackableObjectGraph.FromString(graph).nodes
    objects, places = {0: root}, [0]
    found: dict[str, tf.Variable] = {}
    for place in places:  # which grows
        held = tf.train.TrackableView.children(objects[place])
        for child in nodes[place].children:
            if child.node_id not in objects:
                objects[child.node_id] = held[child.local_name]
                places.append(child.node_id)
        if isinstance(objects[place], tf.Variable):
            found |= {value.checkpoint_key: objects[place] for value in nodes[place].attributes}
    return found
