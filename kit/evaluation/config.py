"""From the slices and gates of project.yml to TFMA's EvalConfig, and the Evaluator that uses it."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx.types import channel_utils

from kit.evaluation.executor import Evaluator
from kit.project import Project
from kit.project_file import Gate, Task
from kit.session import Session
from kit.training.signatures import PROBABILITIES, SCORE

_CLASS_NAMES: dict[Task, dict[str, str]] = {
    "binary": {
        "auc": "AUC",
        "auc_pr": "AUCPrecisionRecall",
        "logloss": "BinaryCrossEntropy",
        "accuracy": "BinaryAccuracy",
    },
    "multiclass": {"accuracy": "SparseCategoricalAccuracy", "logloss": "SparseCategoricalCrossentropy"},
    "regression": {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError"},
}
EXAMPLE_COUNT = "example_count"
POSITIVE_SHARE = "positive_share"


def evaluator(session: Session, *, examples: Any, model: Any, schema: Any) -> Evaluator:
    """Return the Evaluator for a project, against the latest blessed model other than this one.

    Args:
        session: knows which models were blessed.
        examples: channel of raw Examples; their split eval is used.
        model: channel of the Model to judge.
        schema: channel of the Schema.
    """
    baseline = latest_blessed(session, besides=model.get()[0].id)
    return Evaluator(
        examples=examples,
        model=model,
        schema=schema,
        baseline_model=channel_utils.as_channel([baseline]) if baseline else None,
        eval_config=eval_config(session.project, has_baseline=baseline is not None),
        example_splits=["eval"],
    )


def latest_blessed(session: Session, besides: int) -> Any | None:
    """Return the Model artifact that was blessed last, leaving out the one with id `besides`; None: there is none."""
    for inputs, outputs in session.history("Evaluator"):
        blessing, [model] = outputs.get("blessing"), inputs["model"]
        if blessing and blessing[0].get_int_custom_property("blessed") == 1 and model.id != besides:
            return model
    return None


def eval_config(project: Project, *, has_baseline: bool) -> tfma.EvalConfig:
    """Return TFMA's configuration: the project's metrics, overall and by slice, with its gates."""
    task = project.spec.task
    spec = {
        "signature_name": "examples",
        "preprocessing_function_names": ["transform_features"],
        "label_key": project.label_key,
        "prediction_key": PROBABILITIES if task == "multiclass" else SCORE,
    }
    models = [tfma.ModelSpec(name="candidate" if has_baseline else "", **spec)]
    if has_baseline:
        models.append(tfma.ModelSpec(name="baseline", is_baseline=True, **spec))
    slices = [
        tfma.SlicingSpec(),
        *(tfma.SlicingSpec(feature_keys=list(keys)) for keys in project.spec.slices),
    ]
    slices += [tfma.SlicingSpec(feature_values=_values(gate)) for gate in project.spec.gates if gate.slice]
    metrics = [_metric(task, name, project.spec.gates) for name in project.spec.evaluated]
    metrics += [_plain("ExampleCount", EXAMPLE_COUNT)]
    if "auc" in project.spec.evaluated:  # its confidence interval needs the counts of both classes
        metrics.append(_plain("MeanLabel", POSITIVE_SHARE))
    return tfma.EvalConfig(
        model_specs=models, slicing_specs=slices, metrics_specs=[tfma.MetricsSpec(metrics=metrics)]
    )


def _plain(class_name: str, name: str) -> tfma.MetricConfig:
    return tfma.MetricConfig(class_name=class_name, config=json.dumps({"name": name}))


def _metric(task: Task, name: str, gates: tuple[Gate, ...]) -> tfma.MetricConfig:
    config = _plain(_CLASS_NAMES[task][name], name)
    by_slice: dict[tuple[tuple[str, str], ...], list[Gate]] = defaultdict(list)
    for gate in gates:
        if gate.metric == name:
            by_slice[tuple(sorted(_values(gate).items()))].append(gate)
    # Not `config.threshold`, which TFMA applies to every slice; a SlicingSpec without values is all rows.
    for values, same_slice in by_slice.items():
        config.per_slice_thresholds.append(
            config_pb2.PerSliceMetricThreshold(
                slicing_specs=[tfma.SlicingSpec(feature_values=dict(values))],
                threshold=_threshold(same_slice),
            )
        )
    return config


def _threshold(gates: list[Gate]) -> tfma.MetricThreshold:
    threshold = tfma.MetricThreshold()
    for gate in gates:
        if gate.min is not None:
            threshold.value_threshold.lower_bound.value = gate.min
        if gate.max is not None:
            threshold.value_threshold.upper_bound.value = gate.max
        if gate.min_change is not None:
            change = threshold.change_threshold
            better = (
                tfma.MetricDirection.HIGHER_IS_BETTER
                if gate.higher_is_better
                else tfma.MetricDirection.LOWER_IS_BETTER
            )
            change.direction = better
            change.absolute.value = gate.min_change if gate.higher_is_better else -gate.min_change
    return threshold


def _values(gate: Gate) -> dict[str, str]:
    return {name: str(value) for name, value in gate.slice.items()}
