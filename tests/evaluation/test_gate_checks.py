"""What a person reads of gates is what TFMA decides: on every value of a column, on small slices, at the threshold."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluation.analysis import analyse, project, rows_of, verdict
from kit.evaluation.gate_checks import Found, ThresholdCheck, checks_of
from kit.evaluation.results import gates_table, load_slices, threshold_checks
from kit.evaluation.slice_table import slice_columns
from kit.project.file import Gate
from widgets.slices import Slices

LEAST = 60


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return analyse(tmp_path_factory.mktemp("evaluation"), project(), rows_of())


def found(values: Mapping[str, tuple[float, float]], changes: Mapping[str, float] | None = None) -> Found:
    """Return slices by device with rows and AUC; a slice may have a change."""
    return Found(
        values={name: {"example_count": count, "auc": auc} for name, (count, auc) in values.items()},
        changes={name: {"auc": change} for name, change in (changes or {}).items()},
        columns={name: dict([name.split("=")]) if "=" in name else {} for name in values},
        min_slice_size=LEAST,
    )


DEVICES = found(
    {"all rows": (500, 0.8), "device=a": (300, 0.8), "device=b": (180, 0.7), "device=c": (20, 0.1)}
)


def checks(gate: dict[str, Any], on: Found = DEVICES) -> list[ThresholdCheck]:
    return list(checks_of(Gate.model_validate({"metric": "auc", **gate}), on))


def test_a_gate_on_every_value_is_asked_of_each_slice_with_rows_enough() -> None:
    a, b, c = checks({"slice": {"device": "*"}, "min": 0.75})
    assert [(each.slice, each.met, each.note) for each in (a, b)] == [
        ("device=a", True, ""),
        ("device=b", False, ""),
    ]
    assert (c.slice, c.met, c.margin, c.note) == ("device=c", True, None, "too few rows: 20, 60 needed")


def test_a_gate_on_every_value_of_which_none_is_large_enough_is_missed() -> None:
    [c] = checks(
        {"slice": {"device": "*"}, "min": 0.01}, found({"all rows": (500, 0.8), "device=c": (20, 0.1)})
    )
    assert not c.met
    [nothing] = checks({"slice": {"device": "*"}, "min": 0.01}, found({"all rows": (500, 0.8)}))
    assert (nothing.slice, nothing.value, nothing.met) == ("device=*", None, False)


def test_a_gate_on_one_slice_asks_for_a_proof() -> None:
    [small] = checks({"slice": {"device": "c"}, "min": 0.01})
    assert (small.value, small.margin, small.met, small.note) == (
        0.1,
        None,
        False,
        "too few rows: 20, 60 needed",
    )


def test_a_value_at_its_threshold_meets_it() -> None:
    low, high = checks({"min": 0.8, "max": 0.8})
    assert (low.met, low.margin, high.met, high.margin) == (True, 0, True, 0)


def test_a_change_counts_in_the_direction_of_better() -> None:
    on = Found({"all rows": {"logloss": 0.4}}, {"all rows": {"logloss": 0.02}}, {"all rows": {}})
    [check] = checks_of(Gate(metric="logloss", min_change=-0.01), on)
    assert (check.change, check.met) == (-0.02, False)
    assert (check.baseline, check.limit, check.margin) == pytest.approx((0.38, 0.39, -0.01))


def test_a_value_that_is_no_number_is_not_a_row_that_is_missing() -> None:
    on = found({"all rows": (4000, float("nan"))})
    [low] = checks({"min": 0.5}, on)
    assert (low.met, low.note) == (False, "not a number on the 4,000 rows that were evaluated")
    [one] = checks({"min": 0.5}, found({"all rows": (1, float("nan"))}))
    assert one.note == "not a number on the only row"
    [nowhere] = checks({"slice": {"device": "z"}, "min": 0.5}, on)
    assert nowhere.note == "no such row was evaluated"
    [change] = checks({"min_change": -0.1}, found({"all rows": (4000, 0.7)}))
    assert (change.met, change.note, change.lacks_baseline) == (True, "no baseline yet", True)


@pytest.mark.parametrize("bounds", [{"min": 0.7}, {"min_change": -0.1}])
def test_where_there_is_no_baseline_only_a_change_is_met_without_a_slice(bounds: dict[str, float]) -> None:
    [check] = checks({"slice": {"device": "z"}, **bounds})
    assert check.met == ("min_change" in bounds)


def a_gate(slice_: Mapping[str, Any], metric: str = "accuracy", **bounds: float) -> dict[str, Any]:
    return {"metric": metric, "slice": dict(slice_), **bounds}


@pytest.mark.parametrize(
    "gates",
    [
        [a_gate({}, min=0.1), a_gate({}, "logloss", max=0.01)],
        [a_gate({"city": "*"}, min=0.1)],
        [a_gate({"city": "*"}, min=0.99)],
        [a_gate({"city": "Oslo"}, min=0.01)],
        [a_gate({"city": "Rom"}, min=0.01)],
        [a_gate({"city": "Atlantis"}, min=0.01)],
        [a_gate({"age_band": "*", "city": "Oslo"}, min=0.01)],
        [a_gate({"age_band": "*", "city": "*"}, min=0.01)],
        [a_gate({"age_band": "under 30"}, "ndcg_at_k", min=0.01)],
        [a_gate({"age_band": "*"}, "mrr", min=0.2), a_gate({"kind": "*"}, "calibration", min=0.2, max=5)],
        [a_gate({"kind": "*"}, "popularity_bias", max=-0.9)],
        [a_gate({"city": "Atlantis"}, min_change=0.5), a_gate({}, min=0.1)],
    ],
    ids=lambda gates: str(gates)[:90],
)
def test_the_verdict_is_that_of_tfma(evaluation: Path, gates: list[dict[str, Any]]) -> None:
    judged = project(gates=gates, evaluation={"min_slice_size": LEAST})
    blessed = verdict(evaluation, judged)
    assert blessed == all(check.met for check in threshold_checks(evaluation, judged))
    assert blessed == gates_table(evaluation, judged)["met"].all()


def test_a_slice_that_is_too_small_is_shown_without_values(evaluation: Path) -> None:
    judged = project(evaluation={"min_slice_size": LEAST})
    columns = slice_columns(evaluation, judged)
    small = columns["examples"] < LEAST
    assert small.any()
    assert not small.all()
    assert columns["too_small"].tolist() == small.tolist()
    for metric in columns["models"]["candidate"]:
        assert np.isnan(metric["values"]).tolist() == small.tolist()


def test_each_slice_has_the_thresholds_that_the_gates_ask_of_it(evaluation: Path) -> None:
    judged = project(
        gates=[
            a_gate({}, min=0.75),
            a_gate({"city": "*"}, min=0.01),
            a_gate({"city": "Rom"}, min=0.02),
            a_gate({}, "calibration", min=0.75, max=1.33),
            a_gate({}, "logloss", min_change=0.1),
        ]
    )
    columns = slice_columns(evaluation, judged)
    accuracy, calibration, logloss = (
        next(metric for metric in columns["models"]["candidate"] if metric["name"] == name)
        for name in ("accuracy", "calibration", "logloss")
    )
    place = columns["names"].index
    asked = {name: accuracy["at_least"][place(name)] for name in ("All rows", "city: Rom", "city: Oslo")}
    assert asked == {"All rows": 0.75, "city: Rom": 0.02, "city: Oslo": 0.01}
    assert np.isnan(accuracy["at_least"][place("kind: k0")]), "no gate asks anything of it"
    sides = [calibration[side][place("All rows")] for side in ("at_least", "at_most")]
    assert sides == [0.75, 1.33]
    assert np.isnan(logloss["at_least"]).all()
    shown = Slices.of(columns).table
    missed = {name for metric in shown.judged for name in np.array(shown.names)[metric.failing]}
    assert missed <= {
        check.slice.replace("=", ": ").replace("all rows", "All rows")
        for check in threshold_checks(evaluation, judged)
        if not check.met
    }


def test_intervals_that_evaluator_computed_are_shown(tmp_path: Path) -> None:
    judged = project(
        slices=[], ranking=None, evaluation={"intervals": "jackknife"}, metrics=["auc", "accuracy"]
    )
    evaluation = analyse(tmp_path, judged, rows_of())
    [(_, values)] = load_slices(evaluation)
    columns = slice_columns(evaluation, judged)
    for metric in columns["models"]["candidate"]:
        [lower], [value], [upper] = (metric[name] for name in ("lower", "values", "upper"))
        assert lower < value < upper, metric["name"]
        assert value == values[metric["name"]]
        assert upper - lower < 0.3, metric["name"]
