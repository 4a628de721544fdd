"""A recommender with two pushed versions that ML Metadata knows, and an experiment whose evidence is given."""

from __future__ import annotations

import numpy as np
from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx.orchestration import metadata

from kit.canary.actions import folder_of, start
from kit.project import Project
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.counts import FAILED, REQUESTS, Counts
from kit.serving.experiments.experiment import Experiment
from kit.serving.experiments.split import GROUPS
from kit.session import Session
from kit.workspace import Workspace, write_atomically

VERSIONS = (1, 2)
COUNTS_FILE = "counts/1.npz"


def make_pushes(folder: str) -> Session:
    """Return a session of the recommender in which both versions were pushed."""
    workspace, project = Workspace(folder), Project.load("recommender")
    session = Session(workspace, project)
    with metadata.Metadata(session.metadata_connection_config) as handle:
        for version in VERSIONS:
            (workspace.serving(project.name) / str(version)).mkdir(parents=True)
            _push(handle.store, session.pipeline_name, version)
    return session


def _push(store: object, pipeline: str, version: int) -> None:
    kind = mlmd.ExecutionType(name="Pusher")
    kind.properties["component_id"] = mlmd.STRING
    run = mlmd.Execution(
        type_id=store.put_execution_type(kind),  # type: ignore[attr-defined]
        last_known_state=mlmd.Execution.COMPLETE,
    )
    run.properties["component_id"].string_value = "Pusher"
    made = mlmd.Artifact(type_id=store.put_artifact_type(mlmd.ArtifactType(name="PushedModel")), uri="x")  # type: ignore[attr-defined]
    made.custom_properties["pushed_version"].string_value = str(version)
    event = mlmd.Event(type=mlmd.Event.OUTPUT)
    event.path.steps.add(key="pushed_model")
    event.path.steps.add(index=0)
    context = mlmd.Context(type_id=store.put_context_type(mlmd.ContextType(name="pipeline")), name=pipeline)  # type: ignore[attr-defined]
    known = store.get_context_by_type_and_name("pipeline", pipeline)  # type: ignore[attr-defined]
    store.put_execution(run, [(made, event)], [known or context])  # type: ignore[attr-defined]


def begin(session: Session) -> Experiment:
    """Start an experiment on failed and slow requests of half of the users."""
    settings = ExperimentSettings(share=0.5, clicks=False)
    return start(session.workspace, session.project, settings=settings)


def count(session: Session, experiment: Experiment, requests: int, failed: int) -> None:
    """Let so many requests have come from each group of each arm, of which some failed with the candidate."""
    counts = Counts()
    counts.table[..., REQUESTS] = requests
    counts.table[1, :, FAILED] = failed
    if failed:
        counts.first_failure[1] = np.arange(GROUPS, dtype=float)
    folder = folder_of(session.workspace, session.project) / experiment.name
    write_atomically(folder / COUNTS_FILE, counts.to_bytes())
