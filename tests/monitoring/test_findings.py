"""What monitoring found, one finding an incident, and what of it ends a batch."""

from __future__ import annotations

import pytest

from kit.checks.check import Finding
from kit.errors import DataAnomalyError, DriftError
from kit.monitoring.config import Monitoring
from kit.monitoring.decision import decide
from kit.monitoring.drift import LogDrift
from kit.monitoring.findings import check_findings, findings
from kit.monitoring.quality import Quality

from .evidence import drift, quality


def found(settings: Monitoring, measured: LogDrift, live: Quality) -> list[Finding]:
    decision = decide(settings.retrain_when, measured, live, [8], None)
    return findings(settings, measured, live, decision)


def states(some: list[Finding]) -> dict[tuple[str, str], str]:
    return {(finding.check, finding.subject): finding.state for finding in some}


ALL_WELL = {
    ("skew", ""): "ok",
    ("drift", ""): "ok",
    ("schema of requests", ""): "ok",
    ("live quality", ""): "ok",
    ("late labels", ""): "ok",
}


def test_where_all_is_well_each_kind_says_so() -> None:
    some = found(Monitoring(), drift(), quality())
    assert states(some) == ALL_WELL
    assert check_findings(some) == "Nothing blocks. Findings that warn: 0 of 5."


def test_an_empty_log_is_said_and_passes() -> None:
    [one] = found(Monitoring(skew="block"), drift(days=()), quality(None))
    assert (one.state, one.found) == ("skip", "nothing is logged, so there is nothing to judge")
    assert check_findings([one])


def test_skew_names_feature_day_distance_and_threshold() -> None:
    some = found(Monitoring(), drift({"a": [0.3, 0.5], "b": [0.2, 0.01]}), quality())
    first, second = (finding for finding in some if finding.check == "skew")
    assert (first.subject, first.value, first.expected) == (
        "a",
        0.5,
        "at most 0.1 on top of what chance explains (l-infinity)",
    )
    assert first.found == "a is 0.500 from the training data on 2026-01-08 and 1 earlier day"
    assert second.found == "b is 0.200 from the training data on 2026-01-07; not on the newest day"


def test_only_the_newest_day_blocks() -> None:
    settings = Monitoring(skew="block")
    over = found(settings, drift({"a": [0.5, 0.01]}), quality())
    assert states(over)["skew", "a"] == "warn"
    check_findings(over)
    now = found(settings, drift({"a": [0.01, 0.5]}), quality())
    with pytest.raises(DriftError, match=r"this blocks:\n  skew: a is 0.500"):
        check_findings(now)


def test_broken_requests_alone_are_an_anomaly_of_data_and_with_skew_they_are_skew() -> None:
    settings = Monitoring(skew="block", schema_anomalies="block")
    with pytest.raises(
        DataAnomalyError, match=r"schema of requests: a, seen on 2026-01-08: Unexpected values. a is odd"
    ):
        check_findings(found(settings, drift(broken=[(1, "a")]), quality()))
    with pytest.raises(DriftError, match=r"skew: a(.|\n)*schema of requests: a"):
        check_findings(found(settings, drift({"a": [0, 1]}, [(1, "a")]), quality()))


def test_quality_that_fell_is_found_and_can_block() -> None:
    some = found(Monitoring(live_quality="block"), drift(), quality(0.7, calibration=2.0))
    assert states(some)["live quality", "auc"] == "fail"
    assert states(some)["live quality", "calibration"] == "fail"
    with pytest.raises(DataAnomalyError, match="live auc"):
        check_findings(some)


def test_what_is_off_is_not_told() -> None:
    settings = Monitoring(skew="off", drift="off", schema_anomalies="off", live_quality="off")
    bad = found(settings, drift({"a": [1, 1]}, [(1, "a")]), quality(0.5))
    assert [finding.check for finding in bad] == ["late labels"]


def test_keys_that_do_not_tell_rows_apart_are_found() -> None:
    counts = {"repeated": 3600, "labelled": 400, "never": 0, "late": 0}
    [one] = [f for f in found(Monitoring(), drift(), quality(counts=counts)) if f.check == "late labels"]
    assert (one.state, one.subject, one.value) == ("warn", "keys", 0.9)
    assert "monitoring.keys" in one.what_to_do


def test_labels_that_mostly_never_come_are_found() -> None:
    counts = {"labelled": 1000, "never": 2500, "late": 500}
    [one] = [f for f in found(Monitoring(), drift(), quality(counts=counts)) if f.check == "late labels"]
    assert (one.state, one.subject, one.value) == ("warn", "labels", 0.75)
