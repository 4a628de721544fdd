"""A project for a file of more rows or labels than are looked at."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kit.errors import InputDataError
from kit.new import sample

from .shop import ROWS, make, shop


def test_a_large_file_is_looked_at_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "MOST_ROWS", 100)
    created = make(tmp_path, pd.concat([shop()] * 20))
    assert created.rows_seen == 100
    assert 0.7 < created.rows_in_files / (20 * ROWS) < 1.4
    assert "the first 100 of about" in created.table()


def test_the_labels_of_all_rows_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "MOST_ROWS", 100)
    table = pd.concat([shop(bought=name) for name in ("ham", "jam", "egg")])  # sorted, as an export may be
    created = make(tmp_path, table)
    assert created.label.classes == ("egg", "ham", "jam")
    assert created.label.shares == (1 / 3, 1 / 3, 1 / 3)
    assert created.rows_in_files == 3 * ROWS


def test_a_label_that_is_missing_further_on_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sample, "MOST_ROWS", 100)
    with pytest.raises(InputDataError, match="it is missing in 120 of 240 rows"):
        make(tmp_path, pd.concat([shop(), shop(bought="")]))


def test_a_label_of_many_amounts_is_looked_at_in_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample, "MOST_ROWS", 100)
    monkeypatch.setattr(sample, "MOST_VALUES", 30)
    created = make(tmp_path, shop(bought=[i / 4 for i in range(ROWS)]))
    assert created.label.task == "regression"
    assert created.label.mean == sum(i / 4 for i in range(100)) / 100
