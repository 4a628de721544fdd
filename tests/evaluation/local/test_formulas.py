"""Every formula gives what TFMA's own combiner gives, for rows that count once, several times or not at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from evaluation.local import made
from evaluation.local.oracle import tfma_values
from kit.evaluation.local.evaluate import _formulas, _table
from kit.evaluation.local.formulas import Asked, formula_of
from kit.evaluation.local.queries import Queries
from kit.evaluation.local.rows import NotLocalError, Rows, Sample
from kit.evaluation.local.slices import slices_of

RANKING = "kit.evaluation.metrics.ranking"
LISTS = {"item_key": "item", "k": 3, "attribute_keys": ["kind", "city"]}
METRICS: dict[str, Any] = {
    name: name
    for name in (
        "AUC",
        "AUCPrecisionRecall",
        "BinaryAccuracy",
        "BinaryCrossEntropy",
        "Calibration",
        "CoefficientOfDiscrimination",
        "ExampleCount",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanLabel",
        "MeanPrediction",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "RelativeCoefficientOfDiscrimination",
        "SquaredPearsonCorrelation",
        "Precision",
        "Recall",
        "Specificity",
        "FallOut",
        "MissRate",
        "NegativePredictiveValue",
        "FalseOmissionRate",
        "Prevalence",
        "ThreatScore",
        "BalancedAccuracy",
        "F1Score",
        "MatthewsCorrelationCoefficient",
        "FowlkesMallowsIndex",
        "Informedness",
        "Markedness",
        "PositiveLikelihoodRatio",
        "NegativeLikelihoodRatio",
        "DiagnosticOddsRatio",
        "PredictedPositiveRate",
        "TruePositives",
        "FalseNegatives",
        "TN",
        "FP",
        "MaxRecall",
        "CalibrationPlot",
        "ConfusionMatrixPlot",
        "BinaryCrossentropy",  # Keras's
    )
} | {
    "AUC of 200 thresholds": ("AUC", {"name": "auc_200", "num_thresholds": 200}),
    "AUC from below": ("AUC", {"name": "auc_minoring", "summation_method": "minoring"}),
    "PR-AUC from above": ("AUCPrecisionRecall", {"name": "pr_majoring", "summation_method": "majoring"}),
    "AUC at thresholds": ("AUC", {"name": "auc_thresholds", "thresholds": [0.1, 0.3, 0.7]}),
    "Precision at thresholds": ("Precision", {"name": "precisions", "thresholds": [0.2, 0.5]}),
    "Recall along a curve": ("Recall", {"name": "recalls", "num_thresholds": 11}),
    "matrices": ("ConfusionMatrixAtThresholds", {"thresholds": [0.1, 0.25, 0.9]}),
    "sensitivity": ("SensitivityAtSpecificity", {"specificity": 0.8}),
    "specificity": ("SpecificityAtSensitivity", {"sensitivity": 0.8}),
    "precision at recall": ("PrecisionAtRecall", {"recall": 0.5}),
    "recall at precision": ("RecallAtPrecision", {"precision": 0.5}),
    "recall at false positives": ("RecallAtFalsePositiveRate", {"false_positive_rate": 0.2}),
    "threshold at recall": ("ThresholdAtRecall", {"recall": 0.5}),
    "smoothed loss": ("BinaryCrossEntropy", {"name": "smoothed", "label_smoothing": 0.1}),
    "loss of logits": ("BinaryCrossEntropy", {"name": "of_logits", "from_logits": True}),
    "calibration error": ("kit.evaluation.metrics.calibration.CalibrationError", {"num_bins": 7}),
    "few buckets": ("CalibrationPlot", {"name": "ten_buckets", "num_buckets": 10}),
}
BY_QUERY: dict[str, Any] = {
    "NDCG": ("NDCG", {"gain_key": "gain", "top_k_list": [1, 3]}),
    "MinLabelPosition": "MinLabelPosition",
    "QueryStatistics": "QueryStatistics",
    "ndcg_at_k": (f"{RANKING}.NDCGAtK", LISTS),
    "mrr": (f"{RANKING}.MeanReciprocalRank", LISTS),
    "hit_rate_at_k": (f"{RANKING}.HitRateAtK", LISTS),
    "coverage": (f"{RANKING}.CatalogueCoverage", LISTS),
    "popularity_bias": (f"{RANKING}.PopularityBias", LISTS),
    "diversity": (f"{RANKING}.IntraListDiversity", LISTS),
}
TIMES = ("once", "sampled")


MULTICLASS = ("SparseCategoricalAccuracy", "SparseCategoricalCrossentropy")
REGRESSION = (
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "SquaredPearsonCorrelation",
    "MeanLabel",
    "Calibration",
    "CosineSimilarity",  # Keras's
)


def both(config: Any, rows: Rows, times: str) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Return the values of all slices from the formulas, and from TFMA."""
    slices = slices_of(config.slicing_specs, rows.features, rows.count)
    key = config.metrics_specs[0].query_key
    queries = Queries.of(rows, key) if key else None
    slices = queries.slices(slices) if queries else slices
    drawn = None
    if times == "sampled":
        drawn = np.random.default_rng(2).poisson(1, len(slices.elements))
        drawn[slices.starts[3] :][: slices.sizes[3]] = 0  # one slice of which the sample has nothing
    asked = Asked(None, None, rows, config, queries, None)
    table = _table(config, _formulas(config, config.metrics_specs, asked), Sample(slices, drawn))
    ours = {
        slice_key: {key: values[number] for key, values in table.items()}
        for number, slice_key in enumerate(slices.keys)
    }
    return ours, tfma_values(config, rows, slices, drawn)


