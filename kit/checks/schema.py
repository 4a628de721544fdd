"""ExampleValidator's anomalies as findings, to be listed with those of the checks."""

from __future__ import annotations

from collections.abc import Sequence

from kit.checks.check import Finding
from kit.checks.judge import SCHEMA
from kit.data.anomalies import FoundAnomaly
from kit.data.validation import IGNORE


def of_anomalies(anomalies: Sequence[FoundAnomaly]) -> list[Finding]:
    """Return one finding per anomaly, with its rows; an anomaly that somebody chose to ignore does not warn."""
    return [
        Finding(
            SCHEMA,
            f"{one.split}, {one.feature}: {one.what}. {one.found}".rstrip("."),
            "fail" if one.severity == "error" else "warn",
            "Fix the data; if they are right, widen the schema.",
            subject=one.feature,
            value=one.rows / one.of if one.rows is not None and one.of else None,
            expected="what the schema allows",
            rows=tuple(row for _, row in one.examples),
        )
        for one in anomalies
        if one.decided != IGNORE
    ] or [Finding(SCHEMA, "the data follow it", "ok")]
