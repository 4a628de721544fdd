"""Run several steps per call of the compiled loop, with a graph that is built from one trace of the step.

Keras writes this as a Python loop that AutoGraph turns into a graph. The last step's result has no value before the
loop, so AutoGraph traces the step once to learn its form and again to build the loop, and the loop computes metrics in
each step, of which it returns the last. Here the loop returns nothing, and the metrics come after it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
import tf_keras
from tensorflow.python.autograph.core import ag_ctx  # not public, and pinned


def execute_several(model: tf_keras.Model, steps: int) -> None:
    """Run `steps` steps per compiled call (Keras's steps_per_execution).

    Keras's own functions stay if a model has its own step, which may return anything, or trains with a strategy.

    Args:
        model: compiled.
        steps: 1 or more.
    """
    model.steps_per_execution = steps
    usual = (tf_keras.Model.train_step, tf_keras.Model.test_step)
    if (type(model).train_step, type(model).test_step) != usual or tf.distribute.has_strategy():
        return
    # A function that makes variables is traced again, to check that it makes no more.
    if make := getattr(model.optimizer, "build", None):  # Keras's legacy ones make theirs lazily
        make(model.trainable_variables)
    # Keras uses these two where they are set, and `compile` resets them. Its step counters have no public name.
    model.train_function = model.train_tf_function = _several(
        model,
        model.train_step,
        lambda: model._train_counter,  # noqa: SLF001
    )
    model.test_function = _several(model, model.test_step, lambda: model._test_counter)  # noqa: SLF001


def _several(model: tf_keras.Model, step: Callable[[Any], Any], counter: Callable[[], tf.Variable]) -> Any:
    """Return the function [iterator] → metrics that Keras calls.

    Args:
        model: the model whose metrics they are.
        step: trains or tests on one batch.
        counter: returns the variable that counts the steps that are done.
    """

    def once(data: Any) -> None:
        with ag_ctx.ControlStatusCtx(ag_ctx.Status.ENABLED):  # the code of the model's layers is converted
            step(data)
        counter().assign_add(1)

    # The code here has no control flow to convert, and looking for some takes a tenth of a second.
    plainly = {"autograph": False, "reduce_retracing": True}
    run = tf.function(once, jit_compile=True, **plainly) if model.jit_compile else once

    def several(iterator: Any) -> Any:
        def go_on(done: tf.Tensor) -> tf.Tensor:
            run(next(iterator))
            return done + 1

        # Keras lowers the number for the last call of an epoch.
        steps = tf.cast(model._steps_per_execution, tf.int32)  # noqa: SLF001
        tf.while_loop(lambda done: done < steps, go_on, [0], parallel_iterations=1)
        return model.get_metrics_result()

    return tf.function(several, **plainly)
