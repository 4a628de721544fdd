"""A table of checks: what was looked at, what was found, and what to do."""

from __future__ import annotations

import html
from collections.abc import Sequence

_SIGNS = {"ok": "✓ ok", "warn": "! warning", "fail": "✗ failed"}

Row = tuple[str, str, str, str]


class Checks:
    """Shows rows of (name, found, state, what to do), states being `ok`, `warn` and `fail`."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = tuple(rows)

    def __repr__(self) -> str:
        return "\n".join(
            f"{_SIGNS[state]:9} {name}: {found}{f' - {todo}' if todo else ''}"
            for name, found, state, todo in self.rows
        )

    def _repr_html_(self) -> str:
        header = "".join(f"<th scope='col'>{title}</th>" for title in ("", "check", "found", "what to do"))
        body = "".join(
            "<tr>"
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in (_SIGNS[state], name, found, todo))
            + "</tr>"
            for name, found, state, todo in self.rows
        )
        return f"<table><thead><tr>{header}</tr></thead><tbody>{body}</tbody></table>"
