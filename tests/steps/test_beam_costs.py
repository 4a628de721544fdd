"""Paying Beam's and TensorFlow Transform's costs once changes nothing that is computed."""

from __future__ import annotations

import json
from pathlib import Path

from kit import warm

from .pipelines import run


def test_stock_beam_gives_the_same(tmp_path: Path) -> None:
    calls = [
        warm.start_call(
            f"{run.__module__}:{run.__name__}", way.encode(), log_path=tmp_path / f"{way}.log", cwd=tmp_path
        )
        for way in ("stock", "paid")
    ]
    stock, paid = (call.wait(120) for call in calls)
    assert isinstance(stock, warm.CallReturned), stock
    assert isinstance(paid, warm.CallReturned), paid
    signatures, options, sums, transformed, looked_at, traces = json.loads(stock.result)
    *same, fewer_traces = json.loads(paid.result)
    assert same == [signatures, options, sums, transformed, looked_at]
    assert traces == [12, 12]
    assert fewer_traces == [3, 3]  # the columns changed twice
    assert all(columns and cache_entries for columns, *_, cache_entries in looked_at)
    assert len(signatures) == 20
    assert options == [3, True, True, False, 1]
    assert len(sums) == 7
    assert [row["word"] for row in transformed].count(0) == 3
