"""The decision table: what was found, and whether to train again."""

from __future__ import annotations

from typing import Any

import pytest

from kit.monitoring.config import Retraining
from kit.monitoring.decision import (
    FixData,
    KeepModel,
    NothingLogged,
    Retrain,
    WaitForSpans,
    Window,
    decide,
)
from kit.monitoring.drift import LogDrift
from kit.monitoring.quality import Quality

from .evidence import drift, quality

WINDOW = Window("2-7", "8")
OFF = Retraining(features=0, quality=0, calibration=0)
TWO_FAR = {"a": [0.01, 0.4], "b": [0.01, 0.2]}
TABLE: dict[str, tuple[Retraining, LogDrift, Quality, type, str]] = {
    "nothing is logged": (Retraining(), drift(days=()), quality(None), NothingLogged, "The log is empty"),
    "all is well": (Retraining(), drift(), quality(), KeepModel, "none of 4 rules"),
    "two features are far": (Retraining(), drift(TWO_FAR), quality(), Retrain, "2 of 3 features (a, b)"),
    "one feature is not enough": (Retraining(), drift({"a": [0.01, 0.4]}), quality(), KeepModel, ""),
    "one is where one is enough": (
        Retraining(features=1), drift({"a": [0.01, 0.4]}), quality(), Retrain, "1 of 3 features (a)",
    ),
    "far only on an earlier day": (Retraining(), drift({"a": [0.4, 0.01], "b": [0.4, 0.01]}), quality(), KeepModel, ""),
    "the metric fell": (Retraining(), drift(), quality(0.77), Retrain, "live auc 0.7700 on 7,800 rows"),
    "it fell by less than that": (Retraining(), drift(), quality(0.795), KeepModel, ""),
    "chance may have done it": (Retraining(), drift(), quality(0.77, error=0.03), KeepModel, ""),
    "it rose": (Retraining(), drift(), quality(0.9), KeepModel, ""),
    "no label has arrived": (Retraining(), drift(), quality(None), KeepModel, ""),
    "promises too much": (Retraining(), drift(), quality(calibration=1.4), Retrain, "mean label is 1.400"),
    "promises too little": (Retraining(), drift(), quality(calibration=0.6), Retrain, "0.600"),
    "broken data": (Retraining(), drift(broken=[(1, "a")]), quality(), FixData, "break the schema in a on 2026-01-08"),
    "broken data are no reason to train": (
        Retraining(), drift(TWO_FAR, [(1, "a")]), quality(0.5), FixData, "Without that there would be a reason to",
    ),
    "broken on an earlier day": (Retraining(), drift(broken=[(0, "a")]), quality(), FixData, "2026-01-07"),
    "old data": (Retraining(age_days=1.5), drift(), quality(), Retrain, "2.0 days older"),
    "not that old": (Retraining(age_days=3), drift(), quality(), KeepModel, ""),
    "of an age that nobody knows": (Retraining(age_days=1), drift(age_days=None), quality(), KeepModel, ""),
    "new data": (Retraining(new_spans=1), drift(), quality(), Retrain, "1 span was delivered"),
    "not enough new data": (Retraining(new_spans=2), drift(), quality(), KeepModel, ""),
    "all rules are off": (OFF, drift(TWO_FAR), quality(0.5, calibration=9), KeepModel, "none of 1 rules"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_what_was_found_leads_to_one_decision(name: str) -> None:
    settings, found, live, kind, said = TABLE[name]
    decision = decide(settings, found, live, [8], WINDOW)
    assert type(decision) is kind
    assert said in decision.message
    assert any(rule.fired for rule in decision.rules) == (kind in {Retrain, FixData})
    if isinstance(decision, Retrain):
        assert decision.window == WINDOW


def test_without_newer_data_there_is_nothing_to_learn_from() -> None:
    decision = decide(Retraining(), drift(TWO_FAR), quality(), [], None)
    assert isinstance(decision, WaitForSpans)
    assert "no span was delivered" in decision.message
    assert "2 of 3 features (a, b)" in decision.message


def test_each_rule_tells_what_it_found_also_where_it_asks_for_nothing() -> None:
    settings = Retraining(age_days=3, new_spans=2)
    decision = decide(settings, drift(), quality(None), [8], WINDOW)
    said = {rule.name: rule.found for rule in decision.rules}
    assert list(said) == ["schema", "features", "quality", "calibration", "age_days", "new_spans"]
    assert "no label has arrived" in said["quality"]
    assert "no label has arrived" in said["calibration"]


@pytest.mark.parametrize("field", ["features", "quality", "calibration", "age_days", "new_spans"])
def test_a_bound_below_nothing_is_refused(field: str) -> None:
    wrong: dict[str, Any] = {field: -1}
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        Retraining(**wrong)
