"""What project.yml says about TensorBoard."""

from __future__ import annotations

from pydantic import Field

from kit.project_section import Section


class TensorBoardSettings(Section):
    """How long trainings stay in TensorBoard."""

    keep_runs: int = Field(
        default=20, ge=1, description="of the latest trainings, besides those of models that were let pass"
    )
