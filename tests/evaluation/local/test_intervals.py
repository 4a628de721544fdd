"""Intervals are what TFMA makes of the same samples, and samples are drawn as TFMA draws them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tensorflow_model_analysis.evaluators import confidence_intervals_util, jackknife, poisson_bootstrap
from tensorflow_model_analysis.proto import config_pb2

from evaluation.local import made
from kit.evaluation.local.evaluate import _formulas, _table
from kit.evaluation.local.formulas import Asked
from kit.evaluation.local.intervals import with_intervals
from kit.evaluation.local.rows import Sample
from kit.evaluation.local.slices import slices_of

BOOTSTRAP = config_pb2.ConfidenceIntervalOptions.POISSON_BOOTSTRAP
JACKKNIFE = config_pb2.ConfidenceIntervalOptions.JACKKNIFE
METRICS = (
    "AUC",
    "MeanLabel",
    "ExampleCount",
    "CalibrationPlot",
    ("Precision", {"name": "at_several", "thresholds": [0.2, 0.5]}),
    ("ConfusionMatrixAtThresholds", {"thresholds": [0.3]}),
)


def options(method: Any) -> Any:
    given = config_pb2.Options()
    given.compute_confidence_intervals.value = True
    given.confidence_intervals.method = method
    return given


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # TFMA averages what is not a number
@pytest.mark.parametrize("method", [BOOTSTRAP, JACKKNIFE], ids=["bootstrap", "jackknife"])
def test_samples_come_to_what_tfma_makes_of_them(method: Any) -> None:
    config = made.config(*METRICS, models=("candidate", "baseline"))
    rows = made.rows("candidate", "baseline")
    slices = slices_of(
        [*config.slicing_specs, config_pb2.SlicingSpec(feature_keys=["item"])], rows.features, rows.count
    )
    computes = _formulas(config, config.metrics_specs, Asked(None, None, rows, config, None, None))
    [count] = [
        key
        for key in _table(config, computes, Sample(slices))
        if key.name == "example_count" and key.model_name == "candidate" and not key.is_diff
    ]
    tables = []

    def compute(sample: Sample) -> Any:
        tables.append((sample, _table(config, computes, sample)))
        return tables[-1][1]

    found = with_intervals(compute, slices, options(method), {count}, seed=3)
    combine = (
        poisson_bootstrap._BootstrapSampleCombineFn(20, {count})
        if method == BOOTSTRAP
        else jackknife._JackknifeSampleCombineFn(20, {count})
    )
    assert len(tables) == 21
    for number in range(len(slices.keys)):
        accumulator = combine.create_accumulator()
        for place, (sample, table) in enumerate(tables):
            if method == JACKKNIFE and sample.times is not None:
                mine = np.split(sample.times, slices.starts[1:])[number]
                if not mine.any():  # Beam has no such sample
                    continue
            values = {key: column[number] for key, column in table.items()}
            accumulator = combine.add_input(
                accumulator, confidence_intervals_util.SampleMetrics(values, place - 1)
            )
        expected = combine.extract_output(accumulator)
        ours = {key: column[number] for key, column in found.items() if column[number] is not None}
        assert ours.keys() == expected.keys()
        for key, value in expected.items():
            assert _flat(ours[key]) == pytest.approx(_flat(value), rel=1e-9, nan_ok=True), key


def _flat(value: Any) -> list[float]:
    """Return all numbers of a value, of its interval and of structures in it."""
    if isinstance(value, str) or hasattr(value, "DESCRIPTOR"):
        return [float(hash(str(value)))]
    if isinstance(value, tuple):
        return [number for part in value for number in _flat(part)]
    return [float(number) for number in np.ravel(value)]


def test_a_bootstrap_counts_rows_by_poisson_and_slices_apart() -> None:
    rows = made.rows("")
    slices = slices_of(
        [config_pb2.SlicingSpec(), config_pb2.SlicingSpec(feature_keys=["part"])], rows.features, rows.count
    )
    drawn: list[Any] = []

    def compute(sample: Sample) -> Any:
        drawn.append(sample.times)
        return {}

    with_intervals(compute, slices, options(BOOTSTRAP), seed=1)
    times = np.array(drawn[1:], float)
    assert times.shape == (20, 2 * rows.count)
    assert times.mean() == pytest.approx(1, abs=0.05)
    assert times.var() == pytest.approx(1, abs=0.08)
    overall, parts = times[:, : rows.count], times[:, rows.count :]
    assert np.corrcoef(np.ravel(overall[:, slices.elements[rows.count :]]), np.ravel(parts))[
        0, 1
    ] == pytest.approx(0, abs=0.05)


def test_a_jackknife_leaves_every_row_out_once() -> None:
    rows = made.rows("")
    slices = slices_of([], rows.features, rows.count)
    drawn: list[Any] = []

    def compute(sample: Sample) -> Any:
        drawn.append(sample.times)
        return {}

    with_intervals(compute, slices, options(JACKKNIFE), seed=1)
    assert (np.sum(drawn[1:], axis=0) == 19).all()
