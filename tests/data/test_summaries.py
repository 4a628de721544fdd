"""What a view of statistics is given of drift and skew is what TFDV measured."""

from __future__ import annotations

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv

from kit.data.summaries import summarize
from widgets.statistics import Statistics


@pytest.mark.parametrize("kind", ["drift", "skew"])
def test_distances_and_their_thresholds_are_shown(kind: str) -> None:
    before = tfdv.generate_statistics_from_dataframe(pd.DataFrame({"who": ["a"] * 6 + ["b"] * 4, "age": 1.0}))
    now = tfdv.generate_statistics_from_dataframe(pd.DataFrame({"who": ["a"] * 1 + ["b"] * 9, "age": 1.0}))
    schema = tfdv.infer_schema(now)
    comparator = getattr(tfdv.get_feature(schema, "who"), f"{kind}_comparator")
    comparator.infinity_norm.threshold = 0.3
    other = {"drift": "previous_statistics", "skew": "serving_statistics"}[kind]
    validated = tfdv.validate_statistics(now, schema, **{other: before})
    summary = summarize({"now": now}, [validated])
    found = {feature["name"]: feature.get(kind) for feature in summary["features"]}
    assert found["age"] is None
    assert found["who"]["value"] == pytest.approx(0.5)
    assert (found["who"]["threshold"], found["who"]["measure"]) == (0.3, "l infty")
    assert f"{kind.capitalize()} above its threshold: who 0.5 > 0.3" in str(Statistics.of(summary))


def test_of_several_validations_the_farthest_counts() -> None:
    before = tfdv.generate_statistics_from_dataframe(pd.DataFrame({"who": ["a"] * 6 + ["b"] * 4}))
    near, far = (
        tfdv.generate_statistics_from_dataframe(pd.DataFrame({"who": ["a"] * a + ["b"] * (10 - a)}))
        for a in (5, 1)
    )
    schema = tfdv.infer_schema(before)
    tfdv.get_feature(schema, "who").drift_comparator.infinity_norm.threshold = 0.3
    validated = [tfdv.validate_statistics(s, schema, previous_statistics=before) for s in (far, near)]
    [who] = summarize({"near": near, "far": far}, validated)["features"]
    assert who["drift"]["value"] == pytest.approx(0.5)


def test_the_numbers_of_a_column_of_timestamps_are_of_the_kind_date() -> None:
    data = pd.DataFrame({"at": [1_767_225_660, 1_767_312_060], "age": [20, 30]})
    summary = summarize({"now": tfdv.generate_statistics_from_dataframe(data)}, times=["at"])
    assert {one["name"]: one["kind"] for one in summary["features"]} == {"at": "date", "age": "whole number"}
