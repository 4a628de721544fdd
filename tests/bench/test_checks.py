"""The benchmark of the checks measures what it says, at small size."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.bench import checks


def test_the_figures_of_small_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "_SIZES", (1_500, 3_000))
    monkeypatch.setattr(checks, "_PEER_ROWS", 3_000)
    figures = {figure.name: figure for figure in checks.checks(tmp_path)}
    ratio = figures["all checks over stock statistics and validation, 3,000 rows"]
    assert ratio.measured is not None
    assert ratio.peer is not None
    assert ratio.value == pytest.approx(ratio.measured / ratio.peer)
    assert ratio.ok
    speed = figures["all checks of 3,000 rows"]
    assert speed.value == pytest.approx(3_000 / ratio.measured)
    assert 200 < figures["all checks of 3,000 rows, peak memory"].value < 4_000
    assert figures["all checks, time for ten times the rows"].value < 12
