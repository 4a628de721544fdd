"""Translate the metrics, slices and gates of project.yml into TFMA's EvalConfig, and make the Evaluator."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx.types import channel_utils

from kit.evaluation.blessing import is_blessed
from kit.evaluation.executor import Evaluator
from kit.evaluation.metrics import calibration, ranking, slice_rules
from kit.evaluation.names import BASELINE, CANDIDATE, EXAMPLE_COUNT, POSITIVE_SHARE
from kit.evaluation.sections import EVERY, RANKING_METRICS, Ranking
from kit.project import Project
from kit.project.file import Gate, ProjectFile, Task
from kit.session import Session
from kit.training.signature_names import EXAMPLES, PROBABILITIES, SCORE, TRANSFORM

_CLASS_NAMES: dict[Task, dict[str, str]] = {
    "binary": {
        "auc": "AUC",
        "auc_pr": "AUCPrecisionRecall",
        "logloss": "BinaryCrossEntropy",
        "accuracy": "BinaryAccuracy",
        "calibration": "Calibration",
        "calibration_error": "CalibrationError",
        "precision": "Precision",
        "recall": "Recall",
    },
    "multiclass": {"accuracy": "SparseCategoricalAccuracy", "logloss": "SparseCategoricalCrossentropy"},
    "regression": {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError"},
}
_MODULES = {"calibration_error": calibration.__name__}
# Each metric's name for the score from which a row counts as positive; 0.5 unless given.
_THRESHOLDS = {"accuracy": "threshold", "precision": "thresholds", "recall": "thresholds"}
_INTERVALS = {
    "jackknife": config_pb2.ConfidenceIntervalOptions.JACKKNIFE,
    "bootstrap": config_pb2.ConfidenceIntervalOptions.POISSON_BOOTSTRAP,
}
_HALF = 0.5
CALIBRATION_PLOT = "calibration_plot"


def evaluator(session: Session, *, examples: Any, model: Any, schema: Any) -> Evaluator:
    """Return the Evaluator for a project, against the latest blessed model other than this one.

    Args:
        session: knows which models were blessed.
        examples: channel of raw Examples; their split eval is used.
        model: channel of the Model to judge.
        schema: channel of the Schema.
    """
    baseline = latest_blessed(session, excluding=model.get()[0].id)
    return evaluator_of(
        session.project,
        examples=examples,
        model=model,
        schema=schema,
        baseline_model=channel_utils.as_channel([baseline]) if baseline else None,
    )


def evaluator_of(
    project: Project, *, examples: Any, model: Any, schema: Any, baseline_model: Any = None
) -> Evaluator:
    """Return the Evaluator for a project, wherever its inputs come from.

    Args:
        project: the project whose metrics, slices and gates are taken.
        examples: channel of raw Examples; their split eval is used.
        model: channel of the Model to judge.
        schema: channel of the Schema.
        baseline_model: channel of the Model to compare with. If it turns out to be empty, TFMA drops the baseline and
            the gates on changes from the configuration.
    """
    return Evaluator(
        examples=examples,
        model=model,
        schema=schema,
        baseline_model=baseline_model,
        eval_config=eval_config(project, has_baseline=baseline_model is not None),
        example_splits=["eval"],
        module_path=slice_rules.MODULE if project.spec.evaluation.bands else None,
    )


def latest_blessed(session: Session, excluding: int) -> Any | None:
    """Return the Model artifact that was blessed last, but not the one with the id `excluding`; None: there is none."""
    for inputs, outputs in session.history("Evaluator"):
        blessing, [model] = outputs.get("blessing"), inputs["model"]
        if blessing and is_blessed(blessing[0]) and model.id != excluding:
            return model
    return None


def eval_config(project: Project, *, has_baseline: bool) -> tfma.EvalConfig:
    """Return TFMA's configuration: the project's metrics, overall and by slice, with its gates."""
    config = tfma.EvalConfig(
        model_specs=_models(project, has_baseline=has_baseline),
        slicing_specs=_slices(project),
        metrics_specs=[tfma.MetricsSpec(metrics=[*_metrics(project), *_counts(project), *_rules(project)])],
    )
    if ranking := project.spec.ranking:
        metrics = _ranking_metrics(project, ranking)
        config.metrics_specs.append(tfma.MetricsSpec(metrics=metrics, query_key=ranking.query))
    if method := _INTERVALS.get(project.spec.evaluation.intervals):
        config.options.compute_confidence_intervals.value = True
        config.options.confidence_intervals.method = method
    return config


def _models(project: Project, *, has_baseline: bool) -> list[tfma.ModelSpec]:
    spec = {
        "model_type": tfma.TF_GENERIC,  # TFMA would load each model with Keras to find out
        "signature_name": EXAMPLES,
        "preprocessing_function_names": [TRANSFORM],
        "label_key": project.label_key,
        "prediction_key": PROBABILITIES if project.spec.task == "multiclass" else SCORE,
    }
    models = [tfma.ModelSpec(name=CANDIDATE if has_baseline else "", **spec)]
    return [*models, tfma.ModelSpec(name=BASELINE, is_baseline=True, **spec)] if has_baseline else models


def _slices(project: Project) -> list[tfma.SlicingSpec]:
    """Return the slice of all rows, the slices, and those of gates, each once."""
    specs = [tfma.SlicingSpec()]
    specs += [tfma.SlicingSpec(feature_keys=list(keys)) for keys in project.spec.slices]
    specs += [slicing_spec(gate.slice) for gate in project.spec.gates]
    return list({spec.SerializeToString(deterministic=True): spec for spec in specs}.values())


def slicing_spec(values: Mapping[str, str | int]) -> tfma.SlicingSpec:
    """Return the slice of some values; `*` is every value of its column."""
    return tfma.SlicingSpec(
        feature_keys=sorted(name for name, value in values.items() if value == EVERY),
        feature_values={name: str(value) for name, value in values.items() if value != EVERY},
    )


def _metrics(project: Project) -> list[tfma.MetricConfig]:
    """Return the metrics of rows; those of lists have a query and are separate."""
    spec = project.spec
    metrics = []
    for name in (name for name in spec.evaluated if name not in RANKING_METRICS):
        class_name = _CLASS_NAMES[spec.task][name]
        metrics.append(
            _gated(_plain(class_name, name, _MODULES.get(name, ""), **_threshold_of(name, spec)), spec)
        )
    return metrics


def _threshold_of(name: str, spec: ProjectFile) -> dict[str, Any]:
    """Return the setting for a metric's decision threshold; nothing where it needs none."""
    threshold = spec.evaluation.decision_threshold
    if spec.task != "binary" or name not in _THRESHOLDS or (name == "accuracy" and threshold == _HALF):
        return {}
    return {_THRESHOLDS[name]: threshold}


