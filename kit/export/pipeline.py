"""A project's chain as a TFX pipeline: the notebooks' components with their parameters.

    python pipeline.py

runs it with TFX's LocalDagRunner. Results and ML Metadata go into the notebooks' workspace: notebooks continue where it
ended, its baseline is the model blessed last, and `kit lineage` covers both.
`create_pipeline` also works with other TFX runners, if they see the same folders.
"""

from __future__ import annotations

import sys
from typing import Any

from tfx.components.example_validator.component import ExampleValidator
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline

from kit.data.example_gen import ProjectExampleGen
from kit.data.schema import schema_gen
from kit.data.statistics import StatisticsGen
from kit.evaluation.baseline import baseline_of
from kit.evaluation.config import evaluator_of
from kit.export.gates import Gate
from kit.export.local import run
from kit.features.transform import transform
from kit.project import Project
from kit.release.infra import infra_validator_of, newest_other_than_trained
from kit.release.litert.component import litert_converter_of
from kit.release.push import pusher_of
from kit.training.trainer import trainer
from kit.workspace import Workspace

WORKSPACE: str = "workspace"  # folder of all results, absolute or in the checkout
PROJECT: str = "recommender"  # name of a project, or its folder
TRAIN_SPANS: str = ""  # such as 1-6 or last 6; empty: as in project.yml
EVAL_SPANS: str = ""
TRAINING: dict[str, float | str] = {"seed": 7}  # settings of training; all others: as in project.yml
STOP_AFTER_STEPS: int = 0  # 0: train all epochs


def create_pipeline(ws: Workspace, project: Project) -> Pipeline:
    """Return the pipeline; nothing has run yet."""
    before = {component.id: component for component in until_trained(ws, project)}
    components = [*before.values(), *until_pushed(ws, project, before)]
    for component in components:
        project.spec.beam.choose_executor(component)
    return Pipeline(
        pipeline_name=project.name,
        pipeline_root=str(ws.artifacts(project.name)),
        metadata_connection_config=sqlite_metadata_connection_config(str(ws.metadata_path)),
        components=components,
        enable_cache=True,
        beam_pipeline_args=project.spec.beam.arguments(),
    )


def until_trained(ws: Workspace, project: Project) -> list[Any]:
    """Return the components from the data files to the model."""
    example_gen = ProjectExampleGen(project, TRAIN_SPANS, EVAL_SPANS, ws)
    examples = example_gen.outputs["examples"]
    statistics_gen = StatisticsGen(examples=examples)
    statistics = statistics_gen.outputs["statistics"]
    schemas = schema_gen(project, statistics, ws)
    schema = schemas.outputs["schema"]
    validator = ExampleValidator(statistics=statistics, schema=schema)
    features = transform(project, examples, schema)
    gate = Gate("Data", project, validator, before=[features])
    train = trainer(
        ws,
        project,
        project.spec.training.override(**TRAINING),
        examples=features.outputs["transformed_examples"],
        transform_graph=features.outputs["transform_graph"],
        schema=schema,
        stop_after_steps=STOP_AFTER_STEPS,
    )
    return [example_gen, statistics_gen, schemas, validator, gate, features, train]


def until_pushed(ws: Workspace, project: Project, before: dict[str, Any]) -> list[Any]:
    """Return the components from the model to the version that servers see; `before` are those up to the model."""
    served = ws.serving(project.name)
    judged = {
        "model": before["Trainer"].outputs["model"],
        "examples": before["ExampleGen"].outputs["examples"],
    }
    baseline = baseline_of(judged["model"])
    evaluate = evaluator_of(
        project,
        **judged,
        schema=before["SchemaGen"].outputs["schema"],
        baseline_model=baseline.outputs["model"],
    )
    infra = infra_validator_of(project, served, **judged, against=newest_other_than_trained(ws, project))
    outputs = before["Transform"].outputs
    transformed = {name: outputs[name] for name in ("transformed_examples", "transform_graph")}
    litert = litert_converter_of(project, project.spec.training.override(**TRAINING), **judged, **transformed)
    push = pusher_of(
        project,
        served,
        model=judged["model"],
        model_blessing=evaluate.outputs["blessing"],
        infra_blessing=infra.outputs["blessing"],
    )
    counting = [before[name] for name in ("ExampleGen", "StatisticsGen", "Transform", "Trainer")]
    gates = [
        Gate("Model", project, evaluate, before=[infra, litert]),
        Gate("Rows", project, *counting, evaluate, before=[infra, litert]),
        Gate("LiteRT", project, litert, before=[push]),
    ]
    return [baseline, evaluate, *gates, infra, litert, push]


if __name__ == "__main__":
    sys.exit(run(create_pipeline, WORKSPACE, PROJECT))
