"""One HTML page of a run that opens offline: what ran, how long, why it stopped, and the notebooks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from pathlib import Path

import nbformat
from nbconvert import HTMLExporter
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from traitlets.config import Config

from kit.batch.flame_page import times_section
from kit.batch.record import REPORT_FILE, Failure, NotebookRecord, RunRecord
from kit.html_page import page
from kit.translation.labels import label
from kit.translation.messages import html_language, in_language, parts_in_language
from kit.workspace import write_atomically

# Whatever an output asks for, the browser fetches nothing from anywhere.
_POLICY = (
    "default-src 'none'; img-src data:; font-src data:; media-src data:; "
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; frame-src data: blob:"
)
_EXTERNAL = r"""(?:https?:)?//[^\s"'>]*"""
_EXTERNAL_ELEMENT = re.compile(
    rf"<(script|iframe|object|video|audio)\b[^>]*\b(?:src|data)\s*=\s*[\"']?{_EXTERNAL}[^>]*>"
    r"(?:.*?</\1\s*>)?",
    re.IGNORECASE | re.DOTALL,
)
_EXTERNAL_TAG = re.compile(
    rf"<(?:link|img|embed|source|base)\b[^>]*\b(?:src|href)\s*=\s*[\"']?{_EXTERNAL}[^>]*>", re.IGNORECASE
)
_EXTERNAL_STYLE = re.compile(rf"@import\s+[^;]*;|url\(\s*[\"']?{_EXTERNAL}[\"']?\s*\)", re.IGNORECASE)
_STYLE = """
body { font: 15px/1.5 FONTS; max-width: 1000px; margin: 2em auto; padding: 0 1em;
       color: #1c1c1c; background: #fff }
table { border-collapse: collapse; margin: .6em 0 } td, th { padding: .25em .8em; text-align: left;
       border-bottom: 1px solid #ddd; vertical-align: top } .number { text-align: right }
pre { background: #f6f6f6; padding: .6em; overflow-x: auto; white-space: pre-wrap } img { max-width: 100% }
.failed, .interrupted, .killed { color: #a40000; font-weight: 600 } .done { color: #17692a }
.cached, .skipped, .pending { color: #555 } .failure { border-left: 4px solid #a40000; padding-left: 1em }
.failure p { white-space: pre-line }
.jp-InputPrompt, .jp-OutputPrompt, .prompt { display: none } details { margin: 1em 0 }
.ansi-bold { font-weight: 600 } .ansi-red-fg, .ansi-red-intense-fg { color: #a40000 }
body > details > summary { font-size: 1.2em; cursor: pointer } .anchor-link { display: none }
"""


def write_report(record: RunRecord, folder: Path, notebooks: Iterable[str]) -> Path:
    """Write the report of a run beside its run.json, with the sections that `notebook_section` made.

    Raises:
        OSError: when the page cannot be written.
    """
    sections = [
        _summary(record),
        _failures(record),
        _steps(record),
        times_section(record, folder),
        _settings(record),
    ]
    sections += notebooks
    style = _STYLE + HtmlFormatter(style="default").get_style_defs(".highlight")
    path = folder / REPORT_FILE
    body = "".join(sections)
    write_atomically(path, page(record.run_id, style, body, language=html_language(), policy=_POLICY))
    return path


def notebook_section(notebook: NotebookRecord, folder: Path) -> str:
    """Return the executed copy of a notebook as a section of the page; the slow part of a report."""
    path = folder / (notebook.executed or "")
    content = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(Path(notebook.path).parent)}}  # where its pictures are
    body, _ = _exporter().from_notebook_node(content, resources=resources)
    language = html_language(content.metadata.get("kit_language", ""))
    is_open = " open" if notebook.state != "done" else ""
    return (
        f'<details lang="{language}"{is_open}><summary>{escape(notebook.name)}</summary>'
        f"{without_external(body)}</details>"
    )


def without_external(markup: str) -> str:
    """Drop the elements that would make a browser fetch something; links for a person to click stay."""
    for pattern in (_EXTERNAL_ELEMENT, _EXTERNAL_TAG, _EXTERNAL_STYLE):
        markup = pattern.sub("", markup)
    return markup


def _summary(record: RunRecord) -> str:
    rows = [
        (
            escape(n.name),
            _state(n.state),
            _seconds(n.seconds),
            f"{n.peak_memory_mb:.0f}" if n.peak_memory_mb else "",
            escape(n.executed or ""),
            _said("; ".join(filter(None, [n.why, *_tries(n)]))),
        )
        for n in record.notebooks
    ]
    facts = (
        f"Project {record.project}, workspace {record.workspace}. Started {record.started:%Y-%m-%d %H:%M:%S} UTC, "
        f"{record.seconds:.1f} s, exit code {record.exit_code}."
    )
    header = (
        label("notebook"),
        label("state"),
        label("seconds"),
        label("memory, MB"),
        label("executed copy"),
        label("why"),
    )
    return (
        f"<h1>{escape(record.run_id)}: {_state(record.state)}</h1><p>{_said(facts)}</p>{_table(header, rows)}"
    )


def _tries(notebook: NotebookRecord) -> list[str]:
    return [
        f"attempt {number} ended after {one.seconds:.1f} s with {one.error}: {one.reason}"
        for number, one in enumerate(notebook.attempts, start=1)
    ]


def _failures(record: RunRecord) -> str:
    failures = record.all_failures
    return "".join(_failure(failure) for failure in failures)


def _failure(failure: Failure) -> str:
    where = (
        f"Stopped in {failure.notebook}, cell {failure.cell}: {failure.error}"
        if failure.cell
        else f"Stopped in {failure.notebook}: {failure.error}"
    )
    return (
        f'<section class="failure"><h2>{_said(where)}</h2><pre>{escape(failure.source)}</pre>'
        f"<p>{escape(in_language(failure.reason))}</p></section>"
    )


def _steps(record: RunRecord) -> str:
    rows = [
        (escape(step.notebook), escape(step.step), _state(step.state), _seconds(step.seconds))
        for step in record.steps
    ]
    header = (label("notebook"), label("step"), label("state"), label("seconds"))
    return f"<h2>{label('Steps')}</h2>{_table(header, rows)}" if rows else ""


def _settings(record: RunRecord) -> str:
    parameters = [
        (escape(notebook.name), escape(name), escape(repr(value)))
        for notebook in record.notebooks
        for name, value in notebook.parameters.items()
    ]
    facts = {"python": record.python, **record.versions, "git commit": record.git_commit, "host": record.host}
    versions = [(escape(name), escape(str(value))) for name, value in facts.items()]
    tables = {
        label("Parameters"): _table((label("notebook"), label("parameter"), label("value")), parameters),
        label("Versions"): _table((label("what"), label("version")), versions),
    }
    return "".join(
        f"<details><summary>{escape(name)}</summary>{table}</details>" for name, table in tables.items()
    )


@cache
def _exporter() -> HTMLExporter:
    """Return the exporter, shared by all notebooks since compiling its templates is slow."""
    return HTMLExporter(config=Config({"HTMLExporter": {"template_name": "basic", "embed_images": True}}))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _state(state: str) -> str:
    return f'<span class="{escape(state)}">{escape(state)}</span>'


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _said(text: str) -> str:
    """Return a sentence of the kit in the reader's language, as HTML."""
    return escape(parts_in_language(text))
