"""The base class of all sections of project.yml."""

from __future__ import annotations

import re
from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Unknown fields are errors: a misspelt gate must not be a gate that never closes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def said_of(problem: Mapping[str, object]) -> str:
    """Return what one of a ValidationError's `errors()` says, without pydantic's words before those of a validator."""
    return str(problem["msg"]).removeprefix("Value error, ")


def written(value: str, pattern: str, how: str) -> str:
    """Return a text that follows a pattern; otherwise say how it is written: a pattern would have to be puzzled out.

    Raises:
        ValueError: when not all of it matches.
    """
    if not re.fullmatch(pattern, value):
        raise ValueError(f"{how}, but found {value!r}")
    return value
