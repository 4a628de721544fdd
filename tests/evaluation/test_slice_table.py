"""The columns that a view of slices is given are the evaluation's own numbers."""

from __future__ import annotations

import numpy as np

from kit.evaluation.results import metrics_table
from kit.evaluation.slice_table import slice_columns
from kit.session import Session
from widgets.slices import Slices


def test_the_columns_are_those_of_the_evaluation(blessed: Session) -> None:
    evaluation = blessed.path("Evaluator", "evaluation")
    columns = slice_columns(evaluation, blessed.project)
    table = metrics_table(evaluation, blessed.project).set_index("slice")
    assert columns["names"][columns["overall"]] == "All rows"
    assert "candidate" in columns["models"]  # a baseline too, where another test has had a model blessed
    row = columns["names"].index("city: Rom")
    assert columns["cuts"][row] == "city"
    assert columns["examples"][row] == table["example_count"]["city=Rom"]
    for metric in columns["models"]["candidate"]:
        assert metric["values"][row] == table[metric["name"]]["city=Rom"]
        if metric["name"] in {"auc", "accuracy"}:
            assert 0 <= metric["lower"][row] < metric["values"][row] < metric["upper"][row] <= 1
        else:
            assert "lower" not in metric


def test_the_baseline_and_the_gates_of_all_rows_are_there(rejected: Session) -> None:
    columns = slice_columns(rejected.path("Evaluator", "evaluation"), rejected.project)
    assert list(columns["models"]) == ["candidate", "baseline"]
    candidate, baseline = ({m["name"]: m for m in metrics} for metrics in columns["models"].values())
    assert candidate["auc"]["values"][columns["overall"]] != baseline["auc"]["values"][columns["overall"]]
    for model in (candidate, baseline):
        assert np.isfinite(model["auc"]["values"]).any()
    assert str(Slices.of(columns)).startswith("3 slices, candidate and baseline")
