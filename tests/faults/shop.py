"""A shop's deliveries, a file a day, with a column of every kind, and the project that reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from kit.project import Project
from kit.project.read import read_project_file

DAY_SECONDS = 86_400
ROWS = 400
COLUMNS: dict[str, Any] = {
    "order": "key",
    "time": "timestamp",
    "day": "date",
    "amount": "number",
    "pieces": {"kind": "number", "dtype": "int"},
    "city": "category",
    "desk": {"kind": "category", "dtype": "int"},
    "note": "text",
    "seen": "sequence",
    "till": "ignore",
    "bought": {"kind": "label", "dtype": "int"},
}


def day(span: int, rows: int = ROWS) -> pd.DataFrame:
    """Return the rows of one day; some cells of every column that may miss one are empty."""
    draw = np.random.default_rng(span)
    city = draw.choice(["Rom", "東京", "Ulm"], rows)
    frame = pd.DataFrame(
        {
            "order": [f"o{span}-{row}" for row in range(rows)],
            "time": span * DAY_SECONDS + np.sort(draw.integers(0, DAY_SECONDS, rows)),
            "day": f"2026-01-{span:02}",
            "amount": draw.gamma(4, 5, rows).round(2),
            "pieces": draw.integers(1, 9, rows),
            "city": city,
            "desk": draw.integers(1, 4, rows),
            "note": [f'says "{word}", twice' for word in draw.choice(["yes", "no"], rows)],
            "seen": [" ".join(draw.choice(list("abc"), 2)) for _ in range(rows)],
            "till": [f"0{number}" for number in draw.integers(10, 99, rows)],
            "bought": (draw.random(rows) < np.where(city == "Ulm", 0.5, 0.2)).astype(int),
        }
    )
    frame.loc[::50, "amount"] = np.nan
    frame.loc[::40, "city"] = None
    return frame


def write(folder: Path, files: str, spans: dict[str, str], *, last: int = 7, **data: str) -> Project:
    """Write the project `shop` with a file for each of the days; returns it.

    Args:
        folder: in which the project's folder is made.
        files: the pattern, from the project's folder.
        spans: train_spans and eval_spans.
        last: number of the last day; the first is 1.
        data: more of the section `data`.
    """
    project = folder / "shop"
    project.mkdir()
    for span in range(1, last + 1):
        name = files.replace("{SPAN}", str(span)).replace("{DD}", f"{span:02}")
        path = project / name.replace("{YYYY}", "2026").replace("{MM}", "01")
        path.parent.mkdir(parents=True, exist_ok=True)
        frame = day(span)
        if data.get("format") == "parquet":
            frame.to_parquet(path, index=False)
        else:
            frame.to_csv(path, index=False, sep=data.get("delimiter", ","))
    content = {
        "name": "shop",
        "task": "binary",
        "label": "bought",
        "data": {"files": files, **spans, **data},
        "columns": COLUMNS,
        "slices": [["city"]],
    }
    (project / "project.yml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    for part in ("features.py", "model.py"):
        (project / part).write_text("")
    return Project(
        project, read_project_file(project / "project.yml")
    )  # not importable: each test has its own
