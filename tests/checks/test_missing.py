"""Gaps that were not there are found; the usual ones, and those of chance, are not."""

from __future__ import annotations

import numpy as np
import pytest

from checks.shown import findings, rows
from kit.checks.chance import Totals
from kit.checks.check import Finding
from kit.checks.missing import MissingValues


def judged(train: list[str | None], held_out: list[str | None]) -> list[Finding]:
    totals = Totals(())
    check = MissingValues(["city"], 0.01, totals, "warn")
    return findings(check, rows(city=train), rows(city=held_out), totals)


def test_a_burst_of_missing_values_warns_with_its_rows() -> None:
    [finding] = judged(["a"] * 5_000, ["a"] * 970 + [None] * 30)
    assert (finding.state, finding.subject, finding.value) == ("warn", "city", 0.03)
    assert finding.found == "city: 3.00% of 1,000 rows of eval have no value, and 0.00% of train had none"
    assert len(finding.rows) == 5


def test_a_column_that_is_gone_is_missing_in_every_row() -> None:
    [finding] = judged(["a"] * 500, [None] * 100)
    assert finding.value == 1


def test_what_was_always_missing_does_not_warn() -> None:
    [finding] = judged([None, "a"] * 500, [None, "a"] * 100)
    assert finding == Finding("missing values", "as in train in the only column", "ok")


@pytest.mark.parametrize("share", [0.001, 0.03, 0.5])
def test_chance_does_not_alert(share: float) -> None:
    alerts = 0
    for seed in range(100):
        gaps = np.random.default_rng(seed).random(1_300) < share
        cells = [None if gap else "a" for gap in gaps]
        [finding] = judged(cells[:1_000], cells[1_000:])
        alerts += finding.state != "ok"
    assert alerts == 0
