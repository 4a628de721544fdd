"""Half a span is found, and so is one that came twice over."""

from __future__ import annotations

import pytest

from checks.shown import findings, rows
from kit.checks.chance import Totals
from kit.checks.check import Finding
from kit.checks.rows import Rows
from kit.checks.volume import Volume


def span(number: int, count: int) -> Rows:
    return rows(number, age=[1] * count)


def judged(train: list[int], held_out: list[int]) -> list[Finding]:
    totals = Totals(())
    check = Volume(0.5, totals, lambda number: f"#{number}", "block")
    spans = [span(number, count) for number, count in enumerate([*train, *held_out], 1)]
    return findings(check, spans[: len(train)], spans[len(train) :], totals)


@pytest.mark.parametrize("count", [40, 151, 200])
def test_too_few_and_too_many_rows(count: int) -> None:
    [finding] = judged([90, 100, 300], [120, count])
    assert (finding.state, finding.subject, finding.value) == ("fail", "span #5", count)
    assert finding.expected == "50 to 150"


def test_spans_about_as_large_as_those_of_train_pass() -> None:
    assert judged([90, 100, 110], [51, 149]) == [
        Finding("volume", "as in train, about 100 rows a span", "ok")
    ]


def test_one_span_of_train_is_no_measure() -> None:
    assert judged([90], [1])[0].found == "not checked: train has fewer than 2 spans"
