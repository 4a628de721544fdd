"""Adam as one fused operation per variable.

Keras composes each variable's update of two dozen operations. In a model with many small variables, such as one with
embeddings, they are a third of what is traced before the first step, and a good part of each step. TensorFlow has the
same update as one operation, `ResourceApplyAdam`: with g the gradient, t the step from 1 and r the rate,

    m += (1 - beta_1) (g - m);  v += (1 - beta_2) (g^2 - v)
    w -= r sqrt(1 - beta_2^t) / (1 - beta_1^t) m / (sqrt(v) + epsilon)

(Kingma and Ba 2015, arXiv:1412.6980, the formula just before section 2.1).
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf
import tf_keras

from kit.training.schedules import without_loss_scale


def fuse_adam(model: tf_keras.Model) -> None:
    """Make the Adam of a compiled model update each variable by one operation.

    Up to rounding, the weights and the optimizer's variables are those of Keras's own step: a checkpoint of either
    continues with the other. What is not plain Adam stays unchanged: a subclass, AMSGrad, an adaptive epsilon, and
    gradients of some rows only, which would have to be made dense on their way to a parameter server.

    Args:
        model: compiled, not yet trained.
    """
    optimizer = without_loss_scale(model.optimizer)
    plain = type(optimizer) is tf_keras.optimizers.Adam
    if plain and not (optimizer.amsgrad or optimizer.adaptive_epsilon):
        optimizer.update_step = _fused(optimizer)


def _fused(optimizer: tf_keras.optimizers.Adam) -> Any:
    """Return the step [gradient, variable] → None that replaces the optimizer's own."""
    composed = optimizer.update_step

    def update_step(gradient: Any, variable: tf.Variable) -> None:
        if isinstance(gradient, tf.IndexedSlices):
            composed(gradient, variable)
            return
        # The moments of a variable have only private names.
        place = optimizer._index_dict[optimizer._var_key(variable)]  # noqa: SLF001
        m, v = optimizer._momentums[place], optimizer._velocities[place]  # noqa: SLF001
        step = tf.cast(optimizer.iterations + 1, variable.dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=tf.pow(tf.cast(optimizer.beta_1, variable.dtype), step),
            beta2_power=tf.pow(tf.cast(optimizer.beta_2, variable.dtype), step),
            lr=tf.cast(optimizer.learning_rate, variable.dtype),
            beta1=optimizer.beta_1,
            beta2=optimizer.beta_2,
            epsilon=optimizer.epsilon,
            grad=gradient,
        )

    return update_step
