"""The codes of a graph that TensorFlow Transform made here, whose analyzers are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from tensorflow_transform.tf_metadata import dataset_metadata, metadata_io, schema_utils

from kit.features.codes import Prober, edges_of, vocabulary_of
from kit.features.columns import fill_missing, first_tokens
from kit.features.coverage import cover
from kit.features.graph import RowGraph
from kit.features.rows import write_over

SPEC = {
    "price": tf.io.VarLenFeature(tf.float32),
    "age": tf.io.VarLenFeature(tf.int64),
    "city": tf.io.VarLenFeature(tf.string),
    "list": tf.io.VarLenFeature(tf.string),
    "code": tf.io.VarLenFeature(tf.int64),
}
EDGES = [-1.5, 0.1, np.nextafter(np.float32(0.1), np.float32(1)), 7.0]
AGES = [18.0, 29.5]
CITIES, CODES = ("Rom", "東京", "Oslo"), (7, 42, -3)


def preprocessing_fn(inputs: dict[str, Any]) -> dict[str, tf.Tensor]:
    price, age = fill_missing(inputs["price"], 0.0), fill_missing(inputs["age"], 0)
    city, code = fill_missing(inputs["city"], ""), fill_missing(inputs["code"], 0)
    words = tft.vocabulary(city, vocab_filename="city")
    items = first_tokens(inputs["list"], 4)
    return {
        "price_bucket": tft.apply_buckets(price, tf.constant([EDGES])),
        "price_z": tft.scale_to_z_score(price),
        "age_bucket": tft.apply_buckets(age, tf.constant([AGES])),
        "age_same": age,
        "age_odd": age % 2,
        "both": age + tf.cast(price, tf.int64),
        "city_place": tft.apply_vocabulary(city, words, num_oov_buckets=2),
        "city_minus": tft.apply_vocabulary(city, words),
        "list_places": tft.compute_and_apply_vocabulary(items, num_oov_buckets=1, vocab_filename="words"),
        "code_place": tft.compute_and_apply_vocabulary(
            tf.strings.as_string(code), num_oov_buckets=1, vocab_filename="codes"
        ),
    }


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> RowGraph:
    folder = tmp_path_factory.mktemp("graph")
    rows = [
        {
            "price": [place / 10 - 3],
            "age": [place],
            "city": [CITIES[place % 6 % 3].encode()],
            "list": [b" ".join([b"one", b"two"][: place % 2 + 1])],
            "code": [CODES[place % 3]],
        }
        for place in range(60)
    ]
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(SPEC))
    with beam.Pipeline(runner=FnApiRunner()) as pipeline, tft_beam.Context(temp_dir=str(folder / "temp")):
        data = pipeline | beam.Create(rows)
        function = (data, metadata) | tft_beam.AnalyzeDataset(preprocessing_fn)
        _ = function | tft_beam.WriteTransformFn(str(folder / "out"))
    metadata_io.write_metadata(metadata, str(folder / "out" / "metadata"))
    return RowGraph(folder / "out")


@pytest.fixture(scope="module")
def prober(graph: RowGraph) -> Prober:
    return Prober(graph, _record(price="1", age="20", city="Rom", list="one", code="7"))


def _record(**texts: str) -> bytes:
    return write_over(b"", texts, SPEC).record


def test_a_feature_of_two_columns_has_both_as_sources(graph: RowGraph) -> None:
    assert graph.sources["both"] == ("age", "price")
    assert graph.sources["price_bucket"] == ("price",)


def test_each_vocabulary_is_found_by_its_words(graph: RowGraph, prober: Prober) -> None:
    assert vocabulary_of(prober, graph.vocabularies()) == {
        "city_place": "city",
        "city_minus": "city",
        "list_places": "words",
        "code_place": "codes",
    }


def test_a_vocabulary_without_words_is_nobodys(prober: Prober) -> None:
    assert vocabulary_of(prober, {"empty": []}) == {}


def test_edges_are_found_to_the_last_digit(prober: Prober) -> None:
    edges = edges_of(prober, {"price": (-3.0, 9.0), "age": (0.0, 100.0)}, {})
    assert set(edges) == {"price_bucket", "age_bucket"}, "neither what is the number itself nor a remainder"
    assert edges["price_bucket"] == tuple(float(np.float32(edge)) for edge in EDGES)
    assert edges["age_bucket"] == (18, 30), "the least whole numbers above the edges"


def test_only_edges_within_the_reach_of_the_data_are_found(prober: Prober) -> None:
    assert edges_of(prober, {"price": (0.0, 3.0)}, {})["price_bucket"] == tuple(
        float(np.float32(edge)) for edge in EDGES[1:3]
    )
    assert edges_of(prober, {"price": (1.0, 3.0)}, {}) == {}
    assert edges_of(prober, {"age": (0.0, 100.0)}, {"age_bucket": "city"}) == {}


def test_what_is_counted(graph: RowGraph, tmp_path: Path) -> None:
    rows = [
        _record(city="Rom", list="one new two newer", code="8"),
        _record(city="", list="new new", code="42"),
        _record(city="Athen", list=""),
        _record(city="Rom", list="two"),
    ]
    (tmp_path / "Split-eval").mkdir()
    options = tf.io.TFRecordOptions(compression_type="GZIP")
    with tf.io.TFRecordWriter(str(tmp_path / "Split-eval" / "rows.gz"), options) as writer:
        for row in rows:
            writer.write(row)
    words = graph.vocabularies()
    sizes = {
        "city_place": len(words["city"]),
        "city_minus": len(words["city"]),
        "list_places": len(words["words"]),
        "code_place": len(words["codes"]),
    }
    found = cover(graph, tmp_path, "eval", sizes)
    for feature in ("city_place", "city_minus"):
        assert found[feature].counts[words["city"].index(b"Rom")] == 2
        assert (found[feature].outside, found[feature].total) == (1, 3), "a missing value is not counted"
    assert found["list_places"].counts.tolist() == [1, 2]
    assert (found["list_places"].outside, found["list_places"].total) == (1, 4), "padding is not counted"
    assert (found["code_place"].outside, found["code_place"].total) == (1, 2)
    assert cover(graph, tmp_path, "eval", {}) == {}
