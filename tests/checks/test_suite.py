"""What project.yml says is what is checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.shops import only, shop, visits
from kit.checks.config import Checks
from kit.checks.suite import checks_of
from kit.errors import ProjectError


def test_what_is_checked_unless_told() -> None:
    said = [value for value in Checks().model_dump().values() if isinstance(value, str)]
    severities = {value for value in said if value in {"off", "warn", "block"}}
    assert severities == {"warn", "block"}
    assert [name for name, value in Checks().model_dump().items() if value == "block"] == ["label_classes"]
    assert Checks().drift.severity == "warn"


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        ("label_rates: loud", r"checks\.label_rates"),
        ("drift: loud", r"checks\.drift\.severity"),
        ("drift: {features: {city: 2}}", r"checks\.drift\.features\.city"),
        ("drift: {feature: {city: 0.2}}", r"known fields: severity, default, features, trend"),
        ("validations: [{feature: age, expression: feature.age > 1}]", r"feature has no single value 'age'"),
        ("leakage_auc: 0.3", r"checks\.leakage_auc"),
        ("leak: off", r"known fields: label_classes, label_rates, label_rates_change"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, checks: str, message: str) -> None:
    with pytest.raises(ProjectError, match=message):
        shop(tmp_path / "shop", f"checks: {{{checks}}}\n", visits(), visits())


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        (
            "drift: {features: {visit: 0.2}}",
            r"checks\.drift\.features must name .* has visit\. Choose from age, city",
        ),
        (
            "validations: [{feature: x, expression: feature.num_stats.min > 1}]",
            r"has x\. Choose from visit, age",
        ),
    ],
)
def test_a_column_that_does_not_exist(tmp_path: Path, checks: str, message: str) -> None:
    project = shop(tmp_path / "shop", f"checks: {{{checks}}}\n", visits(), visits())
    with pytest.raises(ProjectError, match=message):
        checks_of(project)


def test_off_is_left_out(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", only(volume="block"), visits(), visits())
    totals, volume = checks_of(project)
    assert (totals.severity, volume.severity) == ("off", "block")
