"""Distillation as a protection: a smaller model, trained on the served one's answers, is served in its place.

Hinton, Vinyals and Dean, Distilling the Knowledge in a Neural Network, arXiv:1503.02531. Whoever extracts the smaller
one gets no more than it knows. It is a SavedModel with all of the project's signatures, so it can be pushed and served
like any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.drill.endpoint import Endpoint
from kit.project import Project
from kit.session import Session
from kit.training.build import model_module_of
from kit.training.save import save

_MOST_ROWS = 50_000
_PARSE_ROWS = 4_096
_MOST_CODES = 200_000
_UNITS, _NUMBERS = 32, 8  # of the hidden layer; an embedding
_EPOCHS, _BATCH_ROWS, _RATE = 8, 256, 0.01


class Codes(tf_keras.layers.Layer):
    """Whole numbers below a size; larger ones, which training did not see, become the largest."""

    def __init__(self, size: int, **options: Any) -> None:
        super().__init__(**options)
        self.size = size

    def call(self, codes: tf.Tensor) -> tf.Tensor:
        """Return codes of the same shape."""
        return tf.clip_by_value(codes, 0, self.size - 1)

    def get_config(self) -> dict[str, Any]:
        """Return the layer's configuration."""
        return {**super().get_config(), "size": self.size}


@dataclass(frozen=True)
class Distilled:
    """A smaller model.

    Attributes:
        folder: SavedModel.
        parameters: the number of its parameters.
        error: root of the mean squared difference from the answers that it learnt from.
    """

    folder: Path
    parameters: int
    error: float


def distill(
    session: Session, teacher: Endpoint, records: Sequence[bytes], folder: Path, seed: int = 0
) -> Distilled:
    """Train the smaller model on the teacher's answers, and save it.

    Args:
        session: has Transform's graph.
        teacher: the endpoint whose answers it learns.
        records: serialized tf.Examples to learn from; labels are not looked at and may be missing.
        folder: the folder to save into.
        seed: the seed of its first weights and of the order of rows.
    """
    step = -(-len(records) // _MOST_ROWS)  # spread over all of them
    records = records[::step]
    transform_output = tft.TFTransformOutput(str(session.path("Transform", "transform_graph")))
    answers = teacher.scores(records).astype(np.float32)
    project = session.project
    features = _transformed(records, transform_output, project)
    probabilities = project.spec.task == "binary"
    tf_keras.utils.set_random_seed(seed)
    model = _build(features, probabilities=probabilities)
    taken = {name: features[name] for name in model.input_names}
    history = model.fit(taken, answers, batch_size=_BATCH_ROWS, epochs=_EPOCHS, verbose=0)
    train = tf.data.Dataset.from_tensor_slices((features, answers))
    save(project, model_module_of(project), model, transform_output, train, str(folder))
    return Distilled(folder, model.count_params(), float(np.sqrt(history.history["mse"][-1])))


def _transformed(
    records: Sequence[bytes], transform_output: tft.TFTransformOutput, project: Project
) -> dict[str, tf.Tensor]:
    """Transform rows here, so that they stay in the order of their answers."""
    whole, layer = transform_output.raw_feature_spec(), transform_output.transform_features_layer()
    spec = {name: feature for name, feature in whole.items() if name not in project.not_requested}
    left_out = {project.label_key, project.weight_key}

    # A function leaves out what is not fetched: Transform may not accept a missing label.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def transform(some: tf.Tensor) -> dict[str, tf.Tensor]:
        found = layer(tf.io.parse_example(some, spec))
        return {name: _dense(value) for name, value in found.items() if name not in left_out}

    starts = range(0, len(records), _PARSE_ROWS)
    pieces = [transform(tf.constant(records[start : start + _PARSE_ROWS])) for start in starts]
    return {name: tf.concat([piece[name] for piece in pieces], axis=0) for name in pieces[0]}


def _dense(value: Any) -> tf.Tensor:
    return tf.sparse.to_dense(value) if isinstance(value, tf.SparseTensor) else value


def _build(features: dict[str, tf.Tensor], *, probabilities: bool) -> tf_keras.Model:
    """Return a small network of any transformed features: embeddings of codes, scaled numbers, one hidden layer."""
    inputs, parts = {}, []
    for name, value in sorted(features.items()):
        if value.dtype == tf.string or (value.dtype.is_integer and int(tf.reduce_max(value)) >= _MOST_CODES):
            continue  # values beyond any vocabulary are times or keys, and mean nothing on another day
        shape = tuple(value.shape[1:])
        inputs[name] = entered = tf_keras.Input(shape, name=name, dtype=value.dtype)
        parts.append(_codes(entered, value) if value.dtype.is_integer else _number(entered, value, shape))
    hidden = tf_keras.layers.Dense(_UNITS, activation="relu")(tf_keras.layers.Concatenate()(parts))
    score = tf_keras.layers.Dense(1, activation="sigmoid" if probabilities else None, name="score")(hidden)
    model = tf_keras.Model(list(inputs.values()), score)
    loss = "binary_crossentropy" if probabilities else "mse"
    model.compile(optimizer=tf_keras.optimizers.Adam(_RATE), loss=loss, metrics=["mse"])
    return model


def _codes(entered: Any, value: tf.Tensor) -> Any:
    size = int(tf.reduce_max(value)) + 1
    embedded = tf_keras.layers.Embedding(size, _NUMBERS)(Codes(size)(entered))
    flat = tf_keras.layers.Flatten()(embedded)
    return flat if len(value.shape) == 1 else tf_keras.layers.Dense(_NUMBERS, use_bias=False)(flat)


def _number(entered: Any, value: tf.Tensor, shape: tuple[int, ...]) -> Any:
    mean, deviation = float(tf.reduce_mean(value)), float(tf.math.reduce_std(value)) or 1.0
    scaled = tf_keras.layers.Rescaling(1 / deviation, -mean / deviation)(entered)
    return scaled if shape else tf_keras.layers.Reshape((1,))(scaled)
