"""How a session opens the ML Metadata of its workspace."""

from __future__ import annotations

from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata

from kit.errors import StepOrderError
from kit.workspace import Workspace


def connection_to(workspace: Workspace) -> metadata_store_pb2.ConnectionConfig:
    """Return how to connect: to read only, where the workspace is only looked at.

    Raises:
        StepOrderError: when it is only looked at, and nothing has run in it.
    """
    path = workspace.metadata_path
    if not workspace.read_only:
        return metadata.sqlite_metadata_connection_config(str(path))
    if not path.exists():
        raise StepOrderError(f"Nothing has run in {workspace.path} yet. Run the notebooks first: kit run.")
    config = metadata_store_pb2.ConnectionConfig()
    config.sqlite.filename_uri = str(path)
    config.sqlite.connection_mode = metadata_store_pb2.SqliteMetadataSourceConfig.READONLY
    return config
