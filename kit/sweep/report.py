"""The HTML report of a sweep, which opens offline: the best point, the effect of each parameter, all points."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from kit.batch.parameters import command_words
from kit.batch.plan import NOTEBOOKS
from kit.html_page import page
from kit.sweep.charts import Dot, scatter, short
from kit.sweep.records import PointRecord, SweepRecord, best_of, ordered
from kit.workspace_folders import RUNS

_STYLE = """
body { font: 15px/1.5 FONTS; max-width: 1100px; margin: 2em auto; padding: 0 1em;
       color: #1c1c1c; background: #fff }
table { border-collapse: collapse; margin: .6em 0 } .wide { overflow-x: auto }
td, th { padding: .25em .8em; text-align: left; border-bottom: 1px solid #ddd; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums } tr.best { background: #eaf5ea }
pre { background: #f6f6f6; padding: .6em; overflow-x: auto; white-space: pre-wrap }
.failed { color: #a40000; font-weight: 600 } .done { color: #17692a } .pending, .running, .stopped { color: #555 }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(300px, 1fr)); gap: 1em }
figure { margin: 0 } figcaption { font-weight: 600 } svg { width: 100%; height: auto }
svg text { font: 11px FONTS; fill: #444 } svg line { stroke: #e4e4e4 } svg .axis { stroke: #888 }
svg circle { fill: #3465a4; fill-opacity: .6 } svg circle.best { fill: #17692a; fill-opacity: 1 }
svg circle.stopped { fill: none; stroke: #3465a4 }
"""
_BEST = ' class="best"'


def as_page(record: SweepRecord, points: Sequence[PointRecord]) -> str:
    """Return the page of a sweep, finished or not."""
    best = best_of(record, list(points))
    body = [
        f"<h1>Sweep {escape(record.name)}</h1><p>{escape(summary(record, points))}</p>",
        _best(record, best),
        _charts(record, points, best),
        _table(record, points, best),
        _left_out(points),
        _settings(record),
    ]
    return page(f"Sweep {record.name}", _STYLE, "".join(body), language="en")


def summary(record: SweepRecord, points: Sequence[PointRecord]) -> str:
    """Return in a sentence or two how far a sweep is and what it has found."""
    done = [point for point in points if point.is_done]
    stopped = sum(point.was_stopped for point in points)
    left_out = sum(point.is_left_out for point in points)
    parts = [f"Points done: {len(done)} of {len(points)}"]
    parts += [f"stopped by a gate: {stopped}"] if stopped else []
    parts += [f"left out: {left_out}"] if left_out else []
    open_ = len(points) - len(done) - left_out
    parts += [f"not ended: {open_}"] if open_ else []
    said = [f"{'; '.join(parts)}."]
    best = best_of(record, list(points))
    if best and record.objective:
        value = best.metrics[record.objective.column]
        said.append(f"The best {record.objective.column} is {value:.6g}, of {_values(best)}.")
    if len(versions := {point.code for point in done}) > 1:
        said.append(
            f"The points must not be compared: {len(versions)} versions of the code ran them; results.csv says which."
        )
    return " ".join(said)


def run_command(record: SweepRecord, point: PointRecord) -> str:
    """Return the command that runs the chain with a point's values in the workspace that the sweep started from."""
    paths = [Path(name) for name in record.notebooks]
    names = [path.stem if path.parent == NOTEBOOKS else str(path) for path in paths]
    values = {**record.fixed, **point.values}
    return shlex.join(["kit", "run", *names, *command_words(values), "--workspace", record.workspace])


def _best(record: SweepRecord, best: PointRecord | None) -> str:
    if best is None:
        return ""
    return (
        f"<h2>The best point</h2><p>Point {best.number}: {escape(_values(best))}. The whole chain with its values:</p>"
        f"<pre>{escape(run_command(record, best))}</pre>"
    )


def _charts(record: SweepRecord, points: Sequence[PointRecord], best: PointRecord | None) -> str:
    objective = record.objective
    if objective is None:
        return ""
    drawn = [point for point in points if objective.column in point.metrics]
    figures = []
    for name in record.swept:
        dots = _dots(name, objective.column, drawn, best)
        if len({dot.value for dot in dots}) > 1:
            log = name in record.logarithmic
            figures.append(scatter(name, dots, objective.column, logarithmic=log))
    if not figures:
        return ""
    stopped = any(not point.ended_well for point in drawn)
    note = "<p>Circles without a filling were stopped by a gate.</p>" if stopped else ""
    return f'<h2>What each parameter does</h2>{note}<div class="charts">{"".join(figures)}</div>'


def _dots(name: str, metric: str, points: Sequence[PointRecord], best: PointRecord | None) -> list[Dot]:
    looks = ["best" if point is best else "" if point.ended_well else "stopped" for point in points]
    return [
        Dot(point.values[name], point.metrics[metric], f"point {point.number}: {point.said}", look)
        for point, look in zip(points, looks, strict=True)
        if name in point.values
    ]


def _table(record: SweepRecord, points: Sequence[PointRecord], best: PointRecord | None) -> str:
    columns = [metric.column for metric in record.metrics]
    header = ["point", *record.swept, *columns, "state", "took, s", "attempts", "where", ""]
    rows = "".join(
        f"<tr{_BEST if point is best else ''}>{_row(record, columns, point)}</tr>"
        for point in ordered(record, list(points))
    )
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    return f'<h2>All points</h2><div class="wide"><table><tr>{head}</tr>{rows}</table></div>'


def _row(record: SweepRecord, columns: Sequence[str], point: PointRecord) -> str:
    values = [short(point.values[name]) if name in point.values else "" for name in record.swept]
    found = [f"{point.metrics[name]:.6g}" if name in point.metrics else "" for name in columns]
    numbers = [str(point.number), *values, *found]
    look, words = _look(point)
    seconds = "" if point.seconds is None else f"{point.seconds:.1f}"
    where = " ".join(filter(None, [point.host, point.worker]))
    report = f"points/{point.number:04d}/ws/{RUNS}/{point.run_id}/report.html"
    link = f'<a href="{escape(report)}">its run</a>' if point.run_id else ""
    cells = [f'<td class="number">{escape(cell)}</td>' for cell in numbers]
    cells.append(f'<td><span class="{look}">{escape(words)}</span></td>')
    cells += [f'<td class="number">{escape(cell)}</td>' for cell in (seconds, str(point.attempts or ""))]
    return "".join([*cells, f"<td>{escape(where)}</td><td>{link}</td>"])


def _look(point: PointRecord) -> tuple[str, str]:
    return ("stopped", point.reason) if point.was_stopped else (point.state, point.shown_state)


def _left_out(points: Sequence[PointRecord]) -> str:
    left_out = [point for point in points if point.is_left_out]
    if not left_out:
        return ""
    rows = _items(
        f"Point {point.number} ({point.said}), after {point.attempts} attempts: {point.reason}"
        for point in left_out
    )
    return f"<h2>Left out</h2>{rows}"


def _settings(record: SweepRecord) -> str:
    facts = [
        f"Notebooks that ran once: {', '.join(Path(name).stem for name in record.shared) or 'none'}.",
        f"Notebooks of every point: {', '.join(Path(name).stem for name in record.own)}.",
        f"Parameters that all points share: {', '.join(f'{k} {short(v)}' for k, v in record.fixed.items()) or 'none'}.",
        f"Begun {record.started:%Y-%m-%d %H:%M:%S} UTC from the workspace {record.workspace}, code {record.code}.",
    ]
    return f"<h2>What was asked for</h2>{_items(facts)}"


def _items(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _values(point: PointRecord) -> str:
    return ", ".join(f"{name} {short(value)}" for name, value in point.values.items())
