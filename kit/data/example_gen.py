"""ExampleGen for a project's files: spans or one file, CSV or Parquet, cached by content."""

from __future__ import annotations

import bisect
import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from kit.data.data_file import FILES, DataFile, files_of, to_json
from kit.data.encoding import encode
from kit.data.files import FileLayout, read_batches
from kit.data.growing import unchanged
from kit.data.quarantine import QUARANTINED, Quarantine, QuarantinedRows, Tally, quarantine_of
from kit.data.sift import Sieve
from kit.errors import RowsLostError
from kit.project import Project
from kit.steps.progress import report
from kit.workspace import Workspace

SPLITS = ("train", "eval")
# Stock TFX puts two hash buckets of three into train and one into eval.
_HASH_BUCKETS = (2, 3)
_GZIP = tf.io.TFRecordOptions(compression_type="GZIP")


class _Spec(types.ComponentSpec):
    PARAMETERS = {  # noqa: RUF012  TFX's own form
        FILES: types.component_spec.ExecutionParameter(type=str),
        "reading": types.component_spec.ExecutionParameter(type=str),
        # The rules, so that a change is a new run; empty: nothing is quarantined.
        "quarantine": types.component_spec.ExecutionParameter(type=str),
        # The missing spans that were asked for, in words; a span that arrives late changes `files`, too.
        "missing": types.component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, Any] = {}  # noqa: RUF012
    OUTPUTS = {  # noqa: RUF012
        "examples": types.component_spec.ChannelParameter(type=standard_artifacts.Examples),
        QUARANTINED: types.component_spec.ChannelParameter(type=QuarantinedRows, optional=True),
    }


class ExamplesExecutor(base_executor.BaseExecutor):
    """Writes one gzipped TFRecord file of tf.Examples a split, in the order of the files."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del input_dict
        [examples] = output_dict["examples"]
        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        layout = FileLayout.from_json(exec_properties["reading"])
        files = files_of(exec_properties)
        quarantine = Quarantine.from_json(exec_properties["quarantine"])
        with ExitStack() as stack:
            writers = {
                split: stack.enter_context(split_writer(Path(examples.uri), split)) for split in SPLITS
            }
            if quarantine is None:
                _write_all(files, layout, writers)
                return
            [artifact] = output_dict[QUARANTINED]
            tally = Tally(Path(artifact.uri), quarantine)
            _write_good(files, layout, writers, tally, stack)
        tally.close(artifact)


def _write_all(files: list[DataFile], layout: FileLayout, writers: Mapping[str, Any]) -> None:
    rows = 0
    for file in files:
        with unchanged(file.path, file.sha256):
            for batch in read_batches(file.path, layout):
                rows += _write(batch, file.split, writers)
                report(f"{rows:,} rows")


def _write_good(
    files: list[DataFile], layout: FileLayout, writers: Mapping[str, Any], tally: Tally, stack: ExitStack
) -> None:
    rows = 0
    for file in files:
        count, side = tally.open(file, stack)
        written = 0
        with unchanged(file.path, file.sha256):
            for batch in Sieve(file.path, layout, tally.quarantine, count, side).batches():
                written += _write(batch, file.split, writers)
                report(f"{rows + written:,} rows, {tally.quarantined:,} quarantined")
        rows += written
        if count.read != written + count.quarantined:
            raise RowsLostError(
                f"Of {file.path} every row must be in the examples or in quarantine, but of {count.read:,} rows "
                f"{written:,} and {count.quarantined:,} are. Report this with the file: the kit has lost rows."
            )


def _write(batch: pa.RecordBatch, split: str, writers: Mapping[str, Any]) -> int:
    for record in encode(batch):
        writers[split if split in writers else hash_split(record)].write(record)
    return int(batch.num_rows)


class ProjectExampleGen(base_component.BaseComponent):
    """Reads a project's files into the splits train and eval.

    The digest of every file is a property of the execution, so the same bytes are a cache hit whenever they were
    delivered. Where project.yml asks for a quarantine, bad rows are the second output, `quarantined`.

    Args:
        project: the project whose files are read.
        train_spans: a range such as `1-6` or a window such as `last 6`; empty: as in project.yml.
        eval_spans: likewise.
        workspace: the workspace where a quarantine finds the saved schema of a built-in project.

    Raises:
        ProjectError: when the spans are not valid, there are no files, or the quarantine has no rules.
        InputDataError: when a span was not delivered and project.yml does not let it be skipped.
    """

    SPEC_CLASS = _Spec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ExamplesExecutor)

    def __init__(
        self,
        project: Project,
        train_spans: str = "",
        eval_spans: str = "",
        workspace: Workspace | None = None,
    ) -> None:
        inputs = project.inputs(train_spans, eval_spans)
        quarantine = quarantine_of(workspace, project)
        outputs = {"examples": types.Channel(type=standard_artifacts.Examples)}
        if quarantine:
            outputs[QUARANTINED] = types.Channel(type=QuarantinedRows)
        spec = _Spec(
            files=to_json(map(DataFile.of, inputs.files)),
            reading=FileLayout.of(project).to_json(),
            quarantine=quarantine.to_json() if quarantine else "",
            missing=inputs.missing,
            **outputs,
        )
        super().__init__(spec)
        self.with_id("ExampleGen")


def hash_split(record: bytes) -> str:
    """Return the split of a record as stock ExampleGen assigns these bytes by default (2 to 1 by SHA-256)."""
    bucket = int.from_bytes(hashlib.sha256(record).digest(), "big") % _HASH_BUCKETS[-1]
    return SPLITS[bisect.bisect(_HASH_BUCKETS, bucket)]


def split_writer(root: Path, split: str) -> Any:
    """Open the file of one split in the folder of an Examples artifact; the caller closes it."""
    folder = root / f"Split-{split}"  # the name that artifact_utils.get_split_uri expects
    folder.mkdir(parents=True, exist_ok=True)
    return tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001.gz"), _GZIP)
