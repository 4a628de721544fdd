"""How an evaluation names what is in it: its models, and what Evaluator counts beside the metrics of project.yml."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

CANDIDATE = "candidate"
BASELINE = "baseline"
EXAMPLE_COUNT = "example_count"
POSITIVE_SHARE = "positive_share"


def slice_title(key: Iterable[tuple[str, Any]]) -> str:
    """Return how a view names a slice, such as `device: mobile, region: north`.

    Args:
        key: its columns with their values, in their order; none: all rows.
    """
    return ", ".join(f"{column}: {value}" for column, value in key) or "All rows"
