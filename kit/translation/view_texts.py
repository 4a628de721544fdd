"""Extract the texts that views show besides errors: fields of the kit's values, and the help of parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import nbformat

from kit.batch.parameters import read_parameters
from kit.translation.catalogue import every_notebook, place_of

MESSAGE = "message"
TOLD: Mapping[str, tuple[str, ...]] = {
    "Bars": ("title",),
    "Card": ("title", "verdict"),
    "Cause": ("name",),
    "Check": ("name", "found", "what_to_do"),  # of kit.doctor
    "Decisive": ("note",),
    "Ended": ("message",),
    "Fault": ("what",),
    "Hyperparameters": ("__str__",),
    "Finding": ("check", "found", "what_to_do", "expected"),
    "Items": ("items",),
    "Keep": ("why",),
    "Look": ("why",),
    "Measure": ("name", "__str__"),
    "NotStarted": ("message",),
    "Part": ("heading", "blocks"),
    "Point": ("said",),
    "Proof": ("__str__",),
    "Quality": ("why_not",),
    "Requests": ("told",),
    "Rule": ("name", "found"),
    "Table": ("header", "rows"),
    "Text": ("text",),
    "ThresholdCheck": ("note",),
    "Waiting": ("message",),
    "Window": ("__str__",),
    "Written": ("__str__",),
    "_Found": ("measure",),
}
"""The fields and methods of classes that hold a text which somebody reads; errors about data are made of some."""


KEPT: Mapping[str, tuple[str, ...]] = {"tell": ("about",)}
"""The arguments, given by name, that a function records in English for views: the data that an alert is about."""


RETURNED = frozenset(
    {
        "kit.evaluation.gate_checks.slice_name",
        "kit.lineage.render._push_lines",
        "kit.release.contract.check_compatible",
        "kit.release.contract.check_promised",
        "kit.release.operations.preflight",
        "kit.workshop.batching_exercise.said",
        "kit.workshop.operation_exercise.judge",
    }
)
"""Functions whose sentences are recorded in English and told later, when nothing shows any more who said them."""


def fields_of(trees: Iterable[ast.Module]) -> dict[str, list[str]]:
    """Return the fields of the classes of `TOLD`, in order, and the functions of `KEPT` without any.

    A class with the same name elsewhere has none.

    Args:
        trees: the modules that may define them, parsed.
    """
    functions: dict[str, list[str]] = {name: [] for name in KEPT}
    return functions | {
        node.name: fields
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.ClassDef) and (fields := _fields(node)) and _is_told(node, fields)
    }


def given(call: ast.Call, name: str, fields: list[str]) -> Iterator[ast.expr]:
    """Yield what a call of a class puts into its told fields."""
    told = TOLD.get(name) or KEPT[name]
    yield from (one for field, one in zip(fields, call.args, strict=False) if field in told)
    yield from (one.value for one in call.keywords if one.arg in told)


def methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    """Yield the methods of a class whose text is shown; for any outcome that is `message`."""
    told = (*TOLD.get(node.name, ()), MESSAGE)
    yield from (one for one in node.body if isinstance(one, ast.FunctionDef) and one.name in told)


def helps() -> dict[str, str]:
    """Return the help of each parameter of the notebooks, with the first notebook that has it."""
    found: dict[str, str] = {}
    for notebook in every_notebook():
        for parameter in read_parameters(notebook).values():
            found.setdefault(parameter.help, f"notebooks/{place_of(notebook)}, {parameter.name},")
    return found


def programs() -> dict[Path, str]:
    """Return the code of each notebook, as one program."""
    return {path: _code(path) for path in every_notebook()}


def _code(notebook: Path) -> str:
    cells = nbformat.read(notebook, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


def _fields(node: ast.ClassDef) -> list[str]:
    return [
        line.target.id
        for line in node.body
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name)
    ]


def _is_told(node: ast.ClassDef, fields: list[str]) -> bool:
    here = {*fields, *(one.name for one in node.body if isinstance(one, ast.FunctionDef))}
    return here.issuperset(TOLD.get(node.name, ("",)))
