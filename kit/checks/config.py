"""What project.yml says about the checks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from kit.project_section import Section

Severity = Literal["off", "warn", "block"]
# A plain `off` is false in YAML 1.1.
_Severity = Annotated[Severity, BeforeValidator(lambda value: "off" if value is False else value)]

# One name, or several; `off` is none.
_Names = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: () if value is False else (value,) if isinstance(value, str) else value),
]
ALL, UNREADABLE = "all", "unreadable"


class Checks(Section):
    """How much each check weighs: `warn` is shown, `block` also ends the notebook, and a batch with it."""

    label_rates: _Severity = Field(
        default="warn", description="shares of the label's classes in each slice, train against eval"
    )
    label_rates_change: float = Field(
        default=0.25, ge=0, allow_inf_nan=False, description="change of a share that is daily life, relative"
    )
    repeated_rows: _Severity = Field(default="warn", description="rows that are there twice in every column")
    shared_keys: _Severity = Field(default="warn", description="keys that are in both splits")
    deliveries: _Severity = Field(
        default="warn", description="spans that are missing, there twice, or delivered again with other bytes"
    )
    quarantine: _Names = Field(
        default=(),
        description="features whose rows go to a side file where they break the curated schema; `unreadable`: also "
        "rows that cannot be read or have no label; `all`: both, and every feature",
    )
    quarantine_at_most: float = Field(
        default=0.05,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="share of the rows of a span that may go there",
    )
