"""The metrics of TFMA's pipeline, slice by slice, against plain formulas on the same rows, and against TFMA's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_model_analysis as tfma

from evaluation.analysis import RANKING, Rows, analyse, project, rows_of
from evaluation.metrics import plain
from evaluation.metrics.plain import Row
from kit.evaluation.plots import calibration_curves
from kit.evaluation.results import load_slices
from kit.evaluation.sections import RANKING_METRICS

Slices = dict[tuple[tuple[str, Any], ...], dict[str, float]]


@pytest.fixture(scope="module")
def rows() -> Rows:
    return rows_of()


@pytest.fixture(scope="module")
def evaluation(rows: Rows, tmp_path_factory: pytest.TempPathFactory) -> Path:
    of_tfma = tfma.MetricsSpec(
        query_key="visit",
        metrics=[
            tfma.MetricConfig(
                class_name="NDCG",
                config=json.dumps({"gain_key": "y", "top_k_list": [RANKING["k"]], "name": "ndcg_of_tfma"}),
            )
        ],
    )
    return analyse(tmp_path_factory.mktemp("evaluation"), project(), rows, [of_tfma])


@pytest.fixture(scope="module")
def slices(evaluation: Path) -> Slices:
    return dict(load_slices(evaluation))


def rows_in(rows: Rows, key: tuple[tuple[str, Any], ...]) -> np.ndarray:
    """Say which rows are in a slice."""
    ages = np.array(rows.columns["age"])
    bands = np.where(ages < 30, "under 30", np.where(ages < 60, "30 to 60", "60 and over"))
    columns = {**rows.columns, "age_band": bands}
    keep = np.ones(rows.count, bool)
    for column, value in key:
        keep &= np.array([each == value for each in columns[column]])
    return keep


def lists_in(rows: Rows, key: tuple[tuple[str, Any], ...]) -> Iterator[list[Row]]:
    """Yield the lists that have a row in a slice, whole."""
    visits = np.array(rows.columns["visit"])
    for visit in dict.fromkeys(visits[rows_in(rows, key)].tolist()):
        chosen = rows.where(visits == visit)
        yield [
            Row(*row) for row in zip(*(chosen[name] for name in ("score", "y", "item", "kind")), strict=True)
        ]


def test_every_slice_is_there_with_its_rows(rows: Rows, slices: Slices) -> None:
    cuts = {tuple(column for column, _ in key) for key in slices}
    assert cuts == {(), ("city",), ("kind",), ("age_band",), ("age_band", "city")}
    assert {value for key in slices for column, value in key if column == "age_band"} == {
        "under 30",
        "30 to 60",
        "60 and over",
    }
    for key, metrics in slices.items():
        assert metrics["example_count"] == rows_in(rows, key).sum()


def test_ranking_metrics_are_those_of_the_papers_on_every_slice(rows: Rows, slices: Slices) -> None:
    for key, metrics in slices.items():
        found = {name: metrics[name] for name in RANKING_METRICS}
        expected = plain.metrics(list(lists_in(rows, key)), RANKING["k"])
        # TFMA keeps scores as float32.
        assert found == pytest.approx(expected, rel=1e-5, nan_ok=True), key


def test_ndcg_is_that_of_tfma(slices: Slices) -> None:
    for metrics in slices.values():
        assert metrics["ndcg_at_k"] == pytest.approx(metrics["ndcg_of_tfma"], rel=1e-5)


def test_calibration_is_predicted_over_observed_and_its_error_that_of_the_bins(
    rows: Rows, slices: Slices
) -> None:
    scores, labels = np.array(rows.columns["score"]), np.array(rows.columns["y"])
    for key, metrics in slices.items():
        keep = rows_in(rows, key)
        of_slice, truth = scores[keep], labels[keep]
        assert metrics["calibration"] == pytest.approx(of_slice.sum() / truth.sum(), rel=1e-5)
        bins = np.minimum((of_slice * 20).astype(int), 19)
        gaps = [abs((of_slice[bins == one] - truth[bins == one]).sum()) for one in range(20)]
        assert metrics["calibration_error"] == pytest.approx(sum(gaps) / keep.sum(), rel=1e-4)


def test_the_calibration_plot_has_the_same_bins(rows: Rows, evaluation: Path, slices: Slices) -> None:
    curves = {curve["slice"]: curve for curve in calibration_curves(evaluation, project())}
    assert len(curves) == len(slices)
    whole = curves["All rows"]
    assert whole["model"] == "candidate"
    scores, labels = np.array(rows.columns["score"]), np.array(rows.columns["y"])
    bins = (scores * 20).astype(int)
    present = np.unique(bins)
    assert whole["examples"].tolist() == [(bins == one).sum() for one in present]
    assert whole["predicted"] == pytest.approx([scores[bins == one].mean() for one in present], rel=1e-5)
    assert whole["observed"] == pytest.approx([labels[bins == one].mean() for one in present])
    assert (whole["lower"] <= whole["observed"] + 1e-12).all()  # Wilson of 0 and 1 is rounded
    assert (whole["observed"] <= whole["upper"] + 1e-12).all()


def test_curves_of_slices_that_are_too_small_are_left_out(evaluation: Path, slices: Slices) -> None:
    sizes = sorted(metrics["example_count"] for key, metrics in slices.items() if key)
    judged = project(evaluation={"min_slice_size": int(sizes[3]) + 1})
    left = sum(size > sizes[3] for size in sizes)
    assert len(calibration_curves(evaluation, judged)) == left + 1
