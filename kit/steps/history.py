"""Read from ML Metadata what the components of a project took and made."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.types import artifact_utils

Artifacts = dict[str, list[types.Artifact]]

ENDED_WELL = (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)
_OUTPUTS = (metadata_store_pb2.Event.OUTPUT,)
_INPUTS = (metadata_store_pb2.Event.INPUT,)


def executions(store: Any, pipeline: str, component_id: str | None = None) -> list[Any]:
    """List the executions of a pipeline, or of one of its components, oldest first."""
    context = store.get_context_by_type_and_name("pipeline", pipeline)
    found = store.get_executions_by_context(context.id) if context else []
    wanted = (e for e in found if component_id in {None, e.properties["component_id"].string_value})
    return sorted(wanted, key=lambda execution: int(execution.id))


def inputs_of(store: Any, execution: Any) -> Artifacts:
    """Return the artifacts that an execution took, by the name of the input."""
    return _artifacts(store, execution, _INPUTS)


def outputs_of(store: Any, execution: Any) -> Artifacts:
    """Return the artifacts that an execution made, by the name of the output."""
    return _artifacts(store, execution, _OUTPUTS)


def _artifacts(store: Any, execution: Any, kinds: Iterable[int]) -> Artifacts:
    events = [event for event in store.get_events_by_execution_ids([execution.id]) if event.type in kinds]
    protos = {proto.id: proto for proto in store.get_artifacts_by_id([event.artifact_id for event in events])}
    artifact_types = {
        kind.id: kind for kind in store.get_artifact_types_by_id({p.type_id for p in protos.values()})
    }
    result: Artifacts = defaultdict(list)
    for event in sorted(events, key=lambda event: int(event.path.steps[1].index)):
        proto = protos[event.artifact_id]
        artifact = artifact_utils.deserialize_artifact(artifact_types[proto.type_id], proto)
        result[event.path.steps[0].key].append(artifact)
    return dict(result)
