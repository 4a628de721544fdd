"""What of the kit's own modules the children of a warm process keep."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.warm.own import OwnModules, forget

PACKAGES = ("own_kit", "own_views")
CELLS = (
    "from own_kit.data import rows\nimport json",
    "from own_views import broken, shown",
    "%load_ext tensorboard",
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder like the checkout: two packages, and a notebook whose cells import some of them."""
    root = tmp_path / "root"
    for package in PACKAGES:
        (root / package).mkdir(parents=True)
        (root / package / "__init__.py").touch()
    (root / "own_kit" / "data").mkdir()
    for name in ("data/__init__", "data/rows", "data/unused", "step"):
        (root / "own_kit" / f"{name}.py").touch()
    (root / "own_views" / "shown.py").write_text("TEXT = 'first'\n")
    (root / "own_views" / "broken.py").write_text("is in the middle of an edit\n")
    (root / "own_views" / "shown.js").write_text("export default {}\n")
    cells = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in CELLS]
    (root / "notebooks").mkdir()
    (root / "notebooks" / "00_half_written.ipynb").write_text('{"cells": [')
    (root / "notebooks" / "01_data.ipynb").write_text(json.dumps({"cells": cells}))
    monkeypatch.syspath_prepend(str(root))
    monkeypatch.chdir(tmp_path)
    yield root
    for name in own():
        del sys.modules[name]


@pytest.fixture
def modules(root: Path) -> OwnModules:
    return OwnModules(root, PACKAGES, more=("own_kit.step",))


def own() -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] in PACKAGES}


def test_what_cells_and_steps_import_is_loaded_but_for_what_cannot_be(
    modules: OwnModules, capfd: pytest.CaptureFixture[str]
) -> None:
    modules.load()
    assert own() == {"own_kit", "own_kit.data", "own_kit.data.rows", "own_kit.step", "own_views"}
    assert "SyntaxError" in capfd.readouterr().out


def test_a_child_keeps_what_nobody_has_edited(root: Path, modules: OwnModules) -> None:
    modules.load()
    (root / "own_kit" / "__pycache__").mkdir(exist_ok=True)
    (root / "own_kit" / "__pycache__" / "more.pyc").touch()
    before = own()
    modules.forget_unless_same()
    assert own() == before


def test_metrics_that_were_registered_of_it_are_forgotten_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    metric_types = importlib.import_module("tensorflow_model_analysis.metrics.metric_types")
    monkeypatch.setattr(metric_types, "_METRIC_OBJECTS", metric_types.registered_metrics())
    stock = set(metric_types.registered_metrics())
    metric_types.register_metric(type("OwnMetric", (), {"__module__": "own_kit.data.rows"}))
    forget(PACKAGES)
    assert set(metric_types.registered_metrics()) == stock


def edit(root: Path) -> None:
    (root / "own_views" / "shown.py").write_text("TEXT = 'second'\n")


def edit_what_is_read(root: Path) -> None:
    (root / "own_views" / "shown.js").write_text("export default { render }\n")


def add(root: Path) -> None:
    (root / "own_kit" / "data" / "more.py").touch()


def remove(root: Path) -> None:
    (root / "own_kit" / "data" / "unused.py").unlink()


def touch(root: Path) -> None:
    os.utime(root / "own_kit" / "step.py", ns=(1, 1))


def work_beside_another(root: Path) -> None:
    """The folder that a kernel works in comes before all others."""
    (root.parent / "own_views.py").touch()


def find_another_first(root: Path) -> None:
    (root.parent / "first" / "own_kit").mkdir(parents=True)
    (root.parent / "first" / "own_kit" / "__init__.py").touch()
    sys.path.insert(0, str(root.parent / "first"))


def find_none(root: Path) -> None:
    sys.path.remove(str(root))


@pytest.mark.parametrize(
    "change",
    [
        edit,
        edit_what_is_read,
        add,
        remove,
        touch,
        work_beside_another,
        find_another_first,
        find_none,
    ],
)
def test_a_child_forgets_all_when_a_new_interpreter_would_read_something_else(
    root: Path, modules: OwnModules, change: Callable[[Path], None]
) -> None:
    modules.load()
    change(root)
    modules.forget_unless_same()
    assert not own()


def test_the_locks_of_an_editor_hide_no_edit(root: Path) -> None:
    for number in range(20):  # some of them is listed before the file
        (root / "own_views" / f".#{number}.py").symlink_to("somebody@somewhere.1")  # as Emacs has it
    modules = OwnModules(root, PACKAGES, more=("own_kit.step",))
    modules.load()
    edit(root)
    modules.forget_unless_same()
    assert not own()
