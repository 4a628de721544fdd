"""Expressions say what TFDV's statistics say, and cannot do anything else."""

from __future__ import annotations

import re

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from kit.checks.expressions import check_expression, evaluate, measured


@pytest.fixture
def age() -> statistics_pb2.FeatureNameStatistics:
    feature = statistics_pb2.FeatureNameStatistics(name="age")
    feature.num_stats.min, feature.num_stats.max, feature.num_stats.mean = 18, 76, 40.5
    feature.num_stats.common_stats.num_missing = 3
    return feature


@pytest.mark.parametrize(
    ("expression", "holds"),
    [
        ("feature.num_stats.min >= 0", True),
        ("feature.num_stats.min > 18", False),
        ("feature.num_stats.max BETWEEN 70 AND 80 AND NOT feature.num_stats.mean > 41", True),
        ("feature.num_stats.common_stats.num_missing = 3", True),
        ("feature.num_stats.mean < 2 * feature_base.num_stats.mean", True),
        ("abs(feature.num_stats.mean - feature_base.num_stats.mean) > 1 -- a comment\n", False),
        ("feature.name = 'age' and 'feature.no.field' <> ''", True),
        ("feature.string_stats.unique < 5", None),
        ("feature.num_stats.min / 0 > 1", None),
    ],
)
def test_an_expression_holds_or_not_or_cannot_be_told(
    expression: str, holds: bool | None, age: statistics_pb2.FeatureNameStatistics
) -> None:
    check_expression(expression)
    assert evaluate(expression, {"feature": age, "feature_base": age}) is holds


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("1 = 1", "an expression is about feature or feature_base"),
        ("feature.num_stats.min >", "must be an expression of SQL, but is not"),
        (
            "feature.num_stats.minimum > 0",
            "feature.num_stats has no single value 'minimum'; it has common_stats, mean",
        ),
        ("feature.num_stats > 0", "feature.num_stats is not a value, but has some: common_stats, mean"),
        ("feature > 0", "feature is not a value, but has some: name"),
        ("feature.num_stats.histograms > 0", "no single value 'histograms'"),
        ("feature.name.length > 0", "feature.name has no single value 'length'; it has no fields"),
        ("feature.num_stats.min > 0); DROP TABLE x; --", "but is not"),
        ("feature.num_stats.min > (SELECT count(*) FROM sqlite_master)", "but is not"),
        (
            "(WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x FROM r) SELECT x FROM r) > feature.num_stats.min",
            "not",
        ),
        ("load_extension(feature.name)", "but is not"),
        ("feature.num_stats.min, 1", "but is not"),
    ],
)
def test_what_is_refused(expression: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        check_expression(expression)


def test_the_values_behind_it(age: statistics_pb2.FeatureNameStatistics) -> None:
    expression = "feature.num_stats.min >= feature_base.num_stats.min"
    assert measured(expression, {"feature": age}) == {
        "feature.num_stats.min": 18,
        "feature_base.num_stats.min": None,
    }
