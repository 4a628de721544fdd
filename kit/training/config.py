"""The `training` section of project.yml, and the notebook parameters that override it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import Field, ValidationError

from kit.errors import ProjectError
from kit.project_section import Section, said_of

Strategy = Literal["one_device", "mirrored", "multi_worker_mirrored", "parameter_server"]
Schedule = Literal["constant", "cosine", "exponential"]
Precision = Literal["float32", "auto", "mixed_float16", "mixed_bfloat16"]
ClassWeights = Literal["none", "balanced"]
Choice = bool | int | float | str
_Settings = TypeVar("_Settings", bound=Section)

PROJECT = "project"
"""What a notebook's parameter with choices says where project.yml decides."""


class Training(Section):
    """Settings of training: defaults of a project, which a notebook's parameters override."""

    epochs: int = Field(default=5, ge=1, description="passes over the training rows")
    batch_size: int = Field(default=256, ge=1, description="examples per step")
    learning_rate: float = Field(default=0.001, gt=0, allow_inf_nan=False, description="Adam's step size")
    seed: int = Field(default=7, ge=0)
    strategy: Strategy = Field(default="one_device", description="tf.distribute strategy to train with")
    workers: int = Field(
        default=2, ge=1, description="processes that compute gradients, with a strategy of several processes"
    )
    parameter_servers: int = Field(default=1, ge=1, description="processes that hold variables")
    schedule: Schedule = Field(
        default="constant", description="how the learning rate falls; constant: it does not"
    )
    warmup_steps: int = Field(
        default=0, ge=0, description="steps in which the learning rate grows to its full size"
    )
    early_stopping: int = Field(
        default=0, ge=0, description="epochs without improvement after which training ends; 0: never"
    )
    keep_checkpoints: int = Field(
        default=1, ge=1, description="how many of the best epochs keep their checkpoints"
    )
    best_by: str = Field(
        default="val_loss", min_length=1, description="metric by which epochs are compared, as Keras names it"
    )
    class_weights: ClassWeights = Field(
        default="none", description="balanced: rare classes count as much as others"
    )
    precision: Precision = Field(default="float32", description="auto: the fastest that the device supports")
    jit_compile: bool = Field(default=False, description="compile the step with XLA")
    jit_seconds: int = Field(
        default=120, ge=1, description="time limit of XLA, after which training goes on without it"
    )
    steps_per_execution: int = Field(default=1, ge=1, description="batches per call of the compiled loop")
    memory_mb: int = Field(
        default=2_000,
        ge=0,
        description="uncompressed examples that are kept in memory; larger data is read as needed",
    )
    histograms: bool = Field(
        default=True, description="histograms of the weights after every epoch, for TensorBoard"
    )
    profile_steps: int = Field(default=0, ge=0, description="steps to trace for a profile; 0: none")
    model: dict[str, Choice] = Field(
        default_factory=dict,
        description="other values that build_model reads, by their names in the search space",
    )

    def told(self) -> dict[str, float | str]:
        """Return the settings that identify a training: the usual ones, and others that differ from the default.

        What build_model reads besides is included under its own names.
        """
        usual = Training()
        named = {"epochs", "batch_size", "learning_rate", "seed"}
        settings = {
            name: value
            for name, value in self
            if name != "model" and (name in named or value != getattr(usual, name))
        }
        return {name: _said(value) for name, value in {**settings, **self.model}.items()}

    def override(self, **given: float | str | None) -> Training:
        """Return a copy with the given values, as `chosen` takes them.

        A switch is `on` or `off`.

        Raises:
            ProjectError: when a value is out of range; the message names it.
        """
        return overridden(self, given, "training")

    def override_by(self, parameters: Mapping[str, Any]) -> Training:
        """Return a copy with those parameters of a notebook that are settings, by their names; see `override`.

        Raises:
            ProjectError: when a value is out of range; the message names it.
        """
        return self.override(
            **{
                name: parameters[name]
                for name in Training.model_fields
                if name in parameters and name != "model"
            }
        )


def overridden(settings: _Settings, given: Mapping[str, Any], section: str) -> _Settings:
    """Return settings with values that a notebook's parameters give, as `chosen` takes them.

    Args:
        settings: a section of project.yml.
        given: the values by the names of its fields.
        section: its name, for the message where no single value is at fault.

    Raises:
        ProjectError: when a value is out of range; the message names it.
    """
    try:
        return type(settings).model_validate({**settings.model_dump(), **chosen(given)})
    except ValidationError as error:
        [problem, *_] = error.errors()
        place = ".".join(str(part) for part in problem["loc"]) or section
        raise ProjectError(
            f"{place}: {said_of(problem)}, found {problem['input']!r}. Give another, or 0 for the project's."
        ) from None


def chosen(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that were given: 0, '', `project` and None keep the project's own, but a seed may be 0."""
    return {
        name: value
        for name, value in given.items()
        if (value and value != PROJECT) or (name == "seed" and value == 0)
    }


def _said(value: Choice) -> float | str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else value
