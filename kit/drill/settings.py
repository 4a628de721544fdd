"""The settings of a drill, and the rule by which it recommends a protection."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from kit.project_section import Section
from kit.serving.protect import Protection

_Part = Annotated[float, Field(ge=0, le=1)]


class DrillSettings(Section):
    """Settings; the defaults take under a minute on two cores with the sample."""

    queries: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        default=(10, 30, 100, 300), description="numbers of requests that the attacker may send, ascending"
    )
    candidates: int = Field(default=100, ge=2, le=1000, description="candidates per request")
    best: int = Field(default=10, ge=1, description="how many candidates of a request count as its top")
    held_out: int = Field(default=100, ge=1, description="requests that surrogates are judged on")
    days: int = Field(default=7, ge=1, description="length of an attack in days, for the rate limit")
    queries_a_day: int = Field(
        default=20, ge=1, description="queries per day and subject that the rate limit allows"
    )
    protections: tuple[Protection, ...] = (
        Protection(decimals=2),
        Protection(decimals=1),
        Protection(top_k=10),
        Protection(noise=0.3),
        Protection(noise=1.0),
        Protection(decimals=2, top_k=10),
    )
    distilled: bool = Field(
        default=True, description="whether to try a smaller model in place of the served one"
    )
    seed: int = Field(default=0, ge=0)
    max_auc_cost: float = Field(
        default=0.005, ge=0, description="how much AUC (R² for a regression) honest users may lose"
    )
    min_overlap: _Part = Field(default=0.9, description="share of the top that honest users must still see")
    max_refused: _Part = Field(
        default=0.01, description="largest share of honest requests that may be refused"
    )
    min_gain: _Part = Field(
        default=0.02, description="how much a protection must lower the surrogate's rank correlation"
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if list(self.queries) != sorted(set(self.queries)):
            raise ValueError(f"queries must rise, found {self.queries}")
        if self.best > self.candidates:
            raise ValueError(
                f"best {self.best} of {self.candidates} candidates is all of them; ask for fewer"
            )
        return self

    @property
    def rule(self) -> str:
        """The rule in words."""
        return (
            f"The rule recommends the protection that lowers the surrogate's rank correlation most, by at least "
            f"{self.min_gain:g}, among those that cost honest users at most {self.max_auc_cost:g} of quality, keep at "
            f"least {self.min_overlap:.0%} of their top {self.best} and refuse at most {self.max_refused:.0%} of their "
            f"requests. Of those that leave the surrogate at most {self.min_gain:g} more, it takes the cheapest, and "
            "it recommends nothing if the surrogate learnt nothing without any (R² up to 0)."
        )
