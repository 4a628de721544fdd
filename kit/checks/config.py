"""The `checks` section of project.yml."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from kit.project_section import Section

Severity = Literal["off", "warn", "block"]
# A plain `off` is false in YAML 1.1.
_Severity = Annotated[Severity, BeforeValidator(lambda value: "off" if value is False else value)]

# One name, or several; `off` is none.
_Names = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda value: () if value is False else (value,) if isinstance(value, str) else value),
]
_ALL, _UNREADABLE = "all", "unreadable"


def _short(value: object) -> object:
    """Read `drift: off` as a whole section."""
    return {"severity": value} if isinstance(value, str | bool) else value


class Drift(Section):
    """How far a feature may move, as TFDV measures it, beyond what chance explains."""

    severity: _Severity = "warn"
    default: float = Field(
        default=0.1,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="distance that is normal from day to day, 0 to 1",
    )
    features: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        default_factory=dict, description="the same for single features; `kit drift propose` finds them"
    )
    trend: float = Field(
        default=0.25,
        ge=0,
        allow_inf_nan=False,
        description="how far a mean may move from the first training span to eval, in standard deviations",
    )

    def threshold(self, feature: str) -> float:
        return self.features.get(feature, self.default)


class Validation(Section):
    """An expression of SQL that must be true of the statistics of a feature (see `kit.checks.expressions`)."""

    feature: str
    expression: str
    description: str = ""
    severity: _Severity = "warn"

    @field_validator("expression")
    @classmethod
    def _compiles(cls, value: str) -> str:
        # Most projects have no validations, and do not need TFDV's fields.
        from kit.checks.expressions import check_expression  # noqa: PLC0415

        check_expression(value)
        return value


class Checks(Section):
    """The severity of each check: `warn` is shown, `block` also ends the notebook, and a batch with it."""

    label_classes: _Severity = Field(
        default="block",
        description="labels that are not in CLASSES of features.py, on which Transform fails",
    )
    label_rates: _Severity = Field(
        default="warn", description="the share of each class of the label in each slice, eval against train"
    )
    label_rates_change: float = Field(
        default=0.25,
        ge=0,
        allow_inf_nan=False,
        description="relative change of such a share that is normal from day to day",
    )
    repeated_rows: _Severity = Field(
        default="warn", description="rows that repeat another row in every column"
    )
    shared_keys: _Severity = Field(default="warn", description="keys that are in both splits")
    ranges: _Severity = Field(default="warn", description="numbers well outside the range of train")
    missing_values: _Severity = Field(
        default="warn", description="values that are missing more often than in train"
    )
    missing_values_change: float = Field(
        default=0.01,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="absolute change of that share that is normal from day to day",
    )
    dependencies: _Severity = Field(
        default="warn", description="columns that a key or an id determines, such as the price of an item"
    )
    correlations: _Severity = Field(
        default="warn", description="rank correlations between numbers, eval against train"
    )
    correlations_change: float = Field(
        default=0.1,
        ge=0,
        allow_inf_nan=False,
        description="change of Fisher's z that is normal from day to day",
    )
    leakage: _Severity = Field(default="warn", description="features that alone predict the label too well")
    leakage_auc: float = Field(
        default=0.98, ge=0.5, le=1, description="AUC of a single feature from which on it counts as a leak"
    )
    leakage_r2: float = Field(
        default=0.98, ge=0, le=1, description="the same for a label that is an amount, in R²"
    )
    volume: _Severity = Field(
        default="warn", description="number of rows of a span, against the spans of train"
    )
    volume_change: float = Field(
        default=0.5,
        ge=0,
        allow_inf_nan=False,
        description="relative change of that number that is normal from day to day",
    )
    times: _Severity = Field(default="warn", description="rows whose time is outside that of their span")
    freshness: _Severity = Field(default="warn", description="age of the newest row, if a date is given")
    freshness_days: float = Field(
        default=2,
        gt=0,
        allow_inf_nan=False,
        description="how old the newest row may be at the end of that date, in days",
    )
    drift: Annotated[Drift, BeforeValidator(_short)] = Drift()
    validations: tuple[Validation, ...] = ()
    deliveries: _Severity = Field(
        default="warn", description="spans that are missing, duplicated, or delivered again with other bytes"
    )
    quarantine: _Names = Field(
        default=(),
        description="features whose rows are set aside in a side file if they break the curated schema; "
        "`unreadable`: also rows that cannot be read or have no label; `all`: both, and every "
        "feature",
    )
    quarantine_at_most: float = Field(
        default=0.05,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="largest share of the rows of a span that may be set aside",
    )

    @property
    def quarantined_features(self) -> list[str]:
        """The features named in `quarantine`."""
        return [name for name in dict.fromkeys(self.quarantine) if name not in {_ALL, _UNREADABLE}]

    @property
    def quarantines_every_feature(self) -> bool:
        return _ALL in self.quarantine

    @property
    def quarantines_unreadable(self) -> bool:
        return not {_ALL, _UNREADABLE}.isdisjoint(self.quarantine)
