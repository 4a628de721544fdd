"""A feature that knows the answer is found in every kind of task, and a good feature is not one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from checks.shown import findings, rows
from kit.checks.check import Finding
from kit.checks.leakage import Leakage

COUNT = 3_000
Columns = dict[str, Sequence[object]]


def judged(train: Columns, **numbers: bool) -> list[Finding]:
    check = Leakage("label", numbers, 0.98, 0.98, "block")
    seen = rows(None, **train)
    return findings(check, seen, seen)


@pytest.fixture
def draw() -> np.random.Generator:
    return np.random.default_rng(1)


def noise(draw: np.random.Generator) -> Columns:
    return {
        "number": draw.normal(size=COUNT).tolist(),
        "city": [f"c{one}" for one in draw.integers(9, size=COUNT)],
    }


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_number_that_tells_the_class(draw: np.random.Generator, classes: int, sign: int) -> None:
    label = draw.integers(classes, size=COUNT)
    told = (sign * label + draw.normal(0, 0.1, COUNT)).tolist()
    data = {**noise(draw), "label": [f"l{one}" for one in label], "told": told}
    [finding] = judged(data, number=True, told=True, city=False)
    assert (finding.state, finding.subject) == ("fail", "told")
    assert "AUC of label = l" in finding.found


def test_a_category_that_tells_the_class(draw: np.random.Generator) -> None:
    label = draw.integers(2, size=COUNT)
    data = {**noise(draw), "label": label.tolist(), "told": [f"yes{one}" for one in label]}
    [finding] = judged(data, told=False, number=True, city=False)
    assert (finding.subject, finding.value) == ("told", 1.0)


def test_an_id_of_each_row_tells_nothing(draw: np.random.Generator) -> None:
    """Its rate in the rows that it was counted on would tell all."""
    data = {
        **noise(draw),
        "label": draw.integers(2, size=COUNT).tolist(),
        "id": [f"i{n}" for n in range(COUNT)],
    }
    [finding] = judged(data, id=False, number=True, city=False)
    assert finding.state == "ok"


@pytest.mark.parametrize("is_number", [True, False])
def test_what_tells_an_amount(draw: np.random.Generator, is_number: bool) -> None:
    steps = draw.integers(60, size=COUNT)
    told = steps.tolist() if is_number else [f"s{one}" for one in steps]
    data = {**noise(draw), "label": (steps**2 + draw.normal(0, 1, COUNT)).tolist(), "told": told}
    [finding] = judged(data, told=is_number, number=True, city=False)
    assert finding.subject == "told"
    assert "R² is 0.99" in finding.found or "R² is 1.00" in finding.found


def test_a_good_feature_is_no_leak(draw: np.random.Generator) -> None:
    label = draw.random(COUNT) < 0.3
    data = {"label": label.astype(int).tolist(), "good": (label + draw.normal(0, 0.7, COUNT)).tolist()}
    [finding] = judged(data, good=True)
    assert finding.state == "ok"
    assert finding.found.startswith("none; good alone tells most, AUC of label = 1: 0.8")


def test_missing_values_are_a_value(draw: np.random.Generator) -> None:
    """Such as a date of return that only those who returned have."""
    label = draw.integers(2, size=COUNT)
    told = [float(n) if one else None for n, one in enumerate(label)]
    [finding] = judged({"label": label.tolist(), "told": told}, told=True)
    assert finding.subject == "told"


def test_too_few_rows_are_said() -> None:
    [finding] = judged({"label": [0, 1], "told": [0, 1]}, told=True)
    assert finding.found == "not checked: too few rows"
