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
        default=True, description="whether labels decide as well as failed and slow requests"
    )
    share: _Share = Field(default=0.1, description="of the users who get the candidate")
    alpha: float = Field(
        default=0.05, gt=0, le=0.5, description="probability of a wrong decision, over all looks and metrics"
    )
    click_margin: _Share = Field(
        default=0.01,
        description="by which the click rate may be lower and the candidate still be promoted, absolute",
    )
    error_margin: _Share = Field(
        default=0.005, description="the same of the share of requests that fail, higher"
    )
    slow_ms: float = Field(
        default=100, gt=0, allow_inf_nan=False, description="from which on a request is slow, in the server"
    )
    slow_margin: _Share = Field(default=0.02, description="the same of the share of slow requests, higher")
    least_groups: int = Field(
        default=100, ge=20, le=1024, description="of users in each arm, of 1,024, before rates are compared"
    )
    most_days: float = Field(
        default=14,
        gt=0,
        allow_inf_nan=False,
        description="after which a candidate without evidence is taken back",
    )
