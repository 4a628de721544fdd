"""The Trainer component for a project."""

from __future__ import annotations

from typing import Any

from tfx.components.trainer import component
from tfx.proto import trainer_pb2

from kit.project import Project
from kit.training.config import Training
from kit.training.origin import origin_of
from kit.workspace import Workspace


def trainer(  # noqa: PLR0913  a component's inputs
    workspace: Workspace,
    project: Project,
    training: Training,
    *,
    examples: Any,
    transform_graph: Any,
    schema: Any,
    hyperparameters: Any = None,
    stop_after_steps: int = 0,
) -> component.Trainer:
    """Return Trainer with the kit's training loop around the project's `build_model`.

    With `stop_after_steps` it ends after that many steps and keeps the best epoch, as if somebody had stopped it there.

    `hyperparameters` are Tuner's, if `training` has its values (see `kit.tuning.best`), so that the model's lineage
    leads to the search.

    The channels may be those of a session, which hold artifacts, or of a pipeline that has not run.
    """
    return component.Trainer(
        run_fn="kit.training.run_fn.run_fn",
        examples=examples,
        transform_graph=transform_graph,
        schema=schema,
        hyperparameters=hyperparameters,
        train_args=trainer_pb2.TrainArgs(splits=["train"]),
        eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
        custom_config={
            "project": str(project.folder),
            "training": training.model_dump(),
            "checkpoints": str(workspace.path / "checkpoints" / project.name),
            "stop_after_steps": stop_after_steps,
            "code": project.code_digest("features", "training"),
            "data": origin_of(workspace, project, examples),
        },
    )
