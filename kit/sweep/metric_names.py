"""Find metrics that no point can have before any runs: by what the notebooks record, and what Evaluator measures.

A slice has only the metrics that Evaluator measures, on the slices of project.yml and of its gates.
"""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
import sysconfig
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from kit.evaluation.names import EXAMPLE_COUNT, POSITIVE_SHARE
from kit.evaluation.sections import EVERY
from kit.project import Project
from kit.project.file import ProjectFile
from kit.sweep.errors import SweepError
from kit.sweep.space_file import SECONDS, Metric
from kit.texts import did_you_mean

_RECORDS = {"record", "glue"}  # the kit's own function, and scrapbook's
_OURS = {"kit", "widgets"}
_MEASURES = "tensorflow_model_analysis"  # with it a notebook can give Evaluator metrics of its own
_BESIDE_THE_METRICS = {EXAMPLE_COUNT, POSITIVE_SHARE}


class _UnknownError(Exception):
    """Only a run can tell what a notebook records."""


def check_metrics(
    metrics: Sequence[Metric], notebooks: Iterable[Path], projects: Sequence[Project], where: str
) -> None:
    """Refuse a metric that no run of the notebooks has; if only a run can tell, let it pass.

    Args:
        metrics: what every point must have.
        notebooks: the chain.
        projects: the projects that it runs with.
        where: the file, for messages.

    Raises:
        SweepError: when there is no such metric.
    """
    try:
        recorded = {SECONDS, *(name for path in notebooks for name in _recorded(path))}
    except _UnknownError:
        return
    measured = {name for one in projects for name in (*one.spec.evaluated, *_BESIDE_THE_METRICS)}
    for metric in metrics:
        known = measured if metric.slice else measured | recorded
        if metric.name not in known:
            raise SweepError(
                f"{where}: a metric must be one that the notebooks record or Evaluator measures, but {metric.name} is "
                f"not.{did_you_mean(metric.name, known)} They have {', '.join(sorted(known))}. "
                'Correct the name, or record it in a notebook: `record("name", value)` of kit.record.'
            )
        if metric.slice and not any(_is_measured(metric.slice, one.spec) for one in projects):
            columns = sorted({" and ".join(keys) for one in projects for keys in one.spec.slices})
            raise SweepError(
                f"{where}: the slice of a metric must be one that Evaluator measures, but that of {metric.column} is "
                f"not. It measures slices by {', '.join(columns) or 'nothing'}, and those of gates. Correct the slice, "
                "or add it to `slices` in project.yml."
            )


def _is_measured(slice_: Mapping[str, str], spec: ProjectFile) -> bool:
    """Return whether Evaluator measures a slice; only data know the values of a column, but not of a band."""
    bands = spec.evaluation.bands
    if any(column in bands and value not in bands[column].labels for column, value in slice_.items()):
        return False
    return any({*keys} == {*slice_} for keys in spec.slices) or any(
        gate.slice.keys() == slice_.keys()
        and all(str(gate.slice[column]) in {EVERY, value} for column, value in slice_.items())
        for gate in spec.gates
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
    """Give up if a notebook imports the user's own code, which may record as well."""
    installed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    for package in (module.partition(".")[0] for module in modules):
        if package in _OURS or package in sys.stdlib_module_names:
            continue
        found = importlib.util.find_spec(package) if package not in {"", _MEASURES} else None
        if found is None or not str(found.origin).startswith(tuple(installed)):
            raise _UnknownError
