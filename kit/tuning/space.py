"""The search space that a project's model.py defines, checked before anything is trained."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras_tuner

from kit.errors import SearchSpaceError
from kit.project import Project
from kit.training.config import Training
from kit.tuning.records import Value
from kit.tuning.values import apply, present

FUNCTION = "search_space"
_EXAMPLE = 'def search_space(hp): hp.Float("dropout", 0.0, 0.5, step=0.1)'


def read_space(project: Project, training: Training) -> keras_tuner.HyperParameters:
    """Return what may change in a project's training, starting from the project's own values.

    Raises:
        SearchSpaceError: when model.py has no search space, an empty one, or one that `Training` does not allow; the
            message names the file and what is wrong in it.
    """
    file = project.folder / "model.py"
    module = project.module("model")
    define = getattr(module, FUNCTION, None)
    if define is None:
        raise SearchSpaceError(
            f"{file} must say in {FUNCTION}(hp) what Tuner may change, but has no such function. "
            f"Add one, such as {_EXAMPLE}."
        )
    space = keras_tuner.HyperParameters()
    _define(define, space, file)
    if not space.space:
        raise SearchSpaceError(
            f"{file}: {FUNCTION}(hp) must name at least one value to search, but names none. "
            f"Add one, such as {_EXAMPLE}."
        )
    _check_ends(space, training, file)
    mine = present(training)
    for one in space.space:
        if one.name in mine and _is_possible(one, mine[one.name]):
            space.values[one.name] = mine[one.name]
    _define(define, space, file)  # conditional values
    return space


def active(space: Any) -> dict[str, Value]:
    """Return the values of a trial that are in effect, without the notes of the oracle."""
    return {
        one.name: _plain(space.values[one.name])
        for one in space.space
        if one.name in space.values and space.is_active(one) and not one.name.startswith("tuner/")
    }


def axes(space: Any) -> dict[str, list[Value]]:
    """Return for each name its values where it is a choice, and an empty list where it is a range of numbers."""
    found: dict[str, list[Value]] = {}
    for one in space.space:
        if one.name.startswith("tuner/"):
            continue
        config = one.get_config()
        choices = [False, True] if type(one).__name__ == "Boolean" else list(config.get("values", ()))
        if type(one).__name__ == "Fixed":
            choices = [config["value"]]
        found.setdefault(one.name, []).extend(choice for choice in choices if choice not in found[one.name])
    return found


def logarithmic(space: Any) -> tuple[str, ...]:
    """Return the names of the ranges that are searched by their logarithm."""
    return tuple(
        dict.fromkeys(
            one.name
            for one in space.space
            if str(one.get_config().get("sampling") or "").endswith("log")
            and one.get_config()["min_value"] > 0
        )
    )


def _define(define: Any, space: keras_tuner.HyperParameters, file: Path) -> None:
    try:
        define(space)
    except Exception as error:  # whatever the project's own code raises
        raise SearchSpaceError(
            f"{file}: {FUNCTION}(hp) must define the search space, but raised {type(error).__name__}: {error}. "
            "Correct it there."
        ) from error


def _check_ends(space: keras_tuner.HyperParameters, training: Training, file: Path) -> None:
    """Try the ends of every range and all values of every choice on `Training`, since a trial would fail later."""
    for one in space.space:
        for value in _ends(one.get_config()):
            apply(training, {one.name: value}, file)


def _ends(config: Mapping[str, Any]) -> list[Any]:
    if "values" in config:
        return list(config["values"])
    return [config[name] for name in ("min_value", "max_value", "value") if config.get(name) is not None]


def _is_possible(one: Any, value: Value) -> bool:
    config = one.get_config()
    if "values" in config:
        return value in config["values"]
    if "min_value" in config:
        return not isinstance(value, bool | str)  # even beyond the ends: it is the project's own value
    return isinstance(value, bool)


def _plain(value: Any) -> Value:
    """Return a value for JSON: oracles give NumPy numbers."""
    plain: Value = value.item() if hasattr(value, "item") else value
    return plain
