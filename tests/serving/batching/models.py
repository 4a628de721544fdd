"""A SavedModel whose answers tell how its requests were put together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from kit.serving.batching import BatchedServable, Batching

v1 = tf.compat.v1
NAME = "batches"


def save_batches(folder: Path) -> Path:
    """Save it; every signature but `fixed`, `total` and `old` is a batch's."""
    module = tf.Module()
    module.gain = tf.Variable(2.0)
    keys, values = tf.constant(["one", "two"]), tf.constant([1, 2], tf.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(keys, values)
    module.table = tf.lookup.StaticHashTable(initializer, -1)
    signatures = {
        "serving_default": _function(
            lambda x: {"y": module.gain * x, "rows": tf.fill(tf.shape(x), tf.size(x))}, x=_spec([None])
        ),
        "codes": _function(
            lambda word, x: {"code": module.table.lookup(word), "x": x},
            word=_spec([None], tf.string),
            x=_spec([None]),
        ),
        "joined": _function(
            lambda first, second: {"code": module.table.lookup(tf.strings.join([first, second]))},
            first=_spec([None], tf.string),
            second=_spec([None], tf.string),
        ),
        "uneven": _function(
            _uneven, ids=_spec([None, None, None], tf.int64), words=_spec([None, None], tf.string)
        ),
        "not_negative": _function(_not_negative, x=_spec([None])),
        "slow": _function(_slow, x=_spec([None])),
        "fixed": _function(lambda x: {"y": x}, x=_spec([2])),
        "total": _function(lambda x: {"y": tf.reduce_sum(x)}, x=_spec([None])),
    }
    tf.saved_model.save(module, str(folder), signatures)
    return folder


def _spec(shape: list[int | None], dtype: tf.DType = tf.float32) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype)


def _function(compute: Any, **inputs: tf.TensorSpec) -> Any:
    return tf.function(compute, autograph=False).get_concrete_function(
        **{name: tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in inputs.items()}
    )


def _uneven(ids: tf.Tensor, words: tf.Tensor) -> dict[str, tf.Tensor]:
    return {"same": tf.identity(ids), "text": tf.strings.reduce_join(words, 1, separator=" ")}


def _not_negative(x: tf.Tensor) -> dict[str, tf.Tensor]:
    with tf.control_dependencies([tf.debugging.assert_non_negative(x, "negative")]):
        return {"y": tf.identity(x)}


def _slow(x: tf.Tensor) -> dict[str, tf.Tensor]:
    steps = tf.constant(100_000)  # a tenth of a second
    counted = tf.while_loop(lambda step: step < steps, lambda step: [step + 1], [tf.constant(0)])
    with tf.control_dependencies(counted):
        return {"y": tf.identity(x)}


def save_old(folder: Path) -> Path:
    """Save y = 2 x as TensorFlow 1 did, with a variable that is no resource."""
    with tf.Graph().as_default(), v1.Session() as session:
        gain = v1.get_variable("gain", initializer=tf.constant(2.0), use_resource=False)
        x = v1.placeholder(tf.float32, [None], "x")
        signature = v1.saved_model.predict_signature_def({"x": x}, {"y": gain * x})
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session, [tf.saved_model.SERVING], {"serving_default": signature}
        )
        builder.save()
    return folder


def load(folder: Path, **batching: Any) -> BatchedServable:
    """Load a version that is batched."""

    class Batched(BatchedServable):
        pass

    Batched.batching = Batching(**batching)
    return Batched.load(NAME, 1, folder)
