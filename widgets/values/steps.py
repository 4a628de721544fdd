"""The protocols of a step view's values: any object with these attributes will do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Artifact(Protocol):
    """One artifact that a step made or took from the cache."""

    @property
    def name(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def folder(self) -> str: ...


class Step(Protocol):
    """What is known about a step at a moment.

    `state` is `begun`, `waiting`, `running`, `done`, `cached`, `failed` or `interrupted`. `said` is its progress,
    `differences` say why it was not taken from the cache, and `chain` has the state of each step of the chain in order.
    """

    @property
    def step(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def said(self) -> str: ...
    @property
    def differences(self) -> Sequence[str]: ...
    @property
    def made(self) -> Sequence[Artifact]: ...
    @property
    def log(self) -> str: ...
    @property
    def last_lines(self) -> Sequence[str]: ...
    @property
    def chain(self) -> Mapping[str, str]: ...
