"""The `tensorboard` section of project.yml."""

from __future__ import annotations

from pydantic import Field

from kit.project_section import Section


class TensorBoardSettings(Section):
    """How many trainings, and searches of Tuner, stay in TensorBoard."""

    keep_runs: int = Field(
        default=20,
        ge=1,
        description="how many of the latest trainings stay, besides those whose models were blessed or pushed",
    )
    keep_searches: int = Field(
        default=5, ge=1, description="how many of the latest searches of Tuner stay, with their trials"
    )
