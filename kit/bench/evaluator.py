"""Time Evaluator on the same model, rows and configuration: the kit's executor, and stock TFX's.

Each executor runs in a process of its own that has imported all it needs; its work is timed without the component's
bookkeeping, which is the same for both.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kit.bench.chain import kit_command, run_timed
from kit.bench.figure import Figure
from kit.workspace import CHECKOUT

METRICS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("AUC", {"name": "auc"}),
    ("AUCPrecisionRecall", {"name": "auc_pr"}),
    ("AUC", {"name": "auc_200", "num_thresholds": 200}),
    ("BinaryCrossEntropy", {"name": "logloss"}),
    ("BinaryAccuracy", {}),
    ("Calibration", {}),
    ("MeanLabel", {}),
    ("MeanPrediction", {}),
    ("ExampleCount", {}),
    ("MeanSquaredError", {}),
    ("MeanAbsoluteError", {}),
    ("SquaredPearsonCorrelation", {}),
    ("CoefficientOfDiscrimination", {}),
    ("RelativeCoefficientOfDiscrimination", {}),
    *((name, {"thresholds": 0.2}) for name in ("Precision", "Recall", "Specificity", "FallOut", "MissRate")),
    *((name, {"thresholds": 0.2}) for name in ("F1Score", "BalancedAccuracy", "ThreatScore", "Prevalence")),
    *((name, {"thresholds": 0.2}) for name in ("NegativePredictiveValue", "FalseOmissionRate")),
    *((name, {"thresholds": 0.2}) for name in ("Informedness", "Markedness", "PredictedPositiveRate")),
    ("MatthewsCorrelationCoefficient", {"thresholds": 0.2}),
    ("TruePositives", {"thresholds": 0.2}),
)
SLICES = (
    (),
    ("device",),
    ("region",),
    ("category",),
    ("position",),
    ("device", "region"),
    ("device", "category"),
    ("region", "category"),
    ("device", "position"),
    ("region", "position"),
)
_CHAIN = ("01_data", "02_features", "03_train")
_MOST_SECONDS = 600  # for stock TFX, which needs a good part of an hour for all of these on a shared machine


def evaluator(folder: Path) -> Iterator[Figure]:
    """Train a model of both sample projects and evaluate it both ways; takes 15 minutes, most of it for stock TFX.

    If stock TFX does not finish in time it is stopped, and the ratio is an upper bound: the true one is lower.
    """
    cases = (
        ("30 metrics, 200 slices, intervals", "recommender", "many", 0.1),
        ("the taxi project's own configuration", "chicago_taxi", "own", 0.5),
    )
    for name, project, configuration, goal in cases:
        workspace = folder / project
        run_timed(kit_command("run", *_CHAIN, "-P", project, "-w", str(workspace)))
        kit = _measured("kit", workspace, project, configuration)
        try:
            stock, bound = _measured("stock", workspace, project, configuration), ""
        except subprocess.TimeoutExpired:
            stock, bound = _MOST_SECONDS, ", at most (stock was ended)"
        title = f"Evaluator over stock, {name}{bound}"
        yield Figure(title, kit / stock, "ratio", goal, "less", peer=stock, measured=kit)


def _measured(way: str, workspace: Path, project: str, configuration: str) -> float:
    """Return the seconds of one executor, without imports.

    Raises:
        TimeoutExpired: when it did not finish in time.
    """
    command = [sys.executable, "-m", __name__, way, str(workspace), project, configuration]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, cwd=CHECKOUT, timeout=_MOST_SECONDS
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def many() -> Any:
    """Return the configuration of 30 metrics on some 200 slices, with bootstrap intervals and one model."""
    from tensorflow_model_analysis.proto import config_pb2  # noqa: PLC0415  TensorFlow, for the measured process only

    config = config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                model_type="tf_generic",
                signature_name="examples",
                preprocessing_function_names=["transform_features"],
                label_key="clicked_xf",
                prediction_key="score",
            )
        ],
        slicing_specs=[config_pb2.SlicingSpec(feature_keys=list(keys)) for keys in SLICES],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    config_pb2.MetricConfig(class_name=name, config=json.dumps(settings))
                    for name, settings in METRICS
                ]
            )
        ],
    )
    config.options.compute_confidence_intervals.value = True
    config.options.confidence_intervals.method = config_pb2.ConfidenceIntervalOptions.POISSON_BOOTSTRAP
    return config


def main(way: str, workspace: str, project_name: str, configuration: str) -> None:
    """Run one executor in this process and print its seconds."""
    from tfx.components.evaluator.executor import Executor  # noqa: PLC0415  only the measured process loads TFX
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor  # noqa: PLC0415
    from tfx.types import standard_artifacts  # noqa: PLC0415
    from tfx.utils import proto_utils  # noqa: PLC0415

    from kit.evaluation.config import eval_config  # noqa: PLC0415
    from kit.evaluation.executor import EvaluatorExecutor  # noqa: PLC0415
    from kit.project import Project  # noqa: PLC0415
    from kit.session import Session  # noqa: PLC0415
    from kit.steps.beam_settings import LOCAL_RUNNER  # noqa: PLC0415
    from kit.workspace import Workspace  # noqa: PLC0415

    project = Project.load(project_name)
    session = Session(Workspace(Path(workspace)), project)
    root = Path(workspace) / way
    outputs = {
        "evaluation": [standard_artifacts.ModelEvaluation()],
        "blessing": [standard_artifacts.ModelBlessing()],
    }
    for key, [artifact] in outputs.items():
        artifact.uri = str(root / key)
    inputs = {
        "examples": [session.latest("ExampleGen", "examples")],
        "model": [session.latest("Trainer", "model")],
        "schema": [session.latest("SchemaGen", "schema")],
    }
    config = many() if configuration == "many" else eval_config(project, has_baseline=False)
    properties = {
        "eval_config": proto_utils.proto_to_json(config),
        "example_splits": json.dumps(["eval"]),
    }
    context = BaseBeamExecutor.Context(
        beam_pipeline_args=[LOCAL_RUNNER], tmp_dir=str(root / "tmp"), unique_id="1"
    )
    executor = {"kit": EvaluatorExecutor, "stock": Executor}[way](context)
    started = time.perf_counter()
    executor.Do(inputs, outputs, properties)
    print(json.dumps(time.perf_counter() - started))  # noqa: T201  read by the process that started this one


if __name__ == "__main__":
    main(*sys.argv[1:])
