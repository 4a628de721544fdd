"""What project.yml says about experiments; nothing here imports TensorFlow."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.project_section import Section

INTERCEPTOR = "kit.serving.experiments.splitter:make"
"""A value for the setting `interceptors`."""

_Share = Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)]


class ExperimentSettings(Section):
    """How a candidate is tried, and how much worse it may be before it is taken back."""

    unit: str = Field(
        default="user_id",
        min_length=1,
        description="input or feature by whose hash users are split; x-request-id: each request by itself",
    )
    clicks: bool = Field(
        default=True, description="whether clicks decide, too, besides failed and slow requests"
    )
    share: _Share = Field(default=0.1, description="share of the users who get the candidate")
    alpha: float = Field(
        default=0.05, gt=0, le=0.5, description="probability of a wrong decision, over all looks and metrics"
    )
    click_margin: _Share = Field(
        default=0.01,
        description="how much lower, absolute, the click rate of a candidate may be",
    )
    error_margin: _Share = Field(
        default=0.005, description="how much higher, absolute, its share of failed requests may be"
    )
    slow_ms: float = Field(
        default=100,
        gt=0,
        allow_inf_nan=False,
        description="time in the server from which on a request counts as slow",
    )
    slow_margin: _Share = Field(
        default=0.02, description="how much higher, absolute, its share of slow requests may be"
    )
    least_groups: int = Field(
        default=100,
        ge=20,
        le=1024,
        description="groups of users, out of 1,024, needed in each arm before rates are compared",
    )
    most_days: float = Field(
        default=14,
        gt=0,
        allow_inf_nan=False,
        description="days after which a candidate without evidence for it is taken back",
    )
