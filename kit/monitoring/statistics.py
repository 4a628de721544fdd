"""StatisticsGen for the prediction log: TFDV's statistics of each day, recorded in ML Metadata."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from kit.data.span_statistics import as_examples
from kit.data.statistics import STATISTICS_FILE, load_statistics, statistics_of_batches
from kit.monitoring.day_table import DayTable
from kit.monitoring.log import SCORE, PredictionLog
from kit.project import Project
from kit.session import Session
from kit.steps.progress import report
from kit.workspace import Workspace, write_atomically

COMPONENT = "LogStatisticsGen"


class _Spec(types.ComponentSpec):
    PARAMETERS = {  # noqa: RUF012  TFX's own form
        "days": types.component_spec.ExecutionParameter(type=str),
        "workspace": types.component_spec.ExecutionParameter(type=str),
        "project": types.component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, Any] = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "statistics": types.component_spec.ChannelParameter(type=standard_artifacts.ExampleStatistics)
    }


class LogStatisticsExecutor(base_executor.BaseExecutor):
    """Writes one split per day, named after it; a day with the same bytes is computed once in a workspace."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del input_dict
        [statistics] = output_dict["statistics"]
        workspace = Workspace(exec_properties["workspace"])
        project = Project.load(exec_properties["project"], workspace.path)
        log = PredictionLog(workspace, project)
        days = json.loads(exec_properties["days"])
        statistics.split_names = artifact_utils.encode_split_names(list(days))
        for day, digest in days.items():
            report(day)
            kept = workspace.statistics(project.name) / f"predictions-{digest}.pb"
            if not kept.exists():
                computed = statistics_of_batches(_batches(log, dt.date.fromisoformat(day)))
                write_atomically(kept, computed.SerializeToString())
            folder = Path(statistics.uri) / f"Split-{day}"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / STATISTICS_FILE).write_bytes(kept.read_bytes())


class LogStatisticsGen(base_component.BaseComponent):
    """Computes TFDV's statistics of some days of the prediction log, the model's answers among the features.

    The digest of each day's parts is a property of the execution, so the same log is a cache hit.

    Args:
        session: the session of the project.
        days: the days of the log; without any there are no splits.
    """

    SPEC_CLASS = _Spec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(LogStatisticsExecutor)

    def __init__(self, session: Session, days: Sequence[dt.date]) -> None:
        table = PredictionLog(session.workspace, session.project).table
        digests = {day.isoformat(): _digest(table, day) for day in days}
        spec = _Spec(
            days=json.dumps(digests),
            workspace=str(session.workspace.path),
            project=str(session.project.folder),
            statistics=types.Channel(type=standard_artifacts.ExampleStatistics),
        )
        super().__init__(spec)
        self.with_id(COMPONENT)


def load_days(session: Session) -> dict[dt.date, statistics_pb2.DatasetFeatureStatisticsList]:
    """Return the statistics of each day that the component computed last, oldest first.

    Raises:
        StepOrderError: when it has not run.
    """
    artifact = session.latest(COMPONENT, "statistics")
    splits = artifact_utils.decode_split_names(artifact.split_names)
    return {dt.date.fromisoformat(day): load_statistics(Path(artifact.uri), day) for day in splits}


def _batches(log: PredictionLog, day: dt.date) -> Iterator[pa.RecordBatch]:
    """Yield requests and scores as examples, without the probabilities of several classes, which are not one feature.

    Columns that no request of the day could carry, since its signature does not take them, are left out.
    """
    scores = [] if pa.types.is_list(log.table.schema.field(SCORE).type) else [SCORE]
    carried = log.table.columns(day)
    columns = [name for name in (*log.request_columns, *scores) if name in carried]
    return map(as_examples, log.table.batches(day, columns)) if columns else iter(())


def _digest(table: DayTable, day: dt.date) -> str:
    """Return a digest of what the statistics are made of: the bytes, and the columns as they are in project.yml now."""
    return hashlib.sha256(f"{table.digest([day])} {table.schema}".encode()).hexdigest()
