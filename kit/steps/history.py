"""Read from ML Metadata the inputs and outputs of a project's components, and what changed between two runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.types import artifact_utils

from kit.steps.properties import changes, told_parameters
from kit.texts import shorten
from kit.translation.messages import in_language

Artifacts = dict[str, list[types.Artifact]]

ENDED_WELL = (metadata_store_pb2.Execution.COMPLETE, metadata_store_pb2.Execution.CACHED)
_OUTPUTS = (metadata_store_pb2.Event.OUTPUT,)
_INPUTS = (metadata_store_pb2.Event.INPUT,)
_LETTERS = 60  # shown of a value in a sentence


def executions(store: Any, pipeline: str, component_id: str | None = None) -> list[Any]:
    """List the executions of a pipeline, or of one of its components, oldest first."""
    context = store.get_context_by_type_and_name("pipeline", pipeline)
    found = store.get_executions_by_context(context.id) if context else []
    wanted = (e for e in found if component_id in {None, component_of(e)})
    return sorted(wanted, key=lambda execution: int(execution.id))


def inputs_of(store: Any, execution: Any) -> Artifacts:
    """Return an execution's input artifacts, by the name of the input."""
    return _artifacts(store, execution, _INPUTS)


def outputs_of(store: Any, execution: Any) -> Artifacts:
    """Return an execution's output artifacts, by the name of the output."""
    return _artifacts(store, execution, _OUTPUTS)


def took_from(store: Any, execution: Any, before: Any) -> bool:
    """Return whether an execution took something that another one made."""
    made = {artifact.id for several in outputs_of(store, before).values() for artifact in several}
    return any(
        artifact.id in made for several in inputs_of(store, execution).values() for artifact in several
    )


def parameters_of(execution: Any) -> dict[str, str]:
    """Return a component's parameters; each entry of a JSON object separately, as `custom_config.training.epochs`."""
    return told_parameters(properties_of(execution))


def component_of(execution: Any) -> str:
    """Return the component of an execution; empty: it is not recorded."""
    kept = (execution.properties, execution.custom_properties)
    return next((one["component_id"].string_value for one in kept if "component_id" in one), "")


def properties_of(execution: Any) -> dict[str, str]:
    """Return all properties of an execution as texts.

    A session records properties of the execution's type; TFX's pipelines record custom properties.
    """
    return values_of(execution.custom_properties) | values_of(execution.properties)


def values_of(properties: Mapping[str, Any]) -> dict[str, str]:
    """Return ML Metadata properties as texts, without empty ones, which mere look-ups leave behind."""
    kinds = {name: value.WhichOneof("value") for name, value in properties.items()}
    return {name: str(getattr(properties[name], kind)) for name, kind in kinds.items() if kind}


def why_not_cached(store: Any, pipeline: str, component_id: str) -> tuple[str, ...]:
    """Return how a component's latest execution differs from the last successful one before it.

    In the reader's language: it is shown while the step runs, and not stored.
    """
    *past, latest = executions(store, pipeline, component_id)
    well = [execution for execution in past if execution.last_known_state in ENDED_WELL]
    if not well:
        return (in_language(f"{component_id} has not run to its end here before"),)
    parameters = changes(parameters_of(well[-1]), parameters_of(latest))
    inputs = changes(*(_identities(inputs_of(store, execution)) for execution in (well[-1], latest)))
    said = [f"{name}: {shorten(old, _LETTERS)} → {shorten(new, _LETTERS)}" for name, old, new in parameters]
    said += [in_language(f"input {name}: {old} → {new}") for name, old, new in inputs]
    gone = "nothing differs, but the last result is gone or no longer valid"
    return tuple(said) or (in_language(gone),)


def _identities(artifacts: Artifacts) -> dict[str, str]:
    return {name: ", ".join(f"#{one.id}" for one in several) for name, several in sorted(artifacts.items())}


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
