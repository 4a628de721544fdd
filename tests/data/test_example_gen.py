"""Examples are those of stock TFX but for missing values, and are split by its rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tfx.components.example_gen.base_example_gen_executor import _PartitionFn
from tfx.components.example_gen.csv_example_gen.component import CsvExampleGen
from tfx.proto import example_gen_pb2
from valid_projects import SMALL, altered

from kit.data.encoding import encode
from kit.data.example_gen import SPLITS, ProjectExampleGen, hash_split
from kit.data.records import count_records, first_records, read_records
from kit.errors import InputDataError
from kit.project import Project
from kit.project.file import Column
from kit.session import Session
from kit.workspace import Workspace

FAST = settings(max_examples=50)
WHOLE = st.none() | st.integers(-(2**63), 2**63 - 1)
FLOATS = st.none() | st.floats(width=32)
TEXTS = st.none() | st.text(st.characters(exclude_categories=["Cs"]))
ROWS = st.lists(st.tuples(WHOLE, FLOATS, TEXTS), min_size=1, max_size=20)


def as_batch(rows: list[tuple[Any, ...]]) -> pa.RecordBatch:
    types = (pa.int64(), pa.float32(), pa.string())
    arrays = [pa.array(cells, kind) for cells, kind in zip(zip(*rows, strict=True), types, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, names=["age", "price", "city"])


@FAST
@given(ROWS)
def test_every_row_is_split_as_stock_tfx_splits_it(rows: list[tuple[Any, ...]]) -> None:
    for record in encode(as_batch(rows)):
        example = tf.train.Example.FromString(record)
        stock = _PartitionFn(example, 2, [2, 3], example_gen_pb2.SplitConfig())
        assert hash_split(record) == SPLITS[stock]


def test_two_rows_of_three_are_trained_on() -> None:
    records = list(encode(as_batch([(number, None, None) for number in range(3000)])))
    assert sum(hash_split(record) == "train" for record in records) == pytest.approx(2000, abs=100)


def small_project(folder: Path, data: str, text: str = SMALL) -> Project:
    folder.mkdir(parents=True)
    for part, content in {"project.yml": text, "features.py": "", "model.py": ""}.items():
        (folder / part).write_text(content)
    (folder / "visitors.csv").write_text(data)
    return Project.load(folder)


def test_a_missing_value_is_a_feature_without_values(tmp_path: Path) -> None:
    project = small_project(tmp_path / "shop", "age,city,bought\n,Oslo,1\n")
    session = Session(Workspace(tmp_path / "ws"), project)
    session.run(ProjectExampleGen(project))
    examples = session.path("ExampleGen", "examples")
    [record] = [record for split in SPLITS for record in read_records(examples, split)]
    assert set(tf.train.Example.FromString(record).features.feature) == {"age", "city", "bought"}


def test_the_same_bytes_at_another_time_are_a_cache_hit_and_other_bytes_are_not(tmp_path: Path) -> None:
    project = small_project(tmp_path / "shop", "age,city,bought\n" + "1,Oslo,1\n" * 9)
    session = Session(Workspace(tmp_path / "ws"), project)
    data = project.folder / "visitors.csv"

    def made() -> tuple[str, int]:
        session.run(ProjectExampleGen(project))
        examples = session.path("ExampleGen", "examples")
        return session.steps[-1].state, sum(count_records(examples, split) for split in SPLITS)

    assert made() == ("done", 9)
    data.write_bytes(data.read_bytes())
    assert made() == ("cached", 9)
    data.write_text(data.read_text() + "2,Rom,0\n")
    assert made() == ("done", 10)


def test_a_bad_file_ends_the_step_with_the_error_of_the_reader(tmp_path: Path) -> None:
    project = small_project(tmp_path / "shop", "age,city,bought\n31,Oslo,1\nold,Rom,0\n")
    session = Session(Workspace(tmp_path / "ws"), project)
    with pytest.raises(
        InputDataError, match="row 2, column age: a value of type float is expected, but 'old'"
    ):
        session.run(ProjectExampleGen(project))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_records_are_those_that_tensorflow_reads(tmp_path: Path, count: int) -> None:
    folder = tmp_path / "Split-train"
    folder.mkdir()
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    for file in ("a.gz", "b.gz"):
        with tf.io.TFRecordWriter(str(folder / file), options) as writer:
            for number in range(count):
                writer.write(f"{file}{number}".encode())
    written = [f"{file}{number}".encode() for file in ("a.gz", "b.gz") for number in range(count)]
    assert list(read_records(tmp_path, "train")) == written
    assert count_records(tmp_path, "train") == 2 * count
    assert first_records(tmp_path, "train", 3) == written[:3]


# Columns that hold whole numbers only, which stock TFX takes for integers and the project for something else.
WHOLE_IN_TAXI = ("pickup_census_tract", "dropoff_census_tract", "dropoff_community_area", "trip_seconds")


def as_ours(record: bytes) -> bytes:
    """Give an example of stock TFX our form: missing is a feature without a kind, and not an empty list."""
    example = tf.train.Example.FromString(record)
    for feature in example.features.feature.values():
        kind = feature.WhichOneof("kind")
        if kind and not getattr(feature, kind).value:
            feature.Clear()
    return bytes(example.SerializeToString(deterministic=True))


def test_the_taxi_examples_are_those_of_stock_tfx(tmp_path: Path) -> None:
    """All rows, byte for byte. Every one has a missing value, so its bytes in stock TFX, and its split, are others."""
    taxi = Project.load("chicago_taxi")
    whole = dict.fromkeys(WHOLE_IN_TAXI, Column(kind="category", dtype="int"))
    project = altered(taxi, columns=taxi.spec.columns | whole)
    [file] = project.input_files()
    session = Session(Workspace(tmp_path / "ws"), project)
    session.run(ProjectExampleGen(project))
    session.run(CsvExampleGen(input_base=str(file.path.parent)).with_id("Stock"))
    [artifact] = session.channel("Stock", "examples").get()
    ours, stock = (
        sorted(record for split in SPLITS for record in read_records(folder, split))
        for folder in (session.path("ExampleGen", "examples"), Path(artifact.uri))
    )
    assert len(ours) == 15_002
    assert ours == sorted(as_ours(record) for record in stock)
