"""pyproject.toml, requirements.lock and environment.yml name one and the same environment."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from itertools import product
from pathlib import Path

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from kit.setup.environment import TOOLS_LOCK
from kit.setup.locked import CHECKOUT, LOCK, Pin, dependency_digest, read_digest, read_lock, read_pyproject

PYPROJECT = read_pyproject()
PINS = read_lock()
GROUPS = {"project": PYPROJECT["project"]["dependencies"], "dev": PYPROJECT["dependency-groups"]["dev"]}
DIRECT = [(group, line) for group, lines in GROUPS.items() for line in lines]
CONDA = yaml.safe_load((CHECKOUT / "environment.yml").read_text())
MACHINES = [
    {"sys_platform": system, "platform_system": name, "platform_machine": machine, "python_version": python}
    | {"python_full_version": f"{python}.1", "os_name": "posix", "implementation_name": "cpython"}
    | {"platform_python_implementation": "CPython"}
    for (system, name, machine), python in product(
        [("linux", "Linux", "x86_64"), ("darwin", "Darwin", "arm64")], ["3.11", "3.12", "3.13"]
    )
]


def pins_on(machine: dict[str, str]) -> Iterator[Pin]:
    return (pin for pin in PINS if not pin.marker or Marker(pin.marker).evaluate(machine))


@pytest.mark.parametrize("line", [line for _, line in DIRECT])
@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m['sys_platform']}-{m['python_version']}")
def test_direct_dependency_is_locked_inside_its_range(line: str, machine: dict[str, str]) -> None:
    requirement = Requirement(line)
    found = [pin.version for pin in pins_on(machine) if canonicalize_name(requirement.name) == pin.name]
    assert len(found) == 1, f"requirements.lock has {found} for {line}. Run `make lock`."
    assert Version(found[0]) in requirement.specifier


@pytest.mark.parametrize("machine", MACHINES, ids=lambda m: f"{m['sys_platform']}-{m['python_version']}")
def test_no_package_is_locked_twice(machine: dict[str, str]) -> None:
    names = [pin.name for pin in pins_on(machine)]
    assert len(names) == len(set(names))


def test_lock_is_not_older_than_pyproject() -> None:
    assert read_digest() == dependency_digest(PYPROJECT), "pyproject.toml has changed. Run `make lock`."


def test_every_line_is_hashed() -> None:
    assert [pin.name for pin in PINS if not pin.hashes] == []
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for pin in PINS for digest in pin.hashes)


@pytest.mark.parametrize("path", [LOCK, TOOLS_LOCK], ids=lambda path: path.name)
def test_locks_name_no_addresses(path: Path) -> None:
    text = path.read_text()
    assert "://" not in text
    assert "--index" not in text
    assert " @ " not in text


def test_left_out_packages_are_nowhere() -> None:
    left_out = {Requirement(line).name for line in PYPROJECT["tool"]["uv"]["override-dependencies"]}
    assert left_out
    assert left_out & {pin.name for pin in PINS} == set()


def test_conda_gives_a_python_in_the_range() -> None:
    [python] = [word for word in CONDA["dependencies"] if str(word).startswith("python=")]
    version = python.removeprefix("python=")
    assert Version(version) in SpecifierSet(PYPROJECT["project"]["requires-python"])
    assert "pip" in CONDA["dependencies"]


def test_conda_lets_pip_install_the_lock_and_nothing_else() -> None:
    [pip] = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    assert pip == ["--requirement requirements.lock"]
    assert all(not isinstance(word, str) or "==" not in word for word in CONDA["dependencies"])


def test_set_up_and_pyproject_agree_on_python() -> None:
    assert PYPROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= version <= (3, 13)" in (CHECKOUT / "kit" / "setup" / "ensure.sh").read_text()
    assert PYPROJECT["tool"]["mypy"]["python_version"] == "3.11"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py311"


def imported_by(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    absolute = {
        node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level
    }
    return {name.split(".")[0] for name in plain | absolute}


BESIDE = {"layout"}  # kit.audit.layout, where verify.py was copied somewhere else with it


def test_what_is_imported_is_declared() -> None:
    """A package that only comes along with another one can go away with it."""
    sources = [path for room in ("kit", "widgets") for path in (CHECKOUT / room).rglob("*.py")]
    imported = {name for path in sources for name in imported_by(path)} - sys.stdlib_module_names
    providers = metadata.packages_distributions()
    declared = {canonicalize_name(Requirement(line).name) for line in GROUPS["project"]}
    missing = {
        name
        for name in imported - {"kit", "sample_data", "widgets"} - BESIDE
        if not {canonicalize_name(one) for one in providers.get(name, [])} & declared
    }
    assert missing == set(), "name the packages in pyproject.toml and run `make lock`"
