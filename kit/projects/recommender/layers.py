"""The layers that the model is made of."""

from __future__ import annotations

import math
from typing import Any

import tensorflow as tf
import tf_keras

from kit.projects.recommender import features


class AsWritten(tf_keras.layers.Layer):
    """A layer whose code AutoGraph leaves as it is.

    No layer here branches on the value of a tensor, so there is no control flow to convert, and looking for some takes
    a twentieth of a second per layer.
    """

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return tf.autograph.experimental.do_not_convert(super().__call__)(*arguments, **options)


class ItemLookup(AsWritten):
    """Item-to-category lookup and row count, learnt in `adapt`.

    Attributes:
        table: categories by the codes of items, int64 [items].
        rows: how many rows there are, float32 [].
    """

    def __init__(self, items: int, unknown: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        constant = tf_keras.initializers.Constant
        self.table = self.add_weight("table", (items,), "int64", constant(unknown), trainable=False)
        self.rows = self.add_weight("rows", (), "float32", constant(1.0), trainable=False)

    def call(self, items: tf.Tensor) -> tf.Tensor:
        return tf.nn.embedding_lookup(self.table, items)


class Prior(tf_keras.regularizers.Regularizer):
    """A normal prior around zero on weights; the more rows there are, the less it counts.

    The loss is a mean over rows, so the negative logarithm of the prior, w^2 / (2 deviation^2), is divided by their
    number: its strength needs no tuning when there is more data (MacKay 1992, doi:10.1162/neco.1992.4.3.415).

    Args:
        deviation: the standard deviation that weights are expected to have, in logits.
        lookup: has the number of rows.
    """

    def __init__(self, deviation: float, lookup: ItemLookup) -> None:
        self._precision, self._lookup = 1.0 / deviation**2, lookup

    def __call__(self, weights: tf.Tensor) -> tf.Tensor:
        # Half the sum of squares as a single operation, times a factor without a gradient: there are two dozen priors.
        each = self._precision / tf.convert_to_tensor(self._lookup.rows)
        return tf.nn.l2_loss(tf.cast(weights, tf.float32)) * each


class Cross(AsWritten):
    """One code for a pair of codes, [batch] each: the wide part of a model learns a number for every pair.

    Args:
        second_size: how many codes the second has.
    """

    def __init__(self, second_size: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._second_size = second_size

    def call(self, pair: list[tf.Tensor]) -> tf.Tensor:
        first, second = pair
        return first * self._second_size + second


class Attention(AsWritten):
    """What the last items say about the candidate.

    Takes the candidate [batch, width], the last items [batch, HISTORY, width] and how many of them are real [batch];
    returns the attended item, how well the best and how many of the last items fit the candidate, [batch, width + 2].
    """

    def build(self, shapes: list[tf.TensorShape]) -> None:
        # Starts as the plain inner product.
        self._project = tf_keras.layers.Dense(int(shapes[0][-1]), kernel_initializer="identity")

    def attend(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        """Return the weight of each of the last items, [batch, HISTORY]; those that are real sum to 1."""
        return self._weigh(inputs)[2]

    def _weigh(self, inputs: list[tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        candidate, history, count = inputs
        fit = tf.einsum("bd,bhd->bh", self._project(candidate), history)
        real = tf.sequence_mask(count, features.HISTORY, dtype=fit.dtype)
        return fit, real, tf.nn.softmax(tf.where(real > 0, fit, fit.dtype.min), axis=1) * real

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        _, history, _ = inputs
        fit, real, weight = self._weigh(inputs)
        attended = tf.einsum("bh,bhd->bd", weight, history)
        # The softmax alone would forget how many items agree.
        agreeing = tf.reduce_sum(tf.nn.tanh(fit) * real, axis=1, keepdims=True)
        best = tf.reduce_sum(weight * fit, axis=1, keepdims=True)
        return tf.concat([attended, agreeing, best], axis=1)


class Segments(AsWritten):
    """The probability that the user belongs to each segment, [batch, segments].

    Each of the last items is evidence for some segments, and evidence adds up like log likelihoods in Bayes' rule.
    Takes the evidence of the last items [batch, HISTORY, segments], how many of them are real [batch], and what else is
    known about the user [batch, segments].
    """

    def build(self, shapes: list[tf.TensorShape]) -> None:
        self._usual = self.add_weight("usual", (int(shapes[0][-1]),), initializer="zeros")

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        history, count, user = inputs
        real = tf.sequence_mask(count, features.HISTORY, dtype=history.dtype)
        return tf.nn.softmax(self._usual + user + tf.einsum("bhs,bh->bs", history, real))


class Mixture(AsWritten):
    """The click probability, [batch, 1]: that of each segment, weighted by the probability that the user belongs to it.

    Probabilities are mixed, not logits: a user who may belong to either of two segments clicks as often as the two on
    average. Takes the segments [batch, segments], the click logit in each [batch, segments], and terms that are added
    to all of these, each [batch, 1].

    Args:
        rate: the click rate to start from, 0 to 1.
    """

    def __init__(self, rate: float, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._rate = rate

    def build(self, shapes: list[tf.TensorShape]) -> None:
        del shapes
        start = tf_keras.initializers.Constant(math.log(self._rate / (1.0 - self._rate)))
        self._bias = self.add_weight("bias", (), initializer=start)

    def call(self, inputs: list[tf.Tensor]) -> tf.Tensor:
        segments, logits, *added = inputs
        return tf.reduce_sum(
            segments * tf.sigmoid(logits + tf.add_n(added) + self._bias), axis=1, keepdims=True
        )
