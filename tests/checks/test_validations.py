"""What project.yml says in an expression is held against each span."""

from __future__ import annotations

import pytest

from checks.shown import statistics
from kit.checks.check import Finding
from kit.checks.config import Validation
from kit.checks.validations import validate

BASE, NOW = statistics(age=[18, 40], city=["a", "b"]), statistics(age=[-4, 40], city=["a", "b"])
NOT_NEGATIVE = Validation(
    feature="age", expression="feature.num_stats.min >= 0", description="no age is negative", severity="block"
)


def test_what_does_not_hold() -> None:
    [finding] = validate([NOT_NEGATIVE], BASE, NOW, "span 8")
    assert (finding.check, finding.state) == ("validations", "fail")
    assert finding.found == "age: no age is negative does not hold of span 8: feature.num_stats.min is -4"
    assert finding.subject == "age: feature.num_stats.min >= 0"


def test_what_holds_is_said_in_one_finding() -> None:
    both = [NOT_NEGATIVE, Validation(feature="city", expression="feature.string_stats.unique = 2")]
    assert validate(both, BASE, BASE, "eval") == [Finding("validations", "all 2 hold of eval", "ok")]


def test_compared_with_training() -> None:
    shrunk = Validation(feature="age", expression="feature.num_stats.mean >= feature_base.num_stats.mean - 5")
    [finding] = validate([shrunk], BASE, NOW, "eval")
    assert "feature.num_stats.mean is 18, feature_base.num_stats.mean is 29" in finding.found


@pytest.mark.parametrize(("feature", "now"), [("city", NOW), ("gone", NOW)])
def test_what_cannot_be_told_is_not_passed_over(feature: str, now: object) -> None:
    del now
    one = NOT_NEGATIVE.model_copy(update={"feature": feature})
    [finding] = validate([one], BASE, NOW, "eval")
    assert "cannot be told of eval: feature.num_stats.min is not there" in finding.found
    assert finding.state == "fail"


def test_off_is_not_looked_at() -> None:
    assert validate([NOT_NEGATIVE.model_copy(update={"severity": "off"})], BASE, NOW, "eval") == []
