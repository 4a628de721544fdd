from __future__ import annotations

import keyword
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.new.names import safe_names


@pytest.mark.parametrize(
    ("column", "name"),
    [
        ("Age", "Age"),
        ("größe (cm)", "grosse_cm"),
        ("年齢", "column_1"),
        ("1st", "column_1st"),
        ("a/b: c", "a_b_c"),
        ("class", "column_class"),
        ("class?", "column_class"),
        ("None", "none"),
        ("self", "column_self"),
        ("Class", "Class"),
    ],
)
def test_names_are_plain(column: str, name: str) -> None:
    assert safe_names([column], []) == {column: name}


@given(st.lists(st.text(max_size=60), unique=True, max_size=20), st.text(min_size=1))
def test_all_features_have_names_of_their_own(columns: list[str], label: str) -> None:
    names = safe_names(columns, [label])
    features = [f"{name}{ending}" for name in names.values() for ending in ("", "_missing", "_hour")]
    assert len({feature.casefold() for feature in [*features, label]}) == len(features) + 1
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", feature) for feature in features)
    assert not any(keyword.iskeyword(feature) for feature in features)


def test_a_column_called_like_a_derived_feature_gets_another_name() -> None:
    assert safe_names(["age", "age_missing"], []) == {"age": "age", "age_missing": "age_missing_2"}
