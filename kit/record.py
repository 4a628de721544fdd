"""Record a number in a notebook, for comparing runs: `record("auc", 0.71)`.

It is an output of the cell, in the form of papermill's companion scrapbook (https://nteract-scrapbook.readthedocs.io),
so scrapbook reads what was recorded here, and a sweep reads what a notebook has glued with scrapbook.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MEDIA_TYPE = "application/scrapbook.scrap.json+json"


def record(name: str, value: float) -> None:
    """Record a number under a name; the last one counts.

    Raises:
        TypeError: when it is not a finite number.
    """
    from IPython.display import display  # noqa: PLC0415  the process of each point only reads, which needs none of it

    number = float(value)
    if not math.isfinite(number):
        raise TypeError(
            f"What is recorded as {name!r} must be a finite number, but is {value!r}. Record another."
        )
    scrap = {"name": name, "data": number, "encoder": "json", "version": 1}
    content = {MEDIA_TYPE: scrap, "text/plain": f"{name} = {number:g}"}
    display(content, raw=True, metadata={"scrapbook": {"name": name, "data": True, "display": False}})


def read_recorded(notebook: Path) -> dict[str, float]:
    """Return the numbers that an executed notebook has recorded, by name."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    scraps = [output.get("data", {}).get(MEDIA_TYPE) for cell in cells for output in cell.get("outputs", ())]
    return {str(scrap["name"]): float(scrap["data"]) for scrap in scraps if _is_number(scrap)}


def _is_number(scrap: Any) -> bool:
    """Whether it is a number; scrapbook keeps tables and texts as well."""
    if not isinstance(scrap, Mapping) or "name" not in scrap:
        return False
    data = scrap.get("data")
    return isinstance(data, int | float) and not isinstance(data, bool)
