"""The plain values of the view of a load sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Target(Protocol):
    """What a server is to achieve: requests per second, and the milliseconds within which 99 of 100 are answered."""

    @property
    def rate(self) -> float: ...
    @property
    def p99_ms(self) -> float: ...


class Point(Protocol):
    """One setting at one rate: requests and answers per second, percentiles, errors, processor time per answer."""

    @property
    def setting(self) -> str: ...
    @property
    def offered(self) -> float: ...
    @property
    def rate(self) -> float: ...
    @property
    def p99_ms(self) -> float: ...
    @property
    def errors(self) -> int: ...
    @property
    def processor_ms(self) -> float: ...


class Sweep(Protocol):
    """What was measured. `settings` are batching parameters by name, none without batching."""

    @property
    def target(self) -> Target: ...
    @property
    def points(self) -> Sequence[Point]: ...
    @property
    def settings(self) -> Mapping[str, Mapping[str, Any]]: ...
    @property
    def chosen(self) -> str | None: ...
