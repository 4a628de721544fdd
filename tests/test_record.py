from __future__ import annotations

import json
from pathlib import Path

import pytest

from kit.record import MEDIA_TYPE, read_recorded, record


def test_the_last_number_of_a_name_counts_and_what_is_no_number_is_left_out(tmp_path: Path) -> None:
    scraps = [("auc", 0.5), ("rows", 3), ("note", "text"), ("ok", True), ("auc", 0.7)]
    outputs = [{"data": {MEDIA_TYPE: {"name": name, "data": data}}} for name, data in scraps]
    cells = [{"cell_type": "markdown"}, {"outputs": [{"output_type": "stream"}, *outputs]}]
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert read_recorded(path) == {"auc": 0.7, "rows": 3.0}


def test_what_is_not_finite_is_refused() -> None:
    with pytest.raises(TypeError, match="'loss' must be a finite number, but is nan"):
        record("loss", float("nan"))
