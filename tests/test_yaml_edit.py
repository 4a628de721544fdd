"""A value is set, and every other byte stays."""

from __future__ import annotations

import pytest
import yaml

from kit.yaml_edit import with_value

TEXT = """\
# Mine.
name: shop   # as the folder

checks:      # of the data
  # the label
  label_rates: warn   # a day without may be right
  drift: {default: 0.2, features: {age: 0.1}}  # as proposed
gates: []
"""


@pytest.mark.parametrize(
    ("path", "value", "line"),
    [
        (
            ("checks", "drift", "features", "age"),
            0.3,
            "  drift: {default: 0.2, features: {age: 0.3}}  # as proposed",
        ),
        (
            ("checks", "drift", "features", "città: x"),
            1,
            "features: {'città: x': 1, age: 0.1}}  # as proposed",
        ),
        (("checks", "drift", "features"), {}, "  drift: {default: 0.2, features: {}}  # as proposed"),
        (("checks", "label_rates"), "block", "  label_rates: block   # a day without may be right"),
        (("checks", "volume"), "block", "  volume: block"),
        (("checks", "other", "deep"), {"a": 1}, "    deep:"),
        (("new", "deep"), 1, "new:\n  deep: 1"),
    ],
)
def test_one_value_is_set_and_all_other_lines_stay(path: tuple[str, ...], value: object, line: str) -> None:
    changed = with_value(TEXT, path, value)
    assert line in changed
    expected = yaml.safe_load(TEXT)
    place = expected
    for key in path[:-1]:
        place = place.setdefault(key, {})
    place[path[-1]] = value
    assert yaml.safe_load(changed) == expected
    before = [one for one in TEXT.splitlines() if one not in changed.splitlines()]
    assert len(before) <= 1  # all other lines are there as they were
    assert changed.count("#") == TEXT.count("#")


def test_into_a_section_without_entries() -> None:
    assert with_value("checks: {}\n", ("checks", "drift"), 1) == "checks: {drift: 1}\n"


@pytest.mark.parametrize(
    ("path", "why"),
    [(("name", "drift"), "name is not a mapping"), (("checks",), "checks is a block of lines")],
)
def test_what_cannot_be_set(path: tuple[str, ...], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        with_value(TEXT, path, 1)
