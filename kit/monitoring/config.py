"""The `monitoring` section of project.yml."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from kit.checks.config import Severity
from kit.project_section import Section

# A plain `off` is false in YAML 1.1.
_Severity = Annotated[Severity, BeforeValidator(lambda value: "off" if value is False else value)]


class Retraining(Section):
    """When to train a model again; 0 switches a rule off."""

    features: int = Field(
        default=2,
        ge=0,
        description="when this many features differ from the training data on the newest day",
    )
    quality: float = Field(
        default=0.02,
        ge=0,
        allow_inf_nan=False,
        description="when the live metric is worse by more than this, absolute",
    )
    calibration: float = Field(
        default=0.2,
        ge=0,
        allow_inf_nan=False,
        description="when mean score and mean label differ by more than this, relative",
    )
    age_days: float = Field(
        default=0,
        ge=0,
        allow_inf_nan=False,
        description="when the newest training row is older than the newest prediction by more than this",
    )
    new_spans: int = Field(
        default=0,
        ge=0,
        description="when this many spans were delivered since those that the model was made of",
    )


class Monitoring(Section):
    """How predictions and labels are joined, and what ends a batch; `checks.drift` says how far is too far."""

    keys: tuple[str, ...] = Field(
        default=(),
        description="columns that together identify a predicted row; none: all columns of kind key",
    )
    label_window_days: float = Field(
        default=2, gt=0, le=366, description="days after a prediction within which its label counts"
    )
    skew: _Severity = Field(default="warn", description="a day of the log against the training data")
    drift: _Severity = Field(default="warn", description="a day of the log against the day before")
    schema_anomalies: _Severity = Field(default="warn", description="requests that violate the schema")
    live_quality: _Severity = Field(
        default="warn", description="the live metric against the evaluation before the push"
    )
    retrain_when: Retraining = Retraining()
