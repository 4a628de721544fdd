"""The base class of all sections of project.yml."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Unknown fields are errors: a misspelt gate must not be a gate that never closes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
