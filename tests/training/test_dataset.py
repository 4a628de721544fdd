"""Rows come all of them, in the order of the files or shuffled anew in every epoch, from memory or from files."""

from __future__ import annotations

import gzip
import math
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from kit.data.records import read_records
from kit.data.tfrecords import plainly
from kit.training import dataset, streamed
from kit.training.streamed import uncompressed_megabytes

if TYPE_CHECKING:
    from training.tiny import Tiny

SCALED = "came_xf"  # a number that hardly two rows share


@pytest.fixture(scope="module")
def output(tiny: Tiny) -> tft.TFTransformOutput:
    return tft.TFTransformOutput(str(tiny.path("Transform", "transform_graph")))


def written(folder: Path, split: str) -> list[float]:
    examples = [tf.train.Example.FromString(record) for record in read_records(folder, split)]
    return [example.features.feature[SCALED].float_list.value[0] for example in examples]


def load(pattern: Path, output: Any, label_key: str, **options: Any) -> dataset.Rows:
    return dataset.load([str(pattern)], output, label_key, **options)


def seen(rows: Iterable[Any]) -> list[float]:
    return [value for features, *_ in rows for value in features[SCALED].numpy().ravel().tolist()]


@pytest.fixture(params=[dataset.MEMORY_MB, 0], ids=["memory", "streamed"])
def memory_mb(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))  # where streamed rows keep their records
    return int(request.param)


@pytest.fixture
def rows(tiny: Tiny, output: Any, memory_mb: int) -> dataset.Rows:
    folder = tiny.path("Transform", "transformed_examples")
    return load(folder / "Split-train" / "*", output, tiny.project.label_key, memory_mb=memory_mb)


def test_all_rows_are_loaded_in_the_order_of_the_files(
    tiny: Tiny, output: Any, tmp_path: Path, memory_mb: int
) -> None:
    folder = tiny.path("Transform", "transformed_examples")
    [file] = (folder / "Split-train").iterdir()
    for name in ("b.gz", "a.gz"):
        shutil.copy(file, tmp_path / name)
    (tmp_path / "c.gz").write_bytes(gzip.compress(b""))
    once = written(folder, "train")
    rows = load(tmp_path / "*.gz", output, tiny.project.label_key, memory_mb=memory_mb)
    assert rows.count == 2 * len(once)
    found = seen(rows.pieces())
    assert sorted(found) == sorted(once + once)
    if memory_mb:
        assert found == once + once


def test_a_model_py_may_ask_for_batches_of_its_own(
    rows: dataset.Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset, "_PIECE_ROWS", 7)
    monkeypatch.setattr(streamed, "_READ_ROWS", 7)
    batches = list(dataset.of_project(rows).batch(16))
    assert [len(label) for _, label in batches] == [
        *[16] * (rows.count // 16),
        *([rows.count % 16] if rows.count % 16 else []),
    ]
    assert seen(batches) == seen(rows.pieces())


def test_rows_larger_than_the_memory_for_them_are_streamed(rows: dataset.Rows, memory_mb: int) -> None:
    assert type(rows).__name__ == ("MemoryRows" if memory_mb else "StreamedRows")


def test_the_size_of_the_examples_is_the_uncompressed_one(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(gzip.compress(bytes(3_000_000)))
    (tmp_path / "none").write_bytes(gzip.compress(b""))
    files = [str(path) for path in tmp_path.iterdir()]
    assert uncompressed_megabytes(files) == pytest.approx(3.0, abs=0.001)


def test_the_label_is_no_feature(rows: dataset.Rows, output: Any) -> None:
    for batches in (rows.pieces(), rows.once(8), rows.epochs(8, seed=1)):
        features, label = batches.element_spec
        assert set(features) == set(output.transformed_feature_spec()) - {"bought_xf"}
        assert label.dtype == tf.int64


def test_batches_have_every_row_once_and_the_last_one_the_rest(rows: dataset.Rows) -> None:
    batches = rows.once(64)
    assert seen(batches) == seen(rows.pieces())
    sizes = [int(label.shape[0]) for _, label in batches]
    assert sizes == [64] * (rows.count // 64) + [rows.count % 64]
    assert int(batches.cardinality()) == len(sizes)


def epochs(rows: dataset.Rows, how_many: int, first: int = 0, seed: int = 1) -> list[list[float]]:
    steps = math.ceil(rows.count / 64)
    batches = iter(rows.epochs(64, seed, first))
    return [seen([next(batches) for _ in range(steps)]) for _ in range(how_many)]


def test_the_end_of_no_iterator_waits_for_a_tuner(rows: dataset.Rows) -> None:
    for batches in (rows.pieces(), rows.once(7), rows.epochs(7, seed=1)):
        assert batches.options().autotune.enabled is False


def test_a_seed_shuffles_all_rows_anew_in_every_epoch(rows: dataset.Rows) -> None:
    in_order = seen(rows.pieces())
    first, second = epochs(rows, 2)
    assert sorted(first) == sorted(second) == sorted(in_order)
    assert len({tuple(first), tuple(second), tuple(in_order)}) == 3
    # A row of the first batch comes from anywhere.
    places = [in_order.index(value) for value in first[:64]]
    assert max(places) > rows.count * 0.8
    assert min(places) < rows.count * 0.2


def test_an_epoch_follows_from_the_seed_and_its_number_alone(rows: dataset.Rows) -> None:
    both = epochs(rows, 3)
    assert epochs(rows, 1, first=2) == both[2:]
    assert epochs(rows, 1, seed=2) != both[:1]


def test_the_order_of_rows_is_even(tiny: Tiny, output: Any) -> None:
    folder = tiny.path("Transform", "transformed_examples")
    rows = load(folder / "Split-train" / "*", output, tiny.project.label_key)
    assert isinstance(rows, dataset.MemoryRows)
    few = dataset.MemoryRows({"row": tf.range(5)}, tf.range(5))
    batches = iter(few.epochs(5, seed=3))
    counts = np.zeros((5, 5))
    for _ in range(2_000):
        counts[np.arange(5), next(batches)[1].numpy()] += 1
    # Each row is at each place 400 times, give or take 18; six of those are never met by chance.
    assert np.abs(counts - 400).max() < 108


def test_the_time_of_a_batch_is_that_of_the_pipeline_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(dataset, "time", SimpleNamespace(perf_counter=lambda: now[0]))

    def wait(row: Any) -> Any:
        now[0] += 0.01
        return row

    slow = tf.data.Dataset.range(100).map(lambda row: tf.numpy_function(wait, [row], tf.int64))
    alone = slow.with_options(plainly())  # nothing is made ahead
    assert dataset.seconds_a_batch(alone) == pytest.approx(0.01)
    assert now[0] < 0.1, "a fraction of a second is enough"
