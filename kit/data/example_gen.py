"""ExampleGen for a project's files: spans or one file, CSV or Parquet, cached by content."""

from __future__ import annotations

import bisect
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, standard_artifacts

from kit.data.files import read_batches
from kit.project import Project
from kit.project_file import Column
from kit.steps.progress import report

SPLITS = ("train", "eval")
# Stock TFX puts two hash buckets of three into train and one into eval.
_HASH_BUCKETS = (2, 3)
_GZIP = tf.io.TFRecordOptions(compression_type="GZIP")


class _Spec(types.ComponentSpec):
    PARAMETERS = {  # noqa: RUF012  TFX's own form
        "files": types.component_spec.ExecutionParameter(type=str),
        "reading": types.component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, Any] = {}  # noqa: RUF012
    OUTPUTS = {"examples": types.component_spec.ChannelParameter(type=standard_artifacts.Examples)}  # noqa: RUF012


class ExamplesExecutor(base_executor.BaseExecutor):
    """Writes one gzipped TFRecord file of tf.Examples a split, in the order of the files."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del input_dict
        [examples] = output_dict["examples"]
        examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
        reading = json.loads(exec_properties["reading"])
        columns = {name: Column.model_validate(column) for name, column in reading["columns"].items()}
        writers = {split: split_writer(Path(examples.uri), split) for split in SPLITS}
        rows = 0
        for file in json.loads(exec_properties["files"]):
            batches = read_batches(
                Path(file["path"]), reading["format"], reading["delimiter"], columns, reading["label"]
            )
            for batch in batches:
                for record in encode(batch):
                    writers[file["split"] if file["split"] in writers else hash_split(record)].write(record)
                rows += batch.num_rows
                report(f"{rows:,} rows")
        for writer in writers.values():
            writer.close()


class ProjectExampleGen(base_component.BaseComponent):
    """Reads a project's files into the splits train and eval.

    The digest of every file is a property of the execution, so a file with the same bytes is a cache hit wherever and
    whenever it was delivered.
    """

    SPEC_CLASS = _Spec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(ExamplesExecutor)

    def __init__(self, project: Project, train_spans: str = "", eval_spans: str = "") -> None:
        files = [
            {"path": str(file.path), "split": file.split, "span": file.span, "sha256": _digest(file.path)}
            for file in project.input_files(train_spans, eval_spans)
        ]
        reading = {
            "format": project.spec.data.format,
            "delimiter": project.spec.data.delimiter,
            "columns": {name: column.model_dump() for name, column in project.columns.items()},
            "label": project.label,
        }
        spec = _Spec(
            files=json.dumps(files),
            reading=json.dumps(reading),
            examples=types.Channel(type=standard_artifacts.Examples),
        )
        super().__init__(spec)
        self.with_id("ExampleGen")


def encode(batch: pa.RecordBatch) -> Iterator[bytes]:
    """Serialise rows as tf.Examples, deterministically: the hash split looks at the bytes.

    A missing value is a feature without a kind, which TFDV counts as missing. Stock TFX writes an empty list of the
    column's kind, which TFDV counts as present: a column that is half empty would pass a schema that demands 95%.
    """
    columns = [
        (field.name, _LIST_OF[field.type], batch.column(field.name).to_pylist()) for field in batch.schema
    ]
    for row in range(batch.num_rows):
        example = tf.train.Example()
        features = example.features.feature
        for name, list_name, values in columns:
            feature, value = features[name], values[row]
            if value is not None:
                kind = getattr(feature, list_name).value
                kind.append(value.encode() if isinstance(value, str) else value)
        yield example.SerializeToString(deterministic=True)


_LIST_OF = {pa.int64(): "int64_list", pa.float32(): "float_list", pa.string(): "bytes_list"}


def hash_split(record: bytes) -> str:
    """Return the split of a record, as stock ExampleGen's default partition does of these bytes (2 to 1 by SHA-256)."""
    bucket = int(hashlib.sha256(record).hexdigest(), 16) % _HASH_BUCKETS[-1]
    return SPLITS[bisect.bisect(_HASH_BUCKETS, bucket)]


def split_writer(root: Path, split: str) -> Any:
    """Open the file of one split in the folder of an Examples artifact; the caller closes it."""
    folder = root / f"Split-{split}"  # the name that artifact_utils.get_split_uri expects
    folder.mkdir(parents=True, exist_ok=True)
    return tf.io.TFRecordWriter(str(folder / "data_tfrecord-00000-of-00001.gz"), _GZIP)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
