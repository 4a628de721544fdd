"""What monitoring found, as findings: for the notebook's table, for alerts, and for the gate that ends a batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from kit.checks.check import Finding, State, wrong
from kit.checks.config import Severity
from kit.errors import DataAnomalyError, DriftError
from kit.monitoring.config import Monitoring
from kit.monitoring.decision import NothingLogged, RetrainDecision
from kit.monitoring.drift import COMPARISONS, DAY_BEFORE, TRAINING, FeatureDrift, LogDrift
from kit.monitoring.quality import Quality

SKEW, DRIFT, SCHEMA, QUALITY, LABELS = "skew", "drift", "schema of requests", "live quality", "late labels"
_MOSTLY = 0.5


def findings(
    settings: Monitoring, drift: LogDrift, quality: Quality, decision: RetrainDecision
) -> list[Finding]:
    """Return one finding per incident, and for each kind without any, one that says that all is well.

    What happened on the newest day blocks where project.yml says so; what was over by then only warns.
    """
    if isinstance(decision, NothingLogged):
        return [Finding("prediction log", "nothing is logged, so there is nothing to judge", "skip")]
    kinds: list[tuple[str, Severity, Iterator[Finding]]] = [
        (SKEW, settings.skew, _distances(SKEW, TRAINING, settings.skew, drift)),
        (DRIFT, settings.drift, _distances(DRIFT, DAY_BEFORE, settings.drift, drift)),
        (SCHEMA, settings.schema_anomalies, _broken(settings.schema_anomalies, drift)),
        (QUALITY, settings.live_quality, _fallen(settings.live_quality, quality, decision)),
        (LABELS, "warn", _labels(quality)),
    ]
    found: list[Finding] = []
    for name, severity, those in kinds:
        if severity != "off":
            some = list(those)
            unknown = name in {QUALITY, LABELS} and quality.why_not
            found += some or [Finding(name, _well(name, drift, quality), "skip" if unknown else "ok")]
    return found


def check_findings(found: Sequence[Finding]) -> str:
    """Return one sentence when nothing that was found blocks.

    Raises:
        DriftError: when skew or drift blocks; the message lists all that blocks.
        DataAnomalyError: when only other findings block.
    """
    blocking = [finding for finding in found if finding.state == "fail"]
    if not blocking:
        warnings = sum(finding.state == "warn" for finding in found)
        return f"Nothing blocks. Findings that warn: {warnings} of {len(found)}."
    lines = "\n".join(f"  {finding.check}: {finding.found}. {finding.what_to_do}" for finding in blocking)
    drifted = any(finding.check in {SKEW, DRIFT} for finding in blocking)
    raise (DriftError if drifted else DataAnomalyError)(
        f"Requests must be like the training data, but this blocks:\n{lines}\n"
        "Fix what sends the requests, retrain if the world has changed, or set the check to warn under monitoring "
        "in project.yml."
    )


def _distances(check: str, comparison: str, severity: Severity, drift: LogDrift) -> Iterator[Finding]:
    for feature in drift.features:
        if places := feature.too_far(comparison):
            yield _distance(check, comparison, severity, drift.days, feature, places)


def _distance(  # noqa: PLR0913, PLR0917  what the sentence is made of
    check: str,
    comparison: str,
    severity: Severity,
    days: Sequence[dt.date],
    feature: FeatureDrift,
    places: Sequence[int],
) -> Finding:
    values = [value for place in places if (value := feature.distances[comparison][place]) is not None]
    earlier = "" if places[-1] == len(days) - 1 else "; not on the newest day"
    return Finding(
        check,
        f"{feature.name} is {values[-1]:.3f} from {COMPARISONS[comparison]} on {_days(days, places)}{earlier}",
        _state(severity, now=not earlier),
        "Look at its curve and at the requests: has the world changed, or what sends them?",
        subject=feature.name,
        value=max(values),
        expected=f"at most {feature.threshold:g} on top of what chance explains ({feature.measure})",
    )


def _broken(severity: Severity, drift: LogDrift) -> Iterator[Finding]:
    for feature in dict.fromkeys(broken.feature for broken in drift.broken):
        those = [broken for broken in drift.broken if broken.feature == feature]
        places = [drift.days.index(broken.day) for broken in those]
        now = places[-1] == len(drift.days) - 1
        yield Finding(
            SCHEMA,
            f"{feature}, seen on {_days(drift.days, places)}: {those[-1].found.rstrip('.')}",
            _state(severity, now=now),
            "Fix what sends the requests; if they are right, accept it into the schema in 01_data.",
            subject=feature,
            expected="what the schema allows in requests",
        )


def _fallen(severity: Severity, quality: Quality, decision: RetrainDecision) -> Iterator[Finding]:
    for rule in decision.rules:
        if rule.fired and (metric := rule.judged_metric(quality)) is not None:
            yield Finding(
                QUALITY,
                rule.found,
                wrong(severity),
                "Look at the days and at what drifted; the decision says what follows.",
                subject=metric,
                value=quality.live[metric].value,
                expected=f"near {quality.evaluated[metric].value:.4f}"
                if metric in quality.evaluated
                else "near 1",
            )


def _labels(quality: Quality) -> Iterator[Finding]:
    if not quality.days:
        return
    total = {name: sum(day.counts[name] for day in quality.days) for name in quality.days[0].counts}
    logged, repeated, never = total["logged"], total["repeated"], total["never"] + total["late"]
    if repeated > _MOSTLY * logged:
        yield Finding(
            LABELS,
            f"{repeated:,} of {logged:,} rows have keys that were logged before",
            "warn",
            "Name all columns in monitoring.keys that tell one row from another.",
            subject="keys",
            value=repeated / logged,
            expected="keys that are there once",
        )
    if never > _MOSTLY * (logged - repeated):
        yield Finding(
            LABELS,
            f"{never:,} of {logged - repeated:,} predictions never got a label within the window",
            "warn",
            "See whether labels are written, and whether monitoring.label_window_days is long enough.",
            subject="labels",
            value=never / (logged - repeated),
            expected="a label for most predictions",
        )


def _well(name: str, drift: LogDrift, quality: Quality) -> str:
    days = "1 day" if len(drift.days) == 1 else f"{len(drift.days)} days"
    if name in {SKEW, DRIFT}:
        comparison = TRAINING if name == SKEW else DAY_BEFORE
        known = [
            one for one in drift.features if any(value is not None for value in one.distances[comparison])
        ]
        features = "1 feature" if len(known) == 1 else f"{len(known)} features"
        return f"{features} on {days}: none is too far from {COMPARISONS[comparison]}"
    if name == SCHEMA:
        return f"all requests of {days} follow the schema"
    if quality.why_not:
        return quality.why_not
    if name == LABELS:
        return (
            "1 prediction has its label"
            if quality.rows == 1
            else f"{quality.rows:,} predictions have their label"
        )
    return "the live metric is not worse than chance allows"


def _days(days: Sequence[dt.date], places: Sequence[int]) -> str:
    before = len(set(places)) - 1
    return f"{days[places[-1]]}{f' and {before} earlier day' + ('s' if before > 1 else '') if before else ''}"


def _state(severity: Severity, *, now: bool) -> State:
    return wrong(severity) if now else "warn"
