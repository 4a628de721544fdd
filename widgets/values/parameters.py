"""The protocols of the parameter panel's values: any object with these attributes will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Parameter(Protocol):
    """One parameter of a notebook: `type` is `str`, `int`, `float` or `bool`."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def help(self) -> str: ...
    @property
    def choices(self) -> Sequence[str]: ...


class BatchProgress(Protocol):
    """How far a batch is: `state` is `starting`, `running`, `done`, `failed`, `interrupted` or `killed`."""

    @property
    def state(self) -> str: ...
    @property
    def said(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def notebooks(self) -> int: ...
    @property
    def steps(self) -> Sequence[str]: ...
    @property
    def seconds(self) -> float: ...
    @property
    def report(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def has_ended(self) -> bool: ...


class ParameterDesk(Protocol):
    """Where the parameters of the notebook are read and changed; any error of an action is shown in the view."""

    def specs(self) -> Sequence[Parameter]:
        """Return the parameters in the order of their cell."""

    def values(self) -> Mapping[str, object]:
        """Return what the variables hold now."""

    def sources(self) -> Mapping[str, str]:
        """Return where each value came from: `default`, `changed here`, or what gave it."""

    def set(self, name: str, text: object) -> object:
        """Give a variable a value; a ValueError says why it is not valid."""

    def reset(self) -> None:
        """Give all variables their defaults."""

    def save(self) -> str:
        """Write a file of the values; return where it is."""

    def start(self) -> str:
        """Start a batch with the values; return the outcome, in words."""

    def batch(self) -> BatchProgress | None:
        """Return how far the batch started here is."""

    def command(self) -> str:
        """Return the command that repeats what was done."""
