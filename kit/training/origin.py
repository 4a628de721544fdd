"""The origin of a training's examples according to ML Metadata, for TensorBoard's text pages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration import metadata

from kit.data.data_file import DataFile, files_of
from kit.project import Project
from kit.spans import in_words
from kit.steps.history import properties_of
from kit.workspace import Workspace

_INPUT, _OUTPUT = metadata_store_pb2.Event.INPUT, metadata_store_pb2.Event.OUTPUT
_DIGITS = 12  # of a digest of 64


def origin_of(workspace: Workspace, project: Project, examples: types.BaseChannel) -> dict[str, str]:
    """Return for each split the spans, the number and the digest of the files behind examples.

    Args:
        workspace: the workspace whose ML Metadata is asked.
        project: says how spans are written.
        examples: channel of examples, as they were read or transformed. If it is empty, because its pipeline has not
            run, the components before it are asked.

    Returns:
        The facts by split; `all` where a hash splits the rows. Empty if the examples do not come from the kit's
        ExampleGen.
    """
    if artifacts := examples.get():
        config = metadata.sqlite_metadata_connection_config(str(workspace.metadata_path))
        with metadata.Metadata(config) as handle:
            files = _files(handle.store, [artifact.id for artifact in artifacts])
    else:
        files = _files_to_read(examples)
    splits = dict.fromkeys(file.split for file in files)
    return {split: _told(project, [file for file in files if file.split == split]) for split in splits}


def _told(project: Project, files: Sequence[DataFile]) -> str:
    spans = sorted({file.span for file in files if file.span is not None})
    digest = hashlib.sha256("".join(file.sha256 for file in files).encode()).hexdigest()
    words = [
        f"spans {in_words(spans, dated=project.spec.data.is_dated)}" if spans else "",
        f"{len(files)} file{'s' if len(files) > 1 else ''}",
        f"sha256 {digest[:_DIGITS]}",
    ]
    return ", ".join(filter(None, words))


def _files(store: Any, artifacts: Sequence[int]) -> list[DataFile]:
    """Walk from artifacts back to the files of the ExampleGen that they come from."""
    while artifacts:
        events = store.get_events_by_artifact_ids(artifacts)
        makers = sorted({event.execution_id for event in events if event.type == _OUTPUT})
        for execution in store.get_executions_by_id(makers):
            if files := files_of(properties_of(execution)):
                return files
        taken = store.get_events_by_execution_ids(makers) if makers else []
        artifacts = sorted({event.artifact_id for event in taken if event.type == _INPUT})
    return []


def _files_to_read(channel: Any) -> list[DataFile]:
    """Walk from a channel of a pipeline back to the files that its ExampleGen is going to read."""
    channels = [channel]
    while channels:
        makers = [one.producer_component for one in channels if isinstance(one, types.OutputChannel)]
        for maker in makers:
            if files := files_of(maker.exec_properties):
                return files
        channels = [one for maker in makers for one in maker.inputs.values()]
    return []
