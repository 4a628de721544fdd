"""Every notebook has the same parts, in the same order, and nothing that does not belong into one."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest
from commands import NOTEBOOKS

from kit.batch.parameters import TAG, read_parameters

ALL = sorted(NOTEBOOKS.glob("**/*.ipynb"))
MOST_LINES = 12

pytestmark = pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_is_committed_without_outputs(path: Path) -> None:
    for cell in code_cells(path):
        assert cell.outputs == []
        assert cell.execution_count is None


def test_is_valid_and_asks_for_the_kits_kernel(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "kit"


def test_starts_with_what_a_reader_needs_to_know(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert first.source.startswith("# ")
    for part in ("You will\n- ", "**Before:**", "**Takes:**"):
        assert part in first.source


def test_says_at_its_end_what_comes_next(path: Path) -> None:
    last = nbformat.read(path, as_version=4).cells[-1]
    assert last.cell_type == "markdown"
    assert "**Next:**" in last.source


def test_every_parameter_has_a_help(path: Path) -> None:
    tagged = [cell for cell in code_cells(path) if TAG in cell.metadata.get("tags", [])]
    assert tagged == code_cells(path)[:1]
    parameters = read_parameters(path)
    assert parameters["workspace"].default == "workspace"
    assert all(parameter.help for parameter in parameters.values())


def test_cells_are_short_and_explained(path: Path) -> None:
    for cell in code_cells(path)[1:]:  # the first has a line for each parameter
        assert len(cell.source.splitlines()) <= MOST_LINES
    kinds = [cell.cell_type for cell in nbformat.read(path, as_version=4).cells]
    assert "code code code code" not in " ".join(kinds)


def test_holds_no_definitions_installs_shells_or_places_of_one_machine(path: Path) -> None:
    for cell in code_cells(path):
        tree = ast.parse(cell.source)  # `!` and `%` are no Python
        for node in ast.walk(tree):
            assert not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda)
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert not node.value.startswith(("/", "~"))
