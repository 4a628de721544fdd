"""A small table of a shop, and a project made of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from kit.new import Created, create

ROWS = 120


def shop(**columns: Any) -> pd.DataFrame:
    base = {
        "age": [i % 60 + 18.5 for i in range(ROWS)],
        "city": ["Bonn", "Köln", "Ulm"] * 40,
        "bought": ["no", "yes"] * 60,
    }
    return pd.DataFrame(base | columns)


def make(tmp_path: Path, table: pd.DataFrame, label: str = "bought", task: str | None = None) -> Created:
    path = tmp_path / "shop.csv"
    tmp_path.mkdir(exist_ok=True)
    table.to_csv(path, index=False)
    return create("shop", path, label, tmp_path / "ws" / "projects", task=task)
