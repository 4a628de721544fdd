"""Apply a trial's values to the training settings: fields of `Training`, or what build_model reads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from kit.errors import SearchSpaceError
from kit.project_section import said_of
from kit.training.config import Training
from kit.tuning.records import Value

# Not to be tuned: what trials share, and what is not a single value.
_FIXED = {"model", "seed", "strategy", "workers", "parameter_servers"}
_FIELDS = frozenset(Training.model_fields) - _FIXED


def apply(training: Training, values: Mapping[str, Value], model_file: Path) -> Training:
    """Return a training with the values of a trial: those named like its fields there, the others in `model`.

    Args:
        training: the settings of the project or a notebook.
        values: the values, by the names of the search space.
        model_file: the model.py that has the search space, for the message.

    Raises:
        SearchSpaceError: when `Training` cannot have such a value; the message names file, name and value.
    """
    fields = {name: value for name, value in values.items() if name in _FIELDS}
    own = {name: value for name, value in values.items() if name not in _FIELDS}
    if refused := sorted(_FIXED & set(own)):
        raise SearchSpaceError(
            f"{model_file}: search_space may name settings of training and what build_model reads, but "
            f"{refused[0]!r} is the same for all trials. Take it out."
        )
    try:
        return Training.model_validate(
            {**training.model_dump(), **fields, "model": {**training.model, **own}}
        )
    except ValidationError as error:
        [problem, *_] = error.errors()
        name = str(problem["loc"][0])
        raise SearchSpaceError(
            f"{model_file}: search_space gives {name} the value {problem['input']!r}, but {_lower(said_of(problem))}. "
            f"Correct the values of {name}."
        ) from None


def present(training: Training) -> dict[str, Value]:
    """Return a training's value of every name that a search space may have."""
    return {name: getattr(training, name) for name in _FIELDS} | dict(training.model)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
