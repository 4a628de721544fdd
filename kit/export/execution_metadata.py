"""Add to ML Metadata what sessions write and TFX's pipelines do not: an execution's component and its origin.

A pipeline identifies a component by a context. Everything here that reads executions looks for a property of the
execution instead, so it is added to each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2

from kit.steps.history import ENDED_WELL, component_of
from kit.steps.launcher import discard_execution
from kit.steps.origin import stamp

_LEFT = (metadata_store_pb2.Execution.RUNNING, metadata_store_pb2.Execution.FAILED)


def note_executions(
    store: Any, pipeline: str, root: Path, facts: Mapping[str, str] | None = None
) -> dict[str, bool]:
    """Record the component of each new execution, and remove the partial results of failed ones.

    The locks of the workspace are held, so none is running.

    Args:
        store: the store of ML Metadata.
        pipeline: its name.
        root: folder of its artifacts.
        facts: about the process that ran them; see `kit.steps.origin`.

    Returns:
        For each component with a new execution, whether that ended well.
    """
    ended = {}
    for context in store.get_contexts_by_type("node"):
        if not context.name.startswith(f"{pipeline}."):
            continue
        component = context.name.removeprefix(f"{pipeline}.")
        for execution in store.get_executions_by_context(context.id):
            if component_of(execution):
                continue
            ended[component] = execution.last_known_state in ENDED_WELL
            execution.custom_properties["component_id"].string_value = component
            store.put_executions([execution])
            stamp(store, execution.id, facts or {})
            if execution.last_known_state in _LEFT:
                discard_execution(store, execution.id, root)
    return ended
