"""The `card` section of project.yml: intended use and other parts of a model card that nothing measures."""

from __future__ import annotations

from pydantic import Field

from kit.project_section import Section


class CardText(Section):
    """The words of the people who answer for the model."""

    intended_use: str = Field(default="", description="what the model is for, and who uses it")
    out_of_scope: tuple[str, ...] = Field(default=(), description="uses that it was not made for")
    limits: tuple[str, ...] = Field(default=(), description="its known weaknesses")
    owner: str = Field(default="", description="who is responsible for it, and how to reach them")
    license: str = ""
