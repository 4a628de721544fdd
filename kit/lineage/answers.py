"""Find which version answered a request, in the gateway's log, the monitor's prediction log, and the servers' logs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet

from kit.errors import KitError
from kit.gateway.audit import read_log
from kit.gateway.plan import GatewayFiles, log_files
from kit.monitoring.log import SCORE, TIME, VERSION, PredictionLog, keys_of
from kit.project import Project
from kit.workspace import Workspace
from kit.workspace_folders import PREDICTIONS


@dataclass(frozen=True)
class Answer:
    """One answer to a request, as one log has it.

    Attributes:
        project: the project whose model answered.
        version: the version that answered; None: the log does not say.
        time: the time, in UTC.
        log: the log that says so.
        subject: who asked; empty where the log does not say.
        said: what was answered; empty where the log does not say.
    """

    project: str
    version: int | None
    time: dt.datetime
    log: str
    subject: str = ""
    said: str = ""

    def __str__(self) -> str:
        by = f"version {self.version}" if self.version else "a version that the log does not name"
        asked = f", asked by {self.subject}" if self.subject else ""
        answered = f", answer {self.said}" if self.said else ""
        return f"{self.time:%Y-%m-%d %H:%M:%S} UTC {self.project}, {by}{answered}{asked} ({self.log})"


def answers_to(workspace: Workspace, request_id: str) -> list[Answer]:
    """Return the answers to a request in all logs of a workspace, the fastest log first."""
    found = [*_of_gateways(workspace, request_id), *_of_monitoring(workspace, request_id)]
    return found or list(_of_servers(workspace, request_id))


def latest_request(workspace: Workspace, project: Project) -> str:
    """Return the id of a request from the newest day in monitoring; empty: nothing was served."""
    table = PredictionLog(workspace, project).table
    key = _request_key(project)
    for day in reversed(table.days() if key else []):
        for path in reversed(table.files(day)):
            ids = pyarrow.parquet.read_table(path, columns=[key]).column(key)
            if len(ids):
                return str(ids[-1].as_py()).partition("/")[0]
    return ""


def _of_gateways(workspace: Workspace, request_id: str) -> Iterator[Answer]:
    for files in GatewayFiles.every(workspace):
        for entry in read_log(files.access_log) if log_files(files.access_log) else ():
            if entry.request_id == request_id:
                version = int(entry.version) if entry.version.isdecimal() else None
                yield Answer(files.folder.name, version, entry.time, "gateway", entry.subject, entry.status)


def _of_monitoring(workspace: Workspace, request_id: str) -> Iterator[Answer]:
    for folder in sorted((workspace.path / PREDICTIONS).glob("*/")):
        try:
            project = Project.load(folder.name, workspace.path)
            key = _request_key(project)
        except KitError:  # the project is gone; its rows are not
            continue
        if key:
            yield from _rows(PredictionLog(workspace, project), key, request_id, project.name)


def _request_key(project: Project) -> str:
    """Return the column with the id of a request; empty: rows of this project have none."""
    kinds = project.columns
    try:
        return next((name for name in keys_of(project) if kinds[name].kind == "key"), "")
    except KitError:
        return ""


def _rows(log: PredictionLog, key: str, request_id: str, project: str) -> Iterator[Answer]:
    for day in reversed(log.table.days()):
        for path in log.table.files(day):
            rows = pyarrow.parquet.read_table(path, columns=[key, TIME, VERSION, SCORE])
            ids = rows.column(key)
            # A request of several users has a row for each, numbered after a /.
            wanted = pc.or_(pc.equal(ids, request_id), pc.starts_with(ids, f"{request_id}/"))
            for row in rows.filter(wanted).to_pylist():
                said = str(row[SCORE]) if isinstance(row[SCORE], list) else f"{row[SCORE]:.4g}"
                yield Answer(project, row[VERSION], row[TIME], "monitoring", said=said)


def _of_servers(workspace: Workspace, request_id: str) -> Iterator[Answer]:
    """Yield answers that monitoring has not read yet. Raw bytes are searched first, as importing TensorFlow is slow."""
    from kit.serving.prediction_log.config import logs  # noqa: PLC0415  imports gRPC's messages, for the rarest place

    for path in sorted(logs(workspace).glob("*.tfrecord")):
        if request_id.encode() in path.read_bytes():
            yield from _records(path, request_id)


def _records(path: Path, request_id: str) -> Iterator[Answer]:
    from kit.serving.prediction_log.reader import read  # noqa: PLC0415  imports TensorFlow

    for log in read(path).logs:
        metadata = log.log_metadata
        if metadata.request_origin == request_id:
            time = dt.datetime.fromtimestamp(metadata.timestamp_secs, dt.UTC)
            version = metadata.model_spec.version.value or None
            yield Answer(metadata.model_spec.name, version, time, "server")
