"""project.yml's slices and gates as TFMA understands them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from kit.evaluation.config import eval_config
from kit.evaluation.metrics.slice_rules import rules_of
from kit.evaluation.sections import RANKING_METRICS
from kit.project import Project
from kit.project.file import ProjectFile


def project(
    task: str, *gates: dict[str, Any], slices: tuple[tuple[str, ...], ...] = (), **more: Any
) -> Project:
    spec = ProjectFile.model_validate(
        {
            "name": "made_up",
            "task": task,
            "label": "y",
            "data": {"files": "rows.csv"},
            "columns": {
                "y": "label",
                "city": "category",
                "part": {"kind": "category", "dtype": "int"},
                "age": "number",
                "visit": "key",
            },
            "slices": slices,
            "gates": gates,
            **more,
        }
    )
    return Project(Path("made_up"), spec)


def metric(config: tfma.EvalConfig, name: str) -> Any:
    [found] = [
        m for spec in config.metrics_specs for m in spec.metrics if json.loads(m.config).get("name") == name
    ]
    return found


@pytest.mark.parametrize(
    ("task", "prediction_key", "metrics"),
    [
        (
            "binary",
            "score",
            {
                "auc": "AUC",
                "auc_pr": "AUCPrecisionRecall",
                "logloss": "BinaryCrossEntropy",
                "accuracy": "BinaryAccuracy",
                "calibration": "Calibration",
                "calibration_error": "CalibrationError",
                "calibration_plot": "CalibrationPlot",
                "positive_share": "MeanLabel",
            },
        ),
        (
            "multiclass",
            "probabilities",
            {"accuracy": "SparseCategoricalAccuracy", "logloss": "SparseCategoricalCrossentropy"},
        ),
        ("regression", "score", {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError"}),
    ],
)
def test_a_task_has_its_metrics_and_its_prediction(
    task: str, prediction_key: str, metrics: dict[str, str]
) -> None:
    config = eval_config(project(task), has_baseline=False)
    [model] = config.model_specs
    assert (model.label_key, model.prediction_key) == ("y_xf", prediction_key)
    assert (model.signature_name, *model.preprocessing_function_names) == ("examples", "transform_features")
    named = [metric for metric in config.metrics_specs[0].metrics if metric.class_name != "SliceRules"]
    found = {json.loads(metric.config)["name"]: metric.class_name for metric in named}
    assert found == {**metrics, "example_count": "ExampleCount"}


def test_with_a_baseline_there_are_two_models() -> None:
    config = eval_config(project("binary"), has_baseline=True)
    assert [(m.name, m.is_baseline) for m in config.model_specs] == [("candidate", False), ("baseline", True)]


def test_slices_are_all_rows_the_columns_and_the_gates_own() -> None:
    gate = {"metric": "auc", "slice": {"part": 3}, "min": 0.5}
    config = eval_config(project("binary", gate, slices=(("city",), ("city", "part"))), has_baseline=False)
    found = [(list(s.feature_keys), dict(s.feature_values)) for s in config.slicing_specs]
    assert found == [([], {}), (["city"], {}), (["city", "part"], {}), ([], {"part": "3"})]


def test_a_gate_bounds_its_own_slice_and_no_other() -> None:
    gates = [
        {"metric": "auc", "min": 0.7, "max": 0.99},
        {"metric": "auc", "slice": {"city": "Rom"}, "min": 0.6},
        {"metric": "logloss", "max": 0.4},
    ]
    config = eval_config(project("binary", *gates), has_baseline=False)
    auc = metric(config, "auc")
    everywhere, rome = auc.per_slice_thresholds
    assert dict(everywhere.slicing_specs[0].feature_values) == {}
    assert everywhere.threshold.value_threshold.lower_bound.value == pytest.approx(0.7)
    assert everywhere.threshold.value_threshold.upper_bound.value == pytest.approx(0.99)
    assert dict(rome.slicing_specs[0].feature_values) == {"city": "Rom"}
    assert rome.threshold.value_threshold.lower_bound.value == pytest.approx(0.6)
    assert not rome.threshold.value_threshold.HasField("upper_bound")
    assert not auc.HasField("threshold"), "TFMA would apply it to every slice"
    assert not metric(config, "accuracy").per_slice_thresholds


@pytest.mark.parametrize(
    ("name", "direction", "bound"),
    [
        ("auc", tfma.MetricDirection.HIGHER_IS_BETTER, -0.01),
        ("logloss", tfma.MetricDirection.LOWER_IS_BETTER, 0.01),
    ],
)
def test_a_change_is_bounded_in_the_direction_of_worse(name: str, direction: int, bound: float) -> None:
    config = eval_config(project("binary", {"metric": name, "min_change": -0.01}), has_baseline=True)
    [threshold] = [each.threshold.change_threshold for each in metric(config, name).per_slice_thresholds]
    assert threshold.direction == direction
    assert threshold.absolute.value == pytest.approx(bound)


def test_a_gate_on_every_value_is_a_slice_of_the_column() -> None:
    gate = {"metric": "auc", "slice": {"city": "*", "part": 3}, "min": 0.5}
    config = eval_config(project("binary", gate, slices=(("city",),)), has_baseline=False)
    found = [(list(s.feature_keys), dict(s.feature_values)) for s in config.slicing_specs]
    assert found == [([], {}), (["city"], {}), (["city"], {"part": "3"})]
    [threshold] = metric(config, "auc").per_slice_thresholds
    assert threshold.slicing_specs[0] == config.slicing_specs[2]


def test_of_two_gates_on_the_same_slice_the_stricter_counts() -> None:
    gates = [
        {"metric": "logloss", "max": 0.4, "min_change": -0.02},
        {"metric": "logloss", "max": 0.5, "min_change": -0.01},
        {"metric": "auc", "min": 0.8},
        {"metric": "auc", "min": 0.7},
    ]
    config = eval_config(project("binary", *gates), has_baseline=True)
    [loss], [auc] = (metric(config, name).per_slice_thresholds for name in ("logloss", "auc"))
    assert loss.threshold.value_threshold.upper_bound.value == pytest.approx(0.4)
    assert loss.threshold.change_threshold.absolute.value == pytest.approx(0.01)
    assert auc.threshold.value_threshold.lower_bound.value == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("written", "method"), [("jackknife", "JACKKNIFE"), ("bootstrap", "POISSON_BOOTSTRAP")]
)
def test_intervals_are_those_of_tfma(written: str, method: str) -> None:
    options = eval_config(project("binary", evaluation={"intervals": written}), has_baseline=False).options
    assert options.compute_confidence_intervals.value
    assert options.confidence_intervals.method == getattr(config_pb2.ConfidenceIntervalOptions, method)
    assert not eval_config(project("binary"), has_baseline=False).HasField("options")


def test_ranking_metrics_are_of_queries_and_have_gates_as_others() -> None:
    ranking = {"query": "visit", "item": "city", "k": 3, "attributes": ["part"]}
    gate = {"metric": "ndcg_at_k", "slice": {"part": "*"}, "min_change": -0.1}
    rows, lists = eval_config(project("binary", gate, ranking=ranking), has_baseline=True).metrics_specs
    assert (rows.query_key, lists.query_key) == ("", "visit")
    settings = {json.loads(m.config)["name"]: json.loads(m.config) for m in lists.metrics}
    assert list(settings) == list(RANKING_METRICS)
    assert all(
        (one["item_key"], one["k"], one["attribute_keys"]) == ("city", 3, ["part"])
        for one in settings.values()
    )
    [threshold] = [gated for m in lists.metrics for gated in m.per_slice_thresholds]
    assert threshold.threshold.change_threshold.absolute.value == pytest.approx(-0.1)


def test_the_decision_threshold_reaches_what_decides() -> None:
    names = ["accuracy", "precision", "recall", "auc"]
    made_up = project("binary", metrics=names, evaluation={"decision_threshold": 0.2})
    config = eval_config(made_up, has_baseline=False)
    found = {name: json.loads(metric(config, name).config) for name in names}
    assert (
        found["accuracy"]["threshold"]
        == found["precision"]["thresholds"]
        == found["recall"]["thresholds"]
        == 0.2
    )
    assert found["auc"] == {"name": "auc"}


def test_the_configuration_carries_bands_and_the_smallest_slice() -> None:
    evaluation = {"min_slice_size": 30, "bands": {"age_band": {"column": "age", "edges": [18, 40]}}}
    config = eval_config(project("regression", evaluation=evaluation), has_baseline=False)
    rules = rules_of(config)
    assert rules["min_slice_size"] == 30
    assert rules["bands"] == {
        "age_band": {"column": "age", "edges": [18, 40], "labels": ["under 18", "18 to 40", "40 and over"]}
    }
    assert rules_of(eval_config(project("regression"), has_baseline=False)) == {
        "bands": {},
        "min_slice_size": 1,
    }


def test_a_project_without_new_metrics_has_the_configuration_of_tfma_alone() -> None:
    config = eval_config(project("binary", metrics=["auc", "accuracy"]), has_baseline=False)
    assert [m.class_name for m in config.metrics_specs[0].metrics] == [
        "AUC",
        "BinaryAccuracy",
        "ExampleCount",
        "MeanLabel",
    ]
