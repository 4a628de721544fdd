"""The `release.litert` section of project.yml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kit.project_section import Section

Variant = Literal["float", "float16", "dynamic_range", "int8"]


class LiteRT(Section):
    """Which file is meant for use, and how much it may lose.

    `float` and `float16` keep weights in these types, `dynamic_range` keeps large weights in 8 bits and computes in
    float, `int8` computes in 8 bits as well.
    """

    variant: Variant = "dynamic_range"
    max_auc_loss: float = Field(
        default=0.01,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="how much AUC the variant may lose, on all rows and on each slice; of accuracy if the "
        "label has several classes, of R² if it is an amount",
    )
    representative_rows: int = Field(
        default=300, ge=100, le=500, description="rows of the training split that int8 is calibrated with"
    )
    bounds: dict[Variant, float] = Field(
        default_factory=dict,
        description="largest difference of a score from the model's, relative to the size of scores, in the "
        "parity test; by default 1e-5 for float, 0.005 for float16, 0.02 for dynamic_range, 0.25 "
        "for int8",
    )

    def bound(self, variant: Variant) -> float:
        """Return the bound of a variant."""
        return self.bounds.get(variant, _BOUNDS[variant])


_BOUNDS: dict[Variant, float] = {"float": 1e-5, "float16": 0.005, "dynamic_range": 0.02, "int8": 0.25}
