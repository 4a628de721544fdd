"""The signatures `classify` and `regress`, for TensorFlow Serving's Classify, Regress and MultiInference.

`tf.saved_model.save` gives every signature the method of predict and an input tensor of its own. The real server
classifies only through a signature with that method, and MultiInference feeds one tensor for all of its tasks. So both
are set in the saved model. Source of the rules: classifier.cc, regressor.cc and multi_inference.cc in
tensorflow_serving/servables/tensorflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.saved_model import fingerprinting_utils  # not public, and pinned

from kit.errors import ProjectError
from kit.project import Project
from kit.training.signature_names import SCORE
from kit.workspace import write_atomically

CLASSIFY, REGRESS = "classify", "regress"
METHODS = {
    CLASSIFY: tf.saved_model.CLASSIFY_METHOD_NAME,
    REGRESS: tf.saved_model.REGRESS_METHOD_NAME,
}
INPUTS, CLASSES, SCORES, OUTPUTS = (
    tf.saved_model.CLASSIFY_INPUTS,
    tf.saved_model.CLASSIFY_OUTPUT_CLASSES,
    tf.saved_model.CLASSIFY_OUTPUT_SCORES,
    tf.saved_model.REGRESS_OUTPUTS,
)
_SPEC = [tf.TensorSpec([None], tf.string, name=INPUTS)]


def typed_signatures(project: Project, examples: Any) -> dict[str, Any]:
    """Return the additional signatures of a task, by name.

    `classify` gives `classes` and `scores` [batch, classes], unless the task is regression; `regress` gives `outputs`
    [batch], unless it is multiclass: the value, or of two classes the probability of the second.

    Args:
        project: the project with the task, and the `CLASSES` of its features.py; without these they are 0, 1, …
        examples: the signature `examples`, traced once, which both call.

    Raises:
        ProjectError: when the model gives another number of probabilities than there are classes.
    """
    output, shape = next(iter(examples.output_shapes.items()))
    signatures = {}
    if project.spec.task != "regression":
        width = 2 if output == SCORE else int(shape[-1])
        signatures[CLASSIFY] = _classify(examples, classes_of(project, width))
    if output == SCORE:
        signatures[REGRESS] = _regress(examples)
    return signatures


def classes_of(project: Project, width: int) -> list[str]:
    """Return the names of the classes, in the order of the model's output.

    Raises:
        ProjectError: when their number differs from that of the model's probabilities.
    """
    features = project.module("features")
    found = getattr(features, "CLASSES", range(width))
    if len(found) != width:
        raise ProjectError(
            f"CLASSES of features.py must name the {width} classes that the model tells apart, but names "
            f"{len(found)}. Correct them, or the last layer of model.py."
        )
    return [str(value) for value in found]


def _classify(examples: Any, classes: Sequence[str]) -> Any:
    @tf.function(input_signature=_SPEC, autograph=False)
    def classify(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        [(name, value)] = examples(inputs).items()
        scores = tf.stack([1 - value, value], axis=1) if name == SCORE else value
        return {CLASSES: tf.tile([[*classes]], [tf.shape(inputs)[0], 1]), SCORES: scores}

    return classify


def _regress(examples: Any) -> Any:
    @tf.function(input_signature=_SPEC, autograph=False)
    def regress(inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUTS: examples(inputs)[SCORE]}

    return regress


def set_methods(folder: Path) -> None:
    """Give `classify` and `regress` of a SavedModel their methods and one input tensor."""
    path = folder / "saved_model.pb"
    saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for meta_graph in saved.meta_graphs:
        typed = [meta_graph.signature_def[name] for name in METHODS if name in meta_graph.signature_def]
        for name in METHODS.keys() & meta_graph.signature_def.keys():
            meta_graph.signature_def[name].method_name = METHODS[name]
        for signature in typed[1:]:
            _take_input_of(typed[0], signature, meta_graph.graph_def)
    write_atomically(path, saved.SerializeToString(deterministic=True))
    fingerprinting_utils.write_fingerprint(str(folder))  # of what is there now


def _take_input_of(first: Any, other: Any, graph: Any) -> None:
    """Make a signature take the input tensor of another one, and drop its own placeholder."""
    kept, gone = (signature.inputs[INPUTS].name.partition(":")[0] for signature in (first, other))
    if kept == gone:
        return
    for node in graph.node:
        node.input[:] = [kept if name == gone else name for name in node.input]
    del graph.node[next(place for place, node in enumerate(graph.node) if node.name == gone)]
    other.inputs[INPUTS].CopyFrom(first.inputs[INPUTS])
