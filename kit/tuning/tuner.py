"""The Tuner component for a project."""

from __future__ import annotations

from typing import Any

from tfx.components.tuner.component import Tuner
from tfx.proto import trainer_pb2

from kit.project import Project
from kit.training.config import Training
from kit.tuning.config import Tuning
from kit.tuning.plan import digest
from kit.tuning.records import folder_of
from kit.workspace import Workspace

SEARCH = "search"  # in custom_config: the id of the search


def tuner(  # noqa: PLR0913  a component's inputs
    workspace: Workspace,
    project: Project,
    training: Training,
    tuning: Tuning,
    *,
    examples: Any,
    transform_graph: Any,
    schema: Any,
) -> Tuner:
    """Return TFX's Tuner with the kit's search through what the project's `search_space` allows.

    Its outputs are `best_hyperparameters`, which Trainer takes, and `tuner_results`. An interrupted search, or one with
    more trials, only runs the missing ones.

    Args:
        workspace: the workspace where searches and trials are kept.
        project: the project whose model.py has the search space.
        training: the settings that every trial starts from; the first trial is this, except for Hyperband.
        tuning: how to search.
        examples: transformed examples, with the splits train and eval.
        transform_graph: Transform's graph.
        schema: the schema of the data.
    """
    inputs = [artifact.id for channel in (examples, transform_graph) for artifact in channel.get()]
    basis = digest([inputs, project.code_digest("features", "training", "tuning")])
    settings = {"training": training.model_dump(), "tuning": tuning.model_dump()}
    return Tuner(
        tuner_fn="kit.tuning.tuner_fn.tuner_fn",
        examples=examples,
        transform_graph=transform_graph,
        schema=schema,
        train_args=trainer_pb2.TrainArgs(splits=["train"]),
        eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
        custom_config={
            **settings,
            "project": str(project.folder),
            "folder": str(folder_of(workspace, project.name)),
            "basis": basis,
            SEARCH: digest([basis, settings]),
        },
    )
