"""Texts are counted as TFDV counts them through Beam, however many there are and however the rows come."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from tensorflow_data_validation import types
from tensorflow_data_validation.utils import top_k_uniques_stats_util as util

from kit.data import counts
from kit.data.statistics import Accumulated

TEXTS = 30_000  # more than TFDV's sketches hold
OPTIONS = tfdv.StatsOptions()


def as_stock(texts: list[bytes]) -> str:
    """Return what TFDV writes of exact counts, all of them."""
    counted = Counter(texts)
    pairs = [util.FeatureValueCount(text, count) for text, count in counted.items()]
    stats = util.make_feature_stats_proto_topk_uniques(
        types.FeaturePath(["who"]),
        OPTIONS.num_top_values,
        OPTIONS.num_rank_histogram_buckets,
        len(counted),
        pairs,
    ).string_stats
    return str((stats.unique, stats.top_values, stats.rank_histogram))


def found(accumulated: Accumulated) -> str:
    [dataset] = accumulated.statistics().datasets
    [stats] = [feature.string_stats for feature in dataset.features]
    return str((stats.unique, stats.top_values, stats.rank_histogram))


def batch(texts: list[bytes]) -> pa.RecordBatch:
    return pa.record_batch({"who": pa.array([[text] for text in texts], pa.list_(pa.binary()))})


@pytest.mark.parametrize("waiting", [1, 700, 1_000_000], ids=["each batch", "some batches", "the end"])
def test_many_texts_in_batches_and_apart(waiting: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "_WAITING", waiting)
    draw = np.random.default_rng(1)
    numbers = np.concatenate(
        [np.arange(TEXTS), draw.zipf(1.3, 20_000) % TEXTS]
    )  # with many that are as frequent
    texts = [b"user %d" % number for number in draw.permutation(numbers)] + [b"\xff\xfe"] * 40
    one, other = Accumulated(), Accumulated()
    for number, start in enumerate(range(0, len(texts), 4_000)):
        (one, other)[number % 2].add(batch(texts[start : start + 4_000]))
    one.merge(other)
    expected = as_stock(texts)
    assert f"({TEXTS + 1}," in expected
    assert found(one) == expected


def test_what_was_merged_can_still_give_its_own() -> None:
    one, other = Accumulated(), Accumulated()
    one.add(batch([b"a", b"b"]))
    other.add(batch([b"b", b"c"]))
    one.merge(other)
    assert found(other) == as_stock([b"b", b"c"])
    assert found(one) == as_stock([b"a", b"b", b"b", b"c"])


def test_a_column_without_values() -> None:
    accumulated = Accumulated()
    accumulated.add(pa.record_batch({"who": pa.array([None, []], pa.list_(pa.binary()))}))
    [dataset] = accumulated.statistics().datasets
    assert [feature.string_stats.unique for feature in dataset.features] == [0]
