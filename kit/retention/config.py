"""The `retention` section of project.yml: how long unneeded results are kept."""

from __future__ import annotations

from pydantic import Field

from kit.project_section import Section


class Retention(Section):
    """What `kit gc` keeps, besides all that a blessed or served model needs."""

    keep_days: float = Field(
        default=30,
        ge=0,
        allow_inf_nan=False,
        description="days after which an unneeded result may be deleted",
    )
    keep_models: int = Field(
        default=3, ge=0, description="how many of the newest models stay, blessed or not"
    )
