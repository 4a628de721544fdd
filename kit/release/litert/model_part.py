"""The part of a SavedModel that takes transformed features, rebuilt from the project's code with its weights.

A SavedModel keeps signatures from raw values to scores and no layers, so there is nothing in it to cut at. The rebuilt
part is compared with the signature, row by row, before it is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras
from tfx import types

from kit.errors import InfraCheckError, StepOrderError
from kit.project import Project
from kit.session import Session
from kit.training.build import build, model_module_of
from kit.training.config import Training
from kit.training.precision import FLOAT32
from kit.training.signature_names import PROBABILITIES, SCORE

Array = np.ndarray[Any, Any]
Features = Mapping[str, Array]
"""Transformed features by name, [rows, …] each."""

_WEIGHT = (
    "weights/{}/.ATTRIBUTES/VARIABLE_VALUE"  # of `kit.training.signatures.ServingModule`, in its checkpoint
)
_AT_ONCE = 4096  # rows
MOST_DIFFERENCE = 1e-5  # of a score: in another graph the same weights are summed in another order


@dataclass(frozen=True)
class Origin:
    """What a model was trained with.

    Attributes:
        training: the settings.
        inputs: artifacts of Trainer by the names of its inputs.
    """

    training: Training
    inputs: Mapping[str, list[types.Artifact]]


def origin_of(session: Session, model: types.Artifact) -> Origin:
    """Return what Trainer made a model from.

    Raises:
        StepOrderError: when Trainer of this workspace has not made it.
    """
    past = zip(session.history("Trainer"), session.past_properties("Trainer"), strict=True)
    for (inputs, outputs), properties in past:
        if outputs["model"][0].id == model.id:
            config = json.loads(properties["custom_config"])
            return Origin(Training.model_validate(config["training"]), inputs)
    raise StepOrderError(
        f"A model that is to be converted must come from Trainer, but {model.uri} does not in "
        f"{session.workspace.path}. Run 03_train and 04_evaluate with the same workspace and project."
    )


@dataclass(frozen=True)
class ModelPart:
    """The function from transformed features to scores, as it was trained."""

    keras: tf_keras.Model

    @property
    def inputs(self) -> dict[str, tf.TensorSpec]:
        """The input tensors, by the names of the features, in alphabetical order."""
        named = zip(self.keras.input_names, self.keras.inputs, strict=True)
        specs = {name: tf.TensorSpec(tensor.shape, tensor.dtype, name) for name, tensor in named}
        return dict(sorted(specs.items()))

    @property
    def output(self) -> str:
        """The name of what it gives: `score` [rows] or `probabilities` [rows, classes]."""
        return SCORE if self.keras.output_shape[-1] == 1 else PROBABILITIES

    @cached_property
    def function(self) -> Any:
        """The same as a tf.function of one dict of tensors that gives a dict with the output."""

        def predict(features: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            output = self.keras(dict(features), training=False)
            return {self.output: tf.squeeze(output, axis=-1) if self.output == SCORE else output}

        return tf.function(predict, input_signature=[self.inputs], autograph=False)

    def take(self, features: Features) -> dict[str, Array]:
        """Return the features that it takes, in the types that it takes."""
        return {name: features[name].astype(spec.dtype.as_numpy_dtype) for name, spec in self.inputs.items()}

    def score(self, features: Features) -> Array:
        """Return the scores, [rows] or [rows, classes]."""
        taken = self.take(features)
        rows = len(next(iter(taken.values())))
        parts = [
            self.function({name: tf.constant(value[at : at + _AT_ONCE]) for name, value in taken.items()})
            for at in range(0, max(rows, 1), _AT_ONCE)
        ]
        return np.concatenate([part[self.output].numpy() for part in parts])


def rebuild(project: Project, training: Training, graph: Path, saved_model: Path) -> ModelPart:
    """Build the model by the project's code, in float32, and give it the weights of a SavedModel.

    Args:
        project: the project whose model.py builds it.
        training: the settings with which it was trained.
        graph: folder of the TransformGraph artifact that it was trained on.
        saved_model: folder with saved_model.pb.

    Raises:
        InfraCheckError: when the code builds a model with other weights.
    """
    plain = training.model_copy(
        update={"precision": FLOAT32, "schedule": "constant", "warmup_steps": 0, "jit_compile": False}
    )
    built = build(model_module_of(project), tft.TFTransformOutput(str(graph)), plain, steps=1)
    model = tf_keras.Model(built.inputs, built.outputs)  # without the optimizer and metrics, as it was saved
    reader = tf.train.load_checkpoint(str(saved_model / "variables" / "variables"))
    shapes = reader.get_variable_to_shape_map()
    saved = sum(_WEIGHT.format(place) in shapes for place in range(len(shapes)))
    if saved != len(model.variables):
        raise _another(f"{len(model.variables)} weights, and the saved one {saved}")
    for place, variable in enumerate(model.variables):
        value = reader.get_tensor(_WEIGHT.format(place))
        if list(value.shape) != variable.shape.as_list():
            raise _another(
                f"{variable.name} as {variable.shape.as_list()}, and the saved one {[*value.shape]}"
            )
        variable.assign(value)
    return ModelPart(model)


def check_same(expected: Array, found: Array) -> None:
    """Compare the scores of a model part with those of the SavedModel that its weights come from.

    Raises:
        InfraCheckError: when a row has another score.
    """
    if expected.shape != found.shape:
        raise _another(f"scores of the shape {[*found.shape]}, and the saved one {[*expected.shape]}")
    apart = np.abs(found.astype(np.float64) - expected) / (1 + np.abs(expected))
    if not np.all(apart <= MOST_DIFFERENCE):
        row = int(np.argmax(np.nan_to_num(apart, nan=np.inf).reshape(len(apart), -1).max(axis=1)))
        raise _another(f"the score {found[row]} for row {row}, and the saved one {expected[row]}")


def _another(differs: str) -> InfraCheckError:
    return InfraCheckError(
        f"model.py and features.py must build the very model that was saved, but what they build has {differs}. The "
        "code has changed since it was trained: train again, or take the change back."
    )
