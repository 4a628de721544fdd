"""Rows come in the order of the files, all of them, and shuffled anew in every epoch."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tensorflow as tf
import tensorflow_transform as tft

from kit.data.records import read_records
from kit.training import dataset

if TYPE_CHECKING:
    from training.tiny import Tiny

SCALED = "came_xf"  # a number that hardly two rows share


@pytest.fixture(scope="module")
def output(tiny: Tiny) -> tft.TFTransformOutput:
    return tft.TFTransformOutput(str(tiny.path("Transform", "transform_graph")))


def written(folder: Path, split: str) -> list[float]:
    examples = [tf.train.Example.FromString(record) for record in read_records(folder, split)]
    return [example.features.feature[SCALED].float_list.value[0] for example in examples]


def seen(rows: tf.data.Dataset) -> list[float]:
    return [value for features, _ in rows for value in features[SCALED].numpy().ravel().tolist()]


def test_all_rows_are_loaded_in_the_order_of_the_files(tiny: Tiny, output: Any, tmp_path: Path) -> None:
    folder = tiny.path("Transform", "transformed_examples")
    [file] = (folder / "Split-train").iterdir()
    for name in ("b", "a"):
        shutil.copy(file, tmp_path / name)
    (tmp_path / "c").write_bytes(gzip.compress(b""))
    once = written(folder, "train")
    rows, count = dataset.load([str(tmp_path / "*")], output, tiny.project.label_key)
    assert count == 2 * len(once)
    assert seen(rows) == once + once


def test_the_label_is_no_feature(tiny: Tiny, output: Any) -> None:
    folder = tiny.path("Transform", "transformed_examples")
    rows, _ = dataset.load([str(folder / "Split-eval" / "*")], output, tiny.project.label_key)
    features, label = rows.element_spec
    assert set(features) == set(output.transformed_feature_spec()) - {"bought_xf"}
    assert (label.shape.rank, label.dtype) == (0, tf.int64)


def numbers(count: int) -> tf.data.Dataset:
    return tf.data.Dataset.range(count)


def epoch(batches: tf.data.Dataset) -> list[int]:
    return [int(value) for batch in batches for value in batch]


def test_batches_have_every_row_once_and_the_last_one_the_rest() -> None:
    batches = dataset.batches(numbers(10), 10, 4)
    assert [batch.numpy().tolist() for batch in batches] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_seed_shuffles_all_rows_anew_in_every_epoch() -> None:
    batches = dataset.batches(numbers(100), 100, 32, seed=1)
    first, second = epoch(batches), epoch(batches)
    assert sorted(first) == sorted(second) == list(range(100))
    assert len({tuple(first), tuple(second), tuple(range(100))}) == 3


def test_the_same_seed_gives_the_same_epochs() -> None:
    one, other = (dataset.batches(numbers(100), 100, 32, seed=1) for _ in range(2))
    assert [epoch(one), epoch(one)] == [epoch(other), epoch(other)]
    assert epoch(dataset.batches(numbers(100), 100, 32, seed=2)) != epoch(one)
