"""project.yml's slices and gates as TFMA understands them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import tensorflow_model_analysis as tfma

from kit.evaluation.config import eval_config
from kit.project import Project
from kit.project_file import ProjectFile


def project(task: str, *gates: dict[str, Any], slices: tuple[tuple[str, ...], ...] = ()) -> Project:
    spec = ProjectFile.model_validate(
        {
            "name": "made_up",
            "task": task,
            "label": "y",
            "data": {"files": "rows.csv"},
            "columns": {"y": "label", "city": "category", "part": {"kind": "category", "dtype": "int"}},
            "slices": slices,
            "gates": gates,
        }
    )
    return Project(Path("made_up"), spec)


def metric(config: tfma.EvalConfig, name: str) -> Any:
    [found] = [m for m in config.metrics_specs[0].metrics if json.loads(m.config)["name"] == name]
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
    found = {json.loads(m.config)["name"]: m.class_name for m in config.metrics_specs[0].metrics}
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
