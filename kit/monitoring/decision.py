"""The decision to retrain: rules that each say what they found, and the outcome that follows from all of them.

A model must not be trained on broken data. So requests that violate the schema block retraining, however far features
have drifted and however bad the answers have become: first somebody fixes the data, or widens the schema where the
data are right.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kit.monitoring.config import Retraining
from kit.monitoring.drift import TRAINING, LogDrift
from kit.monitoring.metrics import CALIBRATION
from kit.monitoring.quality import Quality
from kit.translation.row import Row, row_of

_SCHEMA, _QUALITY, _CALIBRATION = "schema", "quality", "calibration"
_FEW_NAMES = 5


@dataclass(frozen=True)
class Rule:
    """One rule and what it found.

    Attributes:
        name: the name of the setting below `monitoring.retrain_when`; `schema` for the requests that break it.
        found: the finding, a sentence with the numbers.
        fired: whether it calls for a change.
    """

    name: str
    found: str
    fired: bool = False

    @property
    def is_about_schema(self) -> bool:
        """Whether it judges the requests, which no new model mends."""
        return self.name == _SCHEMA

    def judged_metric(self, quality: Quality) -> str | None:
        """Return the metric of the live answers that it judges; None: it judges something else."""
        return {_QUALITY: quality.metric, _CALIBRATION: CALIBRATION}.get(self.name)

    def as_row(self) -> Row:
        """Return name, what was found, state and nothing to do, for a table of checks."""
        return row_of(self.name, self.found, "warn" if self.fired else "ok")


@dataclass(frozen=True)
class Window:
    """Spans to train and evaluate on, as the notebooks' parameters take them."""

    train_spans: str
    eval_spans: str

    def __str__(self) -> str:
        return f"spans {self.train_spans} to train on and {self.eval_spans} to evaluate on"


@dataclass(frozen=True)
class NothingLogged:
    """There is nothing to judge."""

    rules: tuple[Rule, ...] = ()
    what = "nothing to judge"

    @property
    def message(self) -> str:
        return "The log is empty: there is nothing to judge, and no reason to retrain."


@dataclass(frozen=True)
class KeepModel:
    """No rule asks for a new model."""

    rules: tuple[Rule, ...]
    what = "keep"

    @property
    def message(self) -> str:
        return f"The model stays: none of {len(self.rules)} rules asks for another one."


@dataclass(frozen=True)
class FixData:
    """The requests violate the schema, so no model must be trained on such data."""

    rules: tuple[Rule, ...]
    what = "fix the data"

    @property
    def message(self) -> str:
        broken, others = [_fired(self.rules, schema=schema) for schema in (True, False)]
        otherwise = f" Without that there would be a reason to: {_said(others)}." if others else ""
        return (
            f"No retraining: {_said(broken)}. A model would learn what is broken.{otherwise} Fix what sends the "
            "requests; if they are right, accept it into the schema in 01_data. Then judge again."
        )


@dataclass(frozen=True)
class WaitForSpans:
    """There is a reason to retrain, but nothing new to learn from."""

    rules: tuple[Rule, ...]
    what = "wait for data"

    @property
    def message(self) -> str:
        return (
            f"No retraining yet: {_said(_fired(self.rules, schema=False))}. But no span was delivered since the "
            "model's training, and the same data would give the same model. Judge again when there is one."
        )


@dataclass(frozen=True)
class Retrain:
    """There is a reason to retrain, and there are newer data to learn from."""

    rules: tuple[Rule, ...]
    window: Window
    what = "retrain"

    @property
    def message(self) -> str:
        return f"Retrain on {self.window}: {_said(_fired(self.rules, schema=False))}."


RetrainDecision: TypeAlias = NothingLogged | KeepModel | FixData | WaitForSpans | Retrain


def decide(
    settings: Retraining, drift: LogDrift, quality: Quality, newer: Sequence[int], window: Window | None
) -> RetrainDecision:
    """Decide about a model.

    Args:
        settings: the rules of the project.
        drift: the drift of the days that are judged.
        quality: the quality of the same days.
        newer: the spans delivered after those that the model was made of.
        window: the window to train on instead; None: there is none, as nothing newer was delivered or the data have no
            spans.
    """
    if not drift.days:
        return NothingLogged()
    rules = (_schema(drift), *_rules(settings, drift, quality, newer))
    if rules[0].fired:
        return FixData(rules)
    if not any(rule.fired for rule in rules):
        return KeepModel(rules)
    return Retrain(rules, window) if window else WaitForSpans(rules)


