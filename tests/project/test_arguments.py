from __future__ import annotations

import pytest
import tensorflow as tf

from kit.errors import ProjectError
from kit.project.arguments import can_be_argument, check_arguments


@pytest.mark.parametrize("name", ["class", "None", "self", "Class", "match", "cls"])
def test_names_that_tensorflow_saves_a_model_with(name: str, tmp_path: object) -> None:
    @tf.function(input_signature=[{name: tf.TensorSpec([None], tf.float32, name=name)}], autograph=False)
    def predict(columns: dict[str, tf.Tensor]) -> tf.Tensor:
        return columns[name]

    module = tf.Module()
    if can_be_argument(name):
        tf.saved_model.save(module, str(tmp_path), {"serving_default": predict})
        return
    with pytest.raises((ValueError, TypeError)):  # if not, TensorFlow has learnt it and the rule can go
        tf.saved_model.save(module, str(tmp_path), {"serving_default": predict})


def test_other_names_are_refused() -> None:
    check_arguments(["class_", "age"])
    with pytest.raises(ProjectError, match="cannot be called class, self:"):
        check_arguments(["class", "age", "self"])
