"""Rules of the whole code base that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from imports import imported_by

import kit
from kit.workspace import CHECKOUT

MOST_LINES = 300
MOST_LINES_OF_A_FUNCTION = 60
SLOW = {"tensorflow", "tfx", "ml_metadata", "apache_beam"}
# Put together here, so that this file does not hold what it looks for.
REGISTRIES = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("anaconda", "org"))]
REGISTRIES += [".".join(parts) for parts in (("npmjs", "org"), ("npmjs", "com"), ("crates", "io"))]
# `now: of the other.` is half a sentence: an entry names what it is about.
HALF_AN_ENTRY = re.compile(r" {4}\w+: (?:of|that|in|to|by|from|with|at|on|whose|where)\b")
# `someone` is nobody: an invented user in tests. [r], so that this line does not name a home itself.
HOMES = re.compile(r"/(?:home|Users)/(?!someone\b)\w+|(?<![\w.])/[r]oot\b")


def committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True
    )
    return [CHECKOUT / name for name in listed.stdout.split("\0") if name and (CHECKOUT / name).is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    for path in committed():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture


def modules(package: str = "") -> dict[str, ast.Module]:
    return {
        str(path.relative_to(CHECKOUT)): ast.parse(text)
        for path, text in texts()
        if path.suffix == ".py" and path.is_relative_to(CHECKOUT / package)
    }


def imported(tree: ast.Module) -> set[str]:
    """Return the top-level packages that a module names, also inside its functions."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            found.add(node.module.partition(".")[0])
    return found


def importing(package: str, forbidden: set[str]) -> dict[str, set[str]]:
    found = {name: imported(tree) & forbidden for name, tree in modules(package).items()}
    assert found, f"{package} has modules"
    return {name: names for name, names in found.items() if names}


def test_what_computes_does_not_draw() -> None:
    assert not importing("kit", {"widgets"})


def test_what_draws_knows_nothing_of_what_computes() -> None:
    assert not importing("widgets", {"kit", *SLOW})


def test_what_reads_data_does_not_know_what_judges_them() -> None:
    imports = {
        node.module
        for tree in modules("kit/data").values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module
    }
    assert "kit.data.files" in imports
    assert not {name for name in imports if name.startswith("kit.checks")}


def test_modules_have_one_subject() -> None:
    lengths = {str(path): len(text.splitlines()) for path, text in texts() if path.suffix == ".py"}
    assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES}
    assert not [name for name in lengths if Path(name).stem in {"util", "utils", "helpers", "misc", "common"}]


def test_functions_fit_a_screen() -> None:
    lengths = {
        f"{name}, {node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert not {name: lines for name, lines in lengths.items() if lines > MOST_LINES_OF_A_FUNCTION}


def entries(tree: ast.Module) -> Iterator[str]:
    """Yield the first line of each argument and attribute that docstrings describe, indented."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        section = ""
        for line in (ast.get_docstring(node) or "").splitlines():
            if line and not line.startswith(" "):
                section = line
            elif section in {"Args:", "Attributes:"} and re.match(r" {4}\w", line):
                yield line


def test_docstrings_describe_in_whole_phrases() -> None:
    found = {
        name: [*entries(tree)] for package in ("kit", "widgets") for name, tree in modules(package).items()
    }
    assert any(found.values())
    assert not [(name, line) for name, lines in found.items() for line in lines if HALF_AN_ENTRY.match(line)]


@pytest.mark.parametrize("module", ["kit.cli", "kit.project", "kit.batch.parameters", "kit.batch.plan"])
def test_what_answers_at_once_imports_nothing_slow(module: str) -> None:
    modules, _ = imported_by(f"import {module}")
    assert not SLOW & modules


def test_no_file_names_somebodys_home() -> None:
    found = {str(path): match[0] for path, text in texts() if (match := HOMES.search(text))}
    assert not found


def test_no_file_names_a_package_registry() -> None:
    """Which registry serves the packages is the choice of each machine."""
    assert not [(str(path), name) for path, text in texts() for name in REGISTRIES if name in text]


def test_the_map_of_the_package_has_every_room() -> None:
    places = [path.relative_to(CHECKOUT).parts for path in committed() if path.suffix == ".py"]
    rooms = {parts[1].removesuffix(".py") for parts in places if parts[0] == "kit"} - {"__init__"}
    named = set(re.findall(r"`(\w+)`", kit.__doc__ or ""))
    assert rooms <= named, sorted(rooms - named)
    assert named - rooms <= {"06_serve", "say"}
