"""Metrics that no point can have, found before one runs: by what the notebooks record, and what Evaluator measures."""

from __future__ import annotations

import ast
import difflib
import importlib.util
import json
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kit.project import Project
from kit.sweep.errors import SweepError
from kit.sweep.space_file import SECONDS, Metric

_RECORDS = {"record", "glue"}  # the kit's own function, and scrapbook's
_OURS = {"kit", "widgets"}
_MEASURES = "tensorflow_model_analysis"  # with it a notebook can give Evaluator metrics of its own
_BESIDE_THE_METRICS = {"example_count", "positive_share"}


class _UnknownError(Exception):
    """Only a run can tell what a notebook records."""


def check_metrics(
    metrics: Sequence[Metric], notebooks: Iterable[Path], projects: Iterable[Project], where: str
) -> None:
    """Refuse a metric that no run of the notebooks has; where only a run can tell, it does.

    Args:
        metrics: what every point must have.
        notebooks: the chain.
        projects: that it runs with.
        where: the file, for messages.

    Raises:
        SweepError: when there is no such metric.
    """
    try:
        known = {SECONDS, *(name for path in notebooks for name in _recorded(path))}
    except _UnknownError:
        return
    known |= {name for one in projects for name in (*one.spec.evaluated, *_BESIDE_THE_METRICS)}
    for metric in metrics:
        if metric.name not in known:
            near = difflib.get_close_matches(metric.name, known, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SweepError(
                f"{where}: a metric must be one that the notebooks record or Evaluator measures, but {metric.name} is "
                f"not.{hint} They have {', '.join(sorted(known))}. Correct the name, or record it in a notebook: "
                '`record("name", value)` of kit.sweep.record.'
            )


def _recorded(notebook: Path) -> Iterator[str]:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    for cell in cells:
        if cell.get("cell_type") != "code":
            continue
        try:
            tree = ast.parse("".join(cell["source"]))
        except SyntaxError:  # a magic, which may run anything
            raise _UnknownError from None
        for node in ast.walk(tree):
            yield from _names(node)


def _names(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            _require_closed(*(alias.name for alias in names))
        case ast.ImportFrom(module=module):
            _require_closed(module or "")
        case ast.Call(func=ast.Name(id=called) | ast.Attribute(attr=called)) if called in _RECORDS:
            if not (node.args and isinstance(node.args[0], ast.Constant)):
                raise _UnknownError
            yield str(node.args[0].value)


def _require_closed(*modules: str) -> None:
    """Refuse to tell where a notebook imports code of somebody's own, which may record as well."""
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    for package in (module.partition(".")[0] for module in modules):
        if package in _OURS or package in sys.stdlib_module_names:
            continue
        found = importlib.util.find_spec(package) if package not in {"", _MEASURES} else None
        if found is None or not str(found.origin).startswith(tuple(installed)):
            raise _UnknownError
