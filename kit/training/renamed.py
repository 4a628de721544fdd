"""A signature whose argument names differ from the columns, since TensorFlow takes plain names only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from kit.project.arguments import check_arguments
from kit.training.signatures import ServingModule, columns_signature


def renamed_columns_signature(module: ServingModule, arguments: Mapping[str, str]) -> Any:
    """Return `serving_default` for rows: one tensor [batch] per column; '' and NaN are missing values.

    Args:
        module: predicts.
        arguments: the argument name of each raw column; other columns are not in requests.

    Raises:
        ProjectError: when TensorFlow does not take a name.
    """
    check_arguments(arguments.values())
    predict = columns_signature(module).python_function
    spec = module.request_spec()
    inputs = {
        name: tf.TensorSpec([None], spec[column].dtype, name=name) for column, name in arguments.items()
    }

    @tf.function(input_signature=[inputs], autograph=False)  # type: ignore[untyped-decorator, unused-ignore]
    def serving_default(values: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        result: dict[str, tf.Tensor] = predict({column: values[name] for column, name in arguments.items()})
        return result

    return serving_default