def _counts(project: Project) -> list[tfma.MetricConfig]:
    metrics = [_plain("ExampleCount", EXAMPLE_COUNT)]
    if "auc" in project.spec.evaluated:  # its confidence interval needs the counts of both classes
        metrics.append(_plain("MeanLabel", POSITIVE_SHARE))
    if "calibration_error" in project.spec.evaluated:  # the plot of the same bins
        metrics.append(_plain("CalibrationPlot", CALIBRATION_PLOT, num_buckets=calibration.BINS))
    return metrics


def _rules(project: Project) -> list[tfma.MetricConfig]:
    evaluation = project.spec.evaluation
    own = {*RANKING_METRICS, *_MODULES}.intersection(project.spec.evaluated)
    if not (own or evaluation.bands or evaluation.min_slice_size > 1):
        return []
    bands = {
        name: {"column": band.column, "edges": band.edges, "labels": band.labels}
        for name, band in evaluation.bands.items()
    }
    return [
        tfma.MetricConfig(
            class_name=slice_rules.SliceRules.__name__,
            module=slice_rules.MODULE,
            config=json.dumps(
                {
                    "bands": bands,
                    "min_slice_size": evaluation.min_slice_size,
                    "code": project.code_digest("evaluation/metrics"),
                }
            ),
        )
    ]


def _ranking_metrics(project: Project, settings: Ranking) -> list[tfma.MetricConfig]:
    keys = {"item_key": settings.item, "k": settings.k, "attribute_keys": list(settings.attributes)}
    return [
        _gated(_plain(ranking.CLASSES[name].__name__, name, ranking.__name__, **keys), project.spec)
        for name in project.spec.evaluated
        if name in RANKING_METRICS
    ]


def _plain(class_name: str, name: str, module: str = "", **settings: Any) -> tfma.MetricConfig:
    return tfma.MetricConfig(
        class_name=class_name, module=module, config=json.dumps({"name": name, **settings})
    )


def _gated(config: tfma.MetricConfig, spec: ProjectFile) -> tfma.MetricConfig:
    """Return a metric with the thresholds of its gates."""
    name = json.loads(config.config)["name"]
    by_slice: dict[tuple[tuple[str, str], ...], list[Gate]] = defaultdict(list)
    for gate in spec.gates:
        if gate.metric == name:
            by_slice[tuple(sorted((key, str(value)) for key, value in gate.slice.items()))].append(gate)
    # Not `config.threshold`, which TFMA applies to every slice; a SlicingSpec without values is all rows.
    for values, same_slice in by_slice.items():
        config.per_slice_thresholds.append(
            config_pb2.PerSliceMetricThreshold(
                slicing_specs=[slicing_spec(dict(values))], threshold=_threshold(same_slice)
            )
        )
    return config


def _threshold(gates: list[Gate]) -> tfma.MetricThreshold:
    """Return the strictest bounds of gates on the same metric and slice: all of them must be met."""
    threshold = tfma.MetricThreshold()
    lower = [gate.min for gate in gates if gate.min is not None]
    upper = [gate.max for gate in gates if gate.max is not None]
    changes = [gate.min_change for gate in gates if gate.min_change is not None]
    if lower:
        threshold.value_threshold.lower_bound.value = max(lower)
    if upper:
        threshold.value_threshold.upper_bound.value = min(upper)
    if changes:
        higher, direction = gates[0].higher_is_better, tfma.MetricDirection
        change = threshold.change_threshold
        change.direction = direction.HIGHER_IS_BETTER if higher else direction.LOWER_IS_BETTER
        change.absolute.value = max(changes) if higher else -max(changes)
    return threshold
