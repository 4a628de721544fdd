"""The "where the time went" section of the report: a table, and nested bars that need no JavaScript."""

from __future__ import annotations

import html
from pathlib import Path

from kit.batch.record import RunRecord
from kit.batch.times import ALL_KINDS, Frame, flame, times_of
from kit.translation.labels import label

COLOURS = {
    "kernel start": "#8d99ae",
    "imports": "#c9a227",
    "I/O": "#5b8e7d",
    "TensorFlow": "#d1603d",
    "Beam graph": "#6a4c93",
    "Beam execution": "#1982c4",
    "waiting": "#b8b8b8",
    "other": "#dcd6cc",
}
_DARK = {"TensorFlow", "Beam graph", "Beam execution", "I/O"}  # backgrounds that need white text
_DEEPEST = 14
_NO_BREAK = "\N{NO-BREAK SPACE}"
_STYLE = (
    ".flame div { min-width: 0; overflow: hidden } .flame .row { display: flex } .flame .bar { border: 1px solid #fff; "
    "border-radius: 2px; font-size: 11px; line-height: 17px; height: 17px; white-space: nowrap; overflow: hidden; "
    "text-overflow: ellipsis; padding: 0 3px; box-sizing: border-box } .key { padding: 1px 6px; margin-right: 6px; "
    "border-radius: 2px; font-size: 12px }"
)


def times_section(record: RunRecord, folder: Path) -> str:
    """Return the section; empty when nothing ran."""
    lines = times_of(record, folder)
    if not lines:
        return ""
    kinds = [kind for kind in ALL_KINDS if any(line.kinds.get(kind) for line in lines)]
    rows = "".join(
        f"<tr><td>{html.escape((line.step and f'·{_NO_BREAK}{line.step}') or line.notebook)}</td>"
        f'<td class="number">{line.seconds:.1f}</td>'
        + "".join(f'<td class="number">{_number(line.kinds.get(kind, 0.0))}</td>' for kind in kinds)
        + "</tr>"
        for line in lines
    )
    numbers = "".join(f'<th class="number">{html.escape(name)}</th>' for name in (label("all"), *kinds))
    keys = "".join(f'<span class="key" style="{_colours(kind)}">{html.escape(kind)}</span>' for kind in kinds)
    return (
        f"<details><summary>{label('Where the time went')}</summary><style>{_STYLE}</style>"
        f"<table><tr><th>{html.escape(label('seconds of'))}</th>{numbers}</tr>{rows}</table>"
        f'<p>{keys}</p><div class="flame">{_bar(flame(record, folder), 0)}</div></details>'
    )


def _bar(frame: Frame, depth: int) -> str:
    told = html.escape(f"{frame.name}: {frame.seconds:.2f} s, {frame.kind}")
    bar = f'<div class="bar" style="{_colours(frame.kind)}" title="{told}">{html.escape(frame.name)}</div>'
    if not frame.children or depth >= _DEEPEST:
        return bar
    whole = max(frame.seconds, sum(child.seconds for child in frame.children))
    below = "".join(
        f'<div style="width: {child.seconds / whole:.3%}">{_bar(child, depth + 1)}</div>'
        for child in frame.children
    )
    return f'{bar}<div class="row">{below}</div>'


def _colours(kind: str) -> str:
    return f"background: {COLOURS[kind]}; color: {'#fff' if kind in _DARK else '#1c1c1c'}"


def _number(seconds: float) -> str:
    return f"{seconds:.1f}" if seconds >= 0.05 else ""  # noqa: PLR2004  what rounds to something
