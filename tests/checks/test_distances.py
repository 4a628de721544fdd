"""Distances are TFDV's own; what cannot be compared is left out, not called equal."""

from __future__ import annotations

import math

import pyarrow as pa
import pytest
import tensorflow_data_validation as tfdv
from tensorflow_data_validation.statistics import stats_impl
from tensorflow_metadata.proto.v0 import schema_pb2

from checks.shown import statistics
from kit.checks.distances import JENSEN_SHANNON, L_INFINITY, Distance, Statistics, distances
from kit.data.span_statistics import as_examples


def test_texts_by_the_largest_change_of_a_share() -> None:
    before, now = statistics(city=["a"] * 6 + ["b"] * 4), statistics(city=["a"] * 3 + ["b"] * 4 + ["c"] * 3)
    assert distances(before, now, ["city"]) == [Distance("city", L_INFINITY, 0.3)]


@pytest.mark.parametrize("moved", [0.0, 0.25, 0.9])
def test_numbers_by_the_divergence_of_their_histograms(moved: float) -> None:
    low, high = [0.0, 1.0], [9.0, 10.0]  # both ends, so that the histograms have the same buckets
    share = int(100 * moved)
    before, now = statistics(age=low * 100 + high), statistics(age=low * (100 - share) + high * (share + 1))
    [found] = distances(before, now, ["age"])
    assert (found.feature, found.measure) == ("age", JENSEN_SHANNON)
    p, q = [1 / 101, 100 / 101], [(share + 1) / 101, (100 - share) / 101]
    mixed = [(one + other) / 2 for one, other in zip(p, q, strict=True)]
    divergence = sum(
        part * math.log2(part / whole) / 2
        for parts in (p, q)
        for part, whole in zip(parts, mixed, strict=True)
    )
    # Each half is spread over two buckets alike, which changes nothing; TFDV estimates the counts of the buckets.
    assert found.value == pytest.approx(divergence, abs=0.005)


def test_equal_what_tfdv_reports_as_an_anomaly() -> None:
    before, now = statistics(city=["a", "b"] * 5), statistics(city=["a"] * 9 + ["b"])
    schema = tfdv.infer_schema(before)
    tfdv.get_feature(schema, "city").drift_comparator.infinity_norm.threshold = 0.01
    anomalies = tfdv.validate_statistics(now, schema, previous_statistics=before)
    [found] = distances(before, now, ["city"])
    assert f"is {found.value:g}" in anomalies.anomaly_info["city"].description


def test_what_has_no_value_or_another_type_is_left_out() -> None:
    before = statistics(age=[1, 2], city=["a", "b"], none=[None, None], code=["1", "2"])
    now = statistics(age=[1, 2], city=[None, None], none=[None, None], code=[1, 2], new=[1, 2])
    asked = ["city", "none", "code", "new", "unknown", "age"]
    assert [one.feature for one in distances(before, now, asked)] == ["age"]


def test_whole_numbers_that_a_schema_calls_categorical() -> None:
    feature = schema_pb2.Feature(name="floor", type=schema_pb2.INT)
    feature.int_domain.is_categorical = True
    options = tfdv.StatsOptions(schema=schema_pb2.Schema(feature=[feature]))

    def categorical(floors: list[int]) -> Statistics:
        generators = stats_impl.get_generators(options, in_memory=True)
        rows = as_examples(pa.RecordBatch.from_pydict({"floor": floors}))
        added = [one.add_input(one.create_accumulator(), rows) for one in generators]
        return stats_impl.extract_statistics_output(added, generators)

    [found] = distances(categorical([1, 1, 2, 2]), categorical([1, 2, 2, 2]), ["floor"])
    assert (found.measure, found.value) == (L_INFINITY, 0.25)
