"""A whole evaluation without Beam equals stock Evaluator's: thirty metrics, two models, queries, bands, intervals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator import component

from kit.data.records import first_records
from kit.evaluation.config import eval_config
from kit.evaluation.executor import Evaluator
from kit.evaluation.local import scoring
from kit.evaluation.metrics import slice_rules

if TYPE_CHECKING:
    from kit.session import Session

AT = {"thresholds": 0.4}
METRICS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("AUC", {"name": "auc_200", "num_thresholds": 200}),
    ("AUC", {"name": "auc_below", "summation_method": "minoring"}),
    ("SensitivityAtSpecificity", {"specificity": 0.7}),
    ("Calibration", {}),
    ("MeanPrediction", {}),
    ("MeanSquaredError", {}),
    ("MeanAbsoluteError", {}),
    ("SquaredPearsonCorrelation", {}),
    ("CoefficientOfDiscrimination", {}),
    ("ConfusionMatrixAtThresholds", {"thresholds": [0.3, 0.6]}),
    ("CalibrationPlot", {"num_buckets": 10}),  # the second of this name, which both ways leave out
    ("BinaryCrossentropy", {"name": "keras_loss"}),
    *((name, AT) for name in ("Precision", "Recall", "Specificity", "FallOut", "MissRate", "F1Score")),
    *((name, AT) for name in ("BalancedAccuracy", "ThreatScore", "Prevalence", "Informedness", "Markedness")),
    *((name, AT) for name in ("NegativePredictiveValue", "FalseOmissionRate", "TruePositives", "TN")),
)
RANKING = "kit.evaluation.metrics.ranking"
BANDS = {"size": {"column": "height", "edges": [165, 175], "labels": ["small", "middle", "tall"]}}


def config(session: Session) -> Any:
    given = eval_config(session.project, has_baseline=True)
    rules = ("SliceRules", slice_rules.MODULE, {"bands": BANDS, "min_slice_size": 5, "code": ""})
    by_query = [(name, RANKING, {"item_key": "city", "k": 2}) for name in ("NDCGAtK", "CatalogueCoverage")]
    given.metrics_specs[0].metrics.extend(
        config_pb2.MetricConfig(class_name=name, module=module, config=json.dumps(settings))
        for name, module, settings in (rules, *((name, "", settings) for name, settings in METRICS))
    )
    given.metrics_specs.add(query_key="came").metrics.extend(
        config_pb2.MetricConfig(class_name=name, module=module, config=json.dumps(settings))
        for name, module, settings in (("MinLabelPosition", "", {}), *by_query)
    )
    given.slicing_specs.extend(
        config_pb2.SlicingSpec(feature_keys=keys) for keys in (["size"], ["city", "size"])
    )
    return given


def evaluate_both(session: Session, given: Any) -> tuple[Path, Path]:
    inputs, _ = session.history("Evaluator")[0]
    channels = {name: session.as_channel(artifacts) for name, artifacts in inputs.items() if artifacts}
    settings = {"eval_config": given, "example_splits": ["eval"], "module_path": slice_rules.MODULE}
    session.run(component.Evaluator(**channels, **settings).with_id("StockEvaluator"))
    session.run(Evaluator(**channels, **settings).with_id("LocalEvaluator"))
    log = session.workspace.logs(session.project.name) / "LocalEvaluator.log"
    assert "through Beam" not in log.read_text()
    return session.path("StockEvaluator", "evaluation"), session.path("LocalEvaluator", "evaluation")


def entries(evaluation: Path) -> dict[Any, Any]:
    return {
        (str(one.slice_key), entry.key.SerializeToString(deterministic=True)): entry
        for one in tfma.load_metrics(str(evaluation))
        for entry in one.metric_keys_and_values
    }


def numbers(value: Any) -> list[float]:
    kind = value.WhichOneof("type")
    if kind == "double_value":
        return [value.double_value.value]
    matrices = value.confusion_matrix_at_thresholds.matrices
    assert matrices, kind
    values = [getattr(one, field.name) for one in matrices for field in one.DESCRIPTOR.fields]
    return [value for value in values if isinstance(value, float)]


def test_everything_equals_stock(rejected: Session) -> None:
    stock, local = evaluate_both(rejected, config(rejected))
    expected, found = entries(stock), entries(local)
    assert len({key for key, _ in expected}) == 1 + 3 + 3 + 9, "all rows, cities, sizes and both"
    assert found.keys() == expected.keys()
    for key, entry in expected.items():
        assert numbers(found[key].value) == pytest.approx(
            # Differences of what Keras added in 32 bits.
            numbers(entry.value),
            rel=1e-6,
            abs=2e-7,
            nan_ok=True,
        ), key
    plots = [{str(one.slice_key): one for one in tfma.load_plots(str(path))} for path in (stock, local)]
    assert plots[0].keys() == plots[1].keys()
    for slice_key, its in plots[0].items():
        mine, others = (
            {str(plot.key): buckets(plot) for plot in one.plot_keys_and_values}
            for one in (plots[1][slice_key], its)
        )
        assert len(others) == 2, "one of each model"
        assert mine.keys() == others.keys()
        for key, values in others.items():
            assert mine[key] == pytest.approx(values, rel=1e-6)


def buckets(plot: Any) -> list[float]:
    return [
        number
        for one in plot.value.calibration_histogram_buckets.buckets
        for number in (
            one.num_weighted_examples.value,
            one.total_weighted_label.value,
            one.total_weighted_refined_prediction.value,
        )
    ]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["POISSON_BOOTSTRAP", "JACKKNIFE"])
def test_intervals_are_as_wide_as_stocks(rejected: Session, method: str) -> None:
    given = eval_config(rejected.project, has_baseline=True)
    del given.metrics_specs[0].metrics[:]
    given.metrics_specs[0].metrics.extend(
        config_pb2.MetricConfig(class_name=name) for name in ("ExampleCount", "MeanLabel", "AUC")
    )
    given.options.compute_confidence_intervals.value = True
    methods = config_pb2.ConfidenceIntervalOptions
    given.options.confidence_intervals.method = methods.ConfidenceIntervalMethod.Value(method)
    both = [entries(evaluation) for evaluation in evaluate_both(rejected, given)]
    told = [{key: degrees(entry) for key, entry in found.items()} for found in both]
    assert told[0] == told[1]
    assert set(told[1].values()) == {None, 19}
    for found in both:
        spreads = [spread for spread in map(variance_over_its_own, mean_labels(found)) if spread is not None]
        assert len(spreads) >= 3, "cities"
        low, high = bounds(19 * len(spreads))  # each slice draws its own samples
        assert low < np.mean(spreads) < high


def bounds(freedom: int) -> tuple[float, float]:
    """Return between what a variance of 20 samples a slice is, over the true one, but once in half a billion times.

    Chi-squared over its degrees of freedom, by Wilson and Hilferty, The distribution of chi-square, PNAS 17 (1931).
    """
    part = 2 / (9 * freedom)
    low, high = ((1 - part + deviations * part**0.5) ** 3 for deviations in (-6, 6))
    return low, high


def degrees(entry: Any) -> int | None:
    """Return the degrees of freedom of an interval; None: there is none."""
    return (
        int(entry.confidence_interval.degrees_of_freedom.value)
        if entry.HasField("confidence_interval")
        else None
    )


def mean_labels(found: dict[Any, Any]) -> list[tuple[float, Any]]:
    """Return how many rows each slice has and the entry of its mean label, of one of the models."""
    of_candidate = {
        (slice_key, entry.key.name): entry
        for (slice_key, _), entry in found.items()
        if entry.key.model_name == "candidate" and not entry.key.is_diff
    }
    return [
        (of_candidate[slice_key, "example_count"].value.double_value.value, entry)
        for (slice_key, name), entry in of_candidate.items()
        if name == "mean_label"
    ]


def variance_over_its_own(of_slice: tuple[float, Any]) -> float | None:
    """Return the variance that samples found of a mean of 0 and 1, over p(1 - p)/n; None where it has none."""
    rows, entry = of_slice
    mean = entry.value.double_value.value
    if degrees(entry) is None or mean in {0, 1}:
        return None
    deviation = entry.confidence_interval.standard_error.double_value.value
    return float(deviation**2 * rows / (mean * (1 - mean)))


def test_a_session_scores_as_tfma_does(blessed: Session) -> None:
    inputs, _ = blessed.history("Evaluator")[0]
    spec = eval_config(blessed.project, has_baseline=False).model_specs[0]
    path = str(Path(inputs["model"][0].uri) / "Format-Serving")
    model = tfma.default_eval_shared_model(path, eval_config=config_pb2.EvalConfig(model_specs=[spec]))
    label = blessed.project.label_key
    batch = np.array(first_records(Path(inputs["examples"][0].uri), "eval", 50), object)
    extracts = {constants.FEATURES_KEY: {}, constants.INPUT_KEY: batch}
    ours = scoring.scorer([spec], [model], {label})(dict(extracts))
    tfmas = scoring._by_tfma([spec], {"": model})(dict(extracts))
    assert list(ours[constants.TRANSFORMED_FEATURES_KEY]) == [label], "only what is wanted"
    for mine, its in (
        (ours[constants.TRANSFORMED_FEATURES_KEY][label], tfmas[constants.TRANSFORMED_FEATURES_KEY][label]),
        (ours[constants.PREDICTIONS_KEY], tfmas[constants.PREDICTIONS_KEY]),
    ):
        assert mine.dtype == its.dtype
        assert mine == pytest.approx(its, rel=1e-5)


def test_a_model_that_takes_columns_is_called_by_tfma(blessed: Session) -> None:
    inputs, _ = blessed.history("Evaluator")[0]
    path = str(Path(inputs["model"][0].uri) / "Format-Serving")
    spec = config_pb2.ModelSpec(
        signature_name="serving_default", preprocessing_function_names=["transform_features"]
    )
    assert scoring._InSession.of(spec, path, set()) is None
