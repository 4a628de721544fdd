"""The `card` section of project.yml: intended use and other parts of a model card that nothing measures."""

from __future__ import annotations

from pydantic import Field

from kit.project_section import Section


class CardText(Section):
    """The words of the people who answer for the model."""

    intended_use: str = Field(default="", description="what it is for, and by whom it is used")
    out_of_scope: tuple[str, ...] = Field(default=(), description="uses that it was not made for")
    limits: tuple[str, ...] = Field(default=(), description="what is known of its weaknesses")
    owner: str = Field(default="", description="who answers for it, and how they are reached")
    license: str = ""