def _rules(settings: Retraining, drift: LogDrift, quality: Quality, newer: Sequence[int]) -> Iterator[Rule]:
    if settings.features:
        yield _features(settings.features, drift)
    if settings.quality:
        yield _quality(settings.quality, quality)
    if settings.calibration and (CALIBRATION in quality.live or not quality.live):  # binary tasks have one
        yield _calibration(settings.calibration, quality)
    if settings.age_days:
        yield _age(settings.age_days, drift)
    if settings.new_spans:
        spans = "1 span was" if len(newer) == 1 else f"{len(newer)} spans were"
        found = f"{spans} delivered since; enough: {settings.new_spans}"
        yield Rule("new_spans", found, len(newer) >= settings.new_spans)


def _schema(drift: LogDrift) -> Rule:
    features = list(dict.fromkeys(broken.feature for broken in drift.broken))
    days = list(dict.fromkeys(str(broken.day) for broken in drift.broken))
    if not features:
        return Rule(_SCHEMA, "all requests follow the schema")
    return Rule(_SCHEMA, f"requests break the schema in {_names(features)} on {_names(days)}", fired=True)


def _features(most: int, drift: LogDrift) -> Rule:
    """Judge the newest day: what happened before may be over."""
    newest = len(drift.days) - 1
    known = [one for one in drift.features if one.distances[TRAINING][newest] is not None]
    far = [one.name for one in known if newest in one.too_far(TRAINING)]
    names = f" ({_names(far)})" if far else ""
    found = (
        f"too far from the training data on {drift.days[newest]}: {len(far)} of {len(known)} features{names}; "
        f"enough: {most}"
    )
    return Rule("features", found, len(far) >= most)


def _quality(most: float, quality: Quality) -> Rule:
    """Only a fall that chance does not explain counts: the whole interval of the difference must be below 0."""
    change = quality.change
    if change is None:
        return Rule(_QUALITY, f"the live {quality.metric or 'metric'} is not known: {_why_not(quality)}")
    live, before = quality.live[quality.metric].value, quality.evaluated[quality.metric].value
    found = (
        f"live {quality.metric} {live:.4f} on {quality.rows:,} rows, {before:.4f} before the push: {change.value:+.4f} "
        f"[{change.lower:+.4f}, {change.upper:+.4f}], {-most:+g} is too much"
    )
    return Rule(_QUALITY, found, change.value < -most and change.upper < 0)


def _calibration(most: float, quality: Quality) -> Rule:
    live = quality.live.get(CALIBRATION)
    if live is None:
        return Rule(_CALIBRATION, f"mean score over mean label is not known: {_why_not(quality)}")
    found = (
        f"mean score over mean label is {live.value:.3f} [{live.lower:.3f}, {live.upper:.3f}], "
        f"{1 - most:g} to {1 + most:g} is normal"
    )
    return Rule(_CALIBRATION, found, live.upper < 1 - most or live.lower > 1 + most)


def _age(most: float, drift: LogDrift) -> Rule:
    if drift.age_days is None:
        return Rule("age_days", "the age of the training data is not known: no column of kind timestamp")
    found = f"the newest training row is {drift.age_days:.1f} days older than the newest request, {most:g} is too old"
    return Rule("age_days", found, drift.age_days > most)


def _why_not(quality: Quality) -> str:
    return quality.why_not or "no row that this version answered has its label"


def _fired(rules: Sequence[Rule], *, schema: bool) -> list[Rule]:
    return [rule for rule in rules if rule.fired and rule.is_about_schema == schema]


def _said(rules: Sequence[Rule]) -> str:
    return "; ".join(rule.found for rule in rules)


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _FEW_NAMES} more" if len(names) > _FEW_NAMES else ""
    return f"{', '.join(names[:_FEW_NAMES])}{more}"
