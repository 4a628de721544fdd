"""The signatures that every model of the kit is saved with: named raw inputs, named outputs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tf_keras

from kit.training.signature_names import PROBABILITIES, SCORE

Predict = Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]


class ServingModule(tf.Module):
    """Holds what the signatures use (the model and Transform's graph), so that it is saved with them."""

    def __init__(
        self, model: tf_keras.Model, transform_output: tft.TFTransformOutput, not_features: Collection[str]
    ) -> None:
        """Keep what the signatures use.

        Args:
            model: takes transformed features.
            transform_output: Transform's output, with its graph.
            not_features: raw columns that a request does not carry: the label.
        """
        super().__init__()
        # Loaded signatures only need its variables. The layers themselves would take a second to write: Keras describes
        # each, and looks for its losses and its functions.
        self.weights = list(model.variables)
        self._model: Callable[[], tf_keras.Model] = lambda: model
        self.transform_layer = transform_output.transform_features_layer()
        # Transform's graph is ready-made: converting the code around it to graph code takes seconds for nothing.
        self.transform = tf.autograph.experimental.do_not_convert(self.transform_layer)
        self._transform_output, self._not_features = transform_output, set(not_features)

    @property
    def model(self) -> tf_keras.Model:
        return self._model()

    def predict_raw(self, raw: dict[str, Any]) -> dict[str, tf.Tensor]:
        """Transform raw features and score them; returns `score` [batch], or `probabilities` [batch, classes]."""
        return self.predict(self.transform(raw))

    def predict(self, transformed: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Score transformed features; those that the model does not take are left out."""
        names = set(self.model.input_names)
        output = self.model(
            {name: value for name, value in transformed.items() if name in names}, training=False
        )
        if output.shape[-1] == 1:
            return {SCORE: tf.squeeze(output, axis=-1)}
        return {PROBABILITIES: output}

    def request_spec(self) -> dict[str, Any]:
        """Feature spec of a request: the raw columns without the label."""
        spec = self._transform_output.raw_feature_spec()
        return {name: feature for name, feature in spec.items() if name not in self._not_features}


def examples_signature(module: ServingModule) -> Any:
    """Return `examples`: serialized tf.Examples, string [batch], to scores."""
    spec = module.request_spec()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")], autograph=False)
    def examples(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return module.predict_raw(tf.io.parse_example(examples, spec))

    return examples


def transform_features_signature(module: ServingModule, transform_output: tft.TFTransformOutput) -> Any:
    """Return `transform_features`: serialized tf.Examples with their label to transformed features, for TFMA."""
    spec = transform_output.raw_feature_spec()

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")], autograph=False)
    def transform_features(examples: tf.Tensor) -> dict[str, tf.Tensor]:
        return dict(module.transform(tf.io.parse_example(examples, spec)))

    return transform_features


def columns_signature(module: ServingModule) -> Any:
    """Return `serving_default` for rows: one named tensor [batch] per raw column; '' and NaN are missing values."""
    spec = module.request_spec()
    inputs = {name: tf.TensorSpec([None], feature.dtype, name=name) for name, feature in spec.items()}

    @tf.function(input_signature=[inputs], autograph=False)
    def serving_default(columns: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return module.predict_raw({name: _as_raw(column, spec[name]) for name, column in columns.items()})

    return serving_default


def _as_raw(column: tf.Tensor, feature: Any) -> Any:
    """Turn a dense request column into what parsing an example would have given."""
    if isinstance(feature, tf.io.FixedLenFeature):
        return tf.reshape(column, [-1, *feature.shape])
    if column.dtype == tf.string:
        present = tf.not_equal(column, "")
    elif column.dtype.is_floating:
        present = tf.logical_not(tf.math.is_nan(column))
    else:
        present = tf.ones_like(column, tf.bool)
    rows = tf.where(present)
    indices = tf.concat([rows, tf.zeros_like(rows)], axis=1)
    shape = tf.stack([tf.shape(column, tf.int64)[0], tf.constant(1, tf.int64)])
    return tf.SparseTensor(indices, tf.boolean_mask(column, present), shape)