def assert_same(ours: dict[Any, Any], tfmas: dict[Any, Any]) -> None:
    assert len(ours) > 8, "all rows, the cities and their parts"
    for slice_key, values in tfmas.items():
        assert ours[slice_key].keys() == values.keys()
        for key, value in values.items():
            found = ours[slice_key][key]
            if hasattr(value, "DESCRIPTOR"):  # a plot
                assert str(found) == str(value)
                continue
            # Keras adds in 32 bits.
            expected = pytest.approx(np.asarray(value, float), rel=1e-6, abs=1e-9, nan_ok=True)
            assert np.asarray(found, float) == expected
            assert np.shape(found) == np.shape(value)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # TFMA divides by zero where a slice has nothing
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_formula_gives_what_tfma_gives(metric: Any, times: str) -> None:
    assert_same(*both(made.config(metric), made.rows(""), times))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("metric", BY_QUERY.values(), ids=BY_QUERY)
def test_a_formula_of_queries_gives_what_tfma_gives(metric: Any, times: str) -> None:
    config = made.config(metric, query_key="query", weighted=False)
    assert_same(*both(config, made.rows("", weighted=False), times))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("metric", MULTICLASS)
def test_a_formula_of_classes_gives_what_tfma_gives(metric: str, times: str) -> None:
    assert_same(*both(made.config(metric, weighted=False), made.multiclass_rows(), times))


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("metric", REGRESSION)
def test_a_formula_of_numbers_gives_what_tfma_gives(metric: str, times: str) -> None:
    assert_same(*both(made.config(metric), made.regression_rows(), times))


@pytest.mark.parametrize("metric", ["MeanLabel", "AUC", "SquaredPearsonCorrelation"])
def test_a_metric_of_one_output_leaves_classes_to_beam(metric: str) -> None:
    with pytest.raises(NotLocalError, match="several outputs"):
        both(made.config(metric, weighted=False), made.multiclass_rows(), "once")


def test_a_confusion_matrix_leaves_labels_beyond_1_to_beam() -> None:
    with pytest.raises(NotLocalError, match="beyond 0 and 1"):
        both(made.config("AUC"), made.regression_rows(), "once")


def test_a_metric_without_a_formula_is_named() -> None:
    class Unknown:
        pass

    with pytest.raises(NotLocalError, match="Unknown has no formula"):
        formula_of(Unknown())
