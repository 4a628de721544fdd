"""What is there twice is found, over batches and splits."""

from __future__ import annotations

import pytest

from checks.shown import findings, rows
from kit.checks.check import Finding
from kit.checks.repeats import RepeatedRows, SharedKeys


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        ("abc", "none of 3"),
        ("aba", "1 of 3 rows (33.3%) equal an earlier row in every column"),
        ("aaaa", "3 of 4 rows (75.0%) equal an earlier row in every column"),
    ],
)
def test_rows_as_one_before_them_are_counted_over_batches_and_splits(seen: str, found: str) -> None:
    check = RepeatedRows("warn")
    for place, one in enumerate(seen):  # also over batches and splits
        check.add("eval" if place else "train", rows(x=[one], y=[1], z=[None]))
    [finding] = check.findings()
    assert (finding.found, finding.state) == (found, "ok" if found.startswith("none") else "warn")


def test_rows_that_differ_in_one_column_or_change_their_places() -> None:
    different = rows(x=[1, 2, 1, None], y=[2, 1, 1, 2])
    assert findings(RepeatedRows("warn"), different, rows(x=[3], y=[0]))[0].state == "ok"


def test_the_repeated_rows_are_shown() -> None:
    [finding] = findings(RepeatedRows("warn"), rows(x=["a", "b"]), rows(x=["c"] * 9))
    assert finding.rows == ({"x": "c"},) * 5


def test_keys_of_eval_that_train_has_too_are_counted() -> None:
    train, held_out = rows(key=["r1", "r1", "r2", None]), rows(key=["r3", "r2", "r2"])
    [finding] = findings(SharedKeys(["key"], "block"), train, held_out)
    assert finding.found == "key: 1 of 2 of eval are in train too, such as r2"
    assert finding.state == "fail"
    [clean] = findings(SharedKeys(["key"], "block"), train, rows(key=["r3"]))
    assert clean == Finding("shared keys", "key: none of 1 of eval is in train", "ok")


def test_a_key_that_no_row_has_is_said_not_to_be_checked() -> None:
    [finding] = findings(SharedKeys(["key"], "block"), rows(key=["r1"]), rows(key=[None]))
    assert finding.found == "key: not checked, no row of a split has it"
