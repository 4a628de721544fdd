"""Live metrics against their definitions, and their intervals against chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kit.monitoring.metrics import CALIBRATION, estimates

DRAW = np.random.default_rng(11)


def clicks(rows: int, draw: np.random.Generator = DRAW) -> tuple[np.ndarray, np.ndarray]:
    """Return scores that are right about the rate of each row, and what came true."""
    scores = draw.beta(1, 6, rows).astype(np.float32)
    return scores, (draw.random(rows) < scores).astype(float)


def test_auc_of_one_class_is_not_known() -> None:
    one_class = estimates("binary", np.array([0.1, 0.2], np.float32), np.ones(2))["auc"]
    assert math.isnan(one_class.value)
    assert math.isnan(one_class.lower)


def test_logloss_takes_certain_answers_that_are_wrong() -> None:
    found = estimates("binary", np.array([0.0, 0.5], np.float32), np.array([1.0, 1.0]))["logloss"]
    assert found.value == pytest.approx(-(math.log(1e-7) + math.log(0.5)) / 2)


def test_calibration_is_what_is_promised_by_what_comes_true() -> None:
    scores, truth = clicks(50_000)
    right, twice = (estimates("binary", one, truth)[CALIBRATION] for one in (scores, scores * 2))
    assert right.lower < 1 < right.upper
    assert twice.value == pytest.approx(2 * right.value)
    assert twice.lower > 1.8
    nothing = estimates("binary", scores[:50], np.zeros(50))[CALIBRATION]
    assert nothing.value == math.inf
    assert nothing.lower < math.inf


@pytest.mark.parametrize("metric", ["auc", "logloss", "accuracy", CALIBRATION])
def test_the_interval_holds_the_truth_about_19_times_in_20(metric: str) -> None:
    draw = np.random.default_rng(5)
    of_all = estimates("binary", *clicks(400_000, draw))[metric].value
    found = [estimates("binary", *clicks(2_000, draw))[metric] for _ in range(200)]
    held = sum(one.lower <= of_all <= one.upper for one in found)
    assert 180 <= held <= 200


def test_several_classes_are_judged_by_the_probability_of_the_true_one() -> None:
    scores = np.array([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6], [0.4, 0.5, 0.1]], np.float32)
    found = estimates("multiclass", scores, np.array([0.0, 2.0, 0.0]))
    assert found["accuracy"].value == pytest.approx(2 / 3)
    assert found["logloss"].value == pytest.approx(-np.log([0.7, 0.6, 0.4]).mean(), rel=1e-6)


def test_amounts_are_judged_by_their_errors() -> None:
    found = estimates("regression", np.array([1.0, 2.0, 5.0], np.float32), np.array([1.0, 4.0, 2.0]))
    assert (found["mse"].value, found["mae"].value) == pytest.approx((13 / 3, 5 / 3))
    assert found["mae"].lower < 5 / 3 < found["mae"].upper


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_without_rows_there_are_no_metrics(task: str) -> None:
    assert estimates(task, np.zeros(0, np.float32), np.zeros(0)) == {}  # type: ignore[arg-type]
