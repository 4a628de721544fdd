"""What a pipeline leaves in ML Metadata is noted as a session's, and what a killed one had begun is removed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ml_metadata
import pytest
from ml_metadata.proto import metadata_store_pb2

from kit.export.execution_metadata import note_executions
from kit.steps.history import component_of, executions

_STATES = metadata_store_pb2.Execution


@pytest.fixture
def store() -> Any:
    config = metadata_store_pb2.ConnectionConfig()
    config.fake_database.SetInParent()
    return ml_metadata.MetadataStore(config)


def put(store: Any, component: str, state: int) -> int:
    """Record an execution as TFX's pipelines do."""
    contexts = []
    for kind, name in (("pipeline", "shop"), ("node", f"shop.{component}"), ("pipeline_run", "today")):
        type_id = store.put_context_type(metadata_store_pb2.ContextType(name=kind))
        known = store.get_context_by_type_and_name(kind, name)
        contexts.append(known or metadata_store_pb2.Context(type_id=type_id, name=name))
    type_id = store.put_execution_type(metadata_store_pb2.ExecutionType(name=f"tfx.{component}"))
    execution = metadata_store_pb2.Execution(type_id=type_id, last_known_state=state)
    number, _, _ = store.put_execution(execution, [], contexts)
    return int(number)


def test_executions_are_noted_once_by_their_components(store: Any, tmp_path: Path) -> None:
    put(store, "Trainer", _STATES.COMPLETE)
    put(store, "Pusher", _STATES.CACHED)
    assert note_executions(store, "shop", tmp_path, {"host": "vm"}) == {"Trainer": True, "Pusher": True}
    assert [component_of(one) for one in executions(store, "shop", "Trainer")] == ["Trainer"]
    [run] = store.get_contexts_by_type("pipeline_run")
    assert run.custom_properties["kit_host"].string_value == "vm"
    assert note_executions(store, "shop", tmp_path) == {}
    assert note_executions(store, "another", tmp_path) == {}


@pytest.mark.parametrize("state", [_STATES.RUNNING, _STATES.FAILED])
def test_what_a_killed_step_had_begun_is_removed(store: Any, tmp_path: Path, state: int) -> None:
    number = put(store, "Trainer", state)
    folders = [tmp_path / "Trainer" / "model" / str(number), tmp_path / "Trainer" / "model" / "77"]
    for folder in folders:
        folder.mkdir(parents=True)
    assert note_executions(store, "shop", tmp_path) == {"Trainer": False}
    assert [folder.exists() for folder in folders] == [False, True]
    [execution] = store.get_executions()
    assert execution.last_known_state == _STATES.FAILED
