from __future__ import annotations

import json

import pytest

from widgets.parts.budget import fit, stored_bytes
from widgets.parts.markup import Markup


def _short(item: str) -> Markup:
    return Markup(item)


def _long(item: str) -> Markup:
    return Markup(item * 3)


@pytest.mark.parametrize(
    ("limit", "rows", "with_level"),
    [
        (0, (), (0, 0)),
        (1, ("a",), (1, 0)),
        (3, ("a", "b", "c"), (3, 0)),
        (6, ("aaa", "b", "c"), (3, 1)),
        (9, ("aaa", "bbb", "ccc"), (3, 3)),
    ],
)
def test_all_rows_come_before_details_of_the_first(
    limit: int, rows: tuple[str, ...], with_level: tuple[int, ...]
) -> None:
    fitted = fit(["a", "b", "c"], [_short, _long], limit)
    assert fitted.rows == rows
    assert fitted.with_level == with_level
    assert sum(map(stored_bytes, fitted.rows)) <= limit


def test_bytes_are_those_of_a_notebook_file() -> None:
    text = '<b class="x">größe 国</b>'
    assert stored_bytes(text) == len(json.dumps(text, ensure_ascii=False).encode()) - len('""')
