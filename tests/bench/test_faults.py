"""The measurement of the faults, at small size: two of them, and one seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.bench import faults
from kit.faults.catalogue import FAULTS


def test_each_fault_has_a_figure_with_a_twentieth_as_goal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    few = {name: FAULTS[name] for name in ("duplicated-rows", "shuffled-column")}
    monkeypatch.setattr(faults, "FAULTS", few)
    monkeypatch.setattr(faults, "_SEEDS", (7,))
    one, other = faults.faults(tmp_path)
    assert one.to_values() == {
        "name": "duplicated-rows: smallest share of rows caught",
        "value": 0.025,
        "unit": "%",
        "goal": 5.0,
        "ok": True,
        "peer": None,
        "measured": None,
    }
    assert 0.025 < other.value <= 5.0


def test_a_fault_that_nothing_catches_misses_its_goal(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Blind:
        def __init__(self, *_: object) -> None: ...
        def smallest(self, *_: object) -> None: ...

    monkeypatch.setattr(faults, "Lab", Blind)
    figures = list(faults.faults(tmp_path))
    assert len(figures) == len(FAULTS)
    assert {(figure.value, figure.ok) for figure in figures} == {(100.0, False)}
