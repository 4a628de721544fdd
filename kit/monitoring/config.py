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
        default=2, ge=0, description="features that differ from the training data on the newest day"
    )
    quality: float = Field(
        default=0.02, ge=0, allow_inf_nan=False, description="by which the live metric may be worse, absolute"
    )
    calibration: float = Field(
        default=0.2,
        ge=0,
        allow_inf_nan=False,
        description="by which mean score and mean label may differ, relative",
    )
    age_days: float = Field(
        default=0,
        ge=0,
        allow_inf_nan=False,
        description="between the newest training row and the newest prediction",
    )
    new_spans: int = Field(default=0, ge=0, description="delivered after those that the model was made of")


class Monitoring(Section):
    """How predictions and labels are joined, and what ends a batch; `checks.drift` says how far is too far."""

    keys: tuple[str, ...] = Field(
        default=(),
        description="columns that tell one predicted row from all others; none: all columns of kind key",
    )
    label_window_days: float = Field(
        default=2, gt=0, le=366, description="after the prediction, in which a label counts"
    )
    skew: _Severity = Field(default="warn", description="a day of the log against the training data")
    drift: _Severity = Field(default="warn", description="a day of the log against the day before")
    schema_anomalies: _Severity = Field(default="warn", description="requests that the schema does not allow")
    live_quality: _Severity = Field(default="warn", description="the live metric against the evaluation")
    retrain_when: Retraining = Retraining()
