"""The kit's own modules in the warm process: what the chain's notebooks and steps import.

Packages do not change while a warm process runs, but the kit is edited. So a child keeps these modules only while all
of their files are unchanged since before the import, and only where a new interpreter would find the same files.
Otherwise it forgets them all, and rereads what it needs.
"""

from __future__ import annotations

import ast
import json
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from importlib.machinery import PathFinder
from pathlib import Path

from kit.warm import log
from kit.warm.address import ROOT

PACKAGES = ("kit", "widgets")
_NOTEBOOKS = "notebooks/[0-9]*.ipynb"
_OF_STEPS = ("kit.steps.child", "kit.steps.sampling", "kit.training.run_fn", "kit.serving.server")
"""Named by text, so that no notebook imports them."""
_METRICS = "tensorflow_model_analysis.metrics.metric_types"

_State = dict[str, tuple[int, int]]


class OwnModules:
    """The modules of the packages that this process has imported, and the state of their files.

    Args:
        root: folder of the packages and of the notebooks.
        packages: their names.
        more: modules that no notebook imports.
    """

    def __init__(
        self, root: Path = ROOT, packages: tuple[str, ...] = PACKAGES, more: tuple[str, ...] = _OF_STEPS
    ) -> None:
        self._root, self._packages, self._more = root, packages, more
        # From before the imports: a file that changes meanwhile differs from it.
        self._files = self._state()

    def load(self, between: Callable[[], None] = lambda: None) -> None:
        """Import what notebooks and steps import; failures are left to whoever needs the module.

        Args:
            between: is called before each import.
        """
        for module, names in (*self._imports(), *((name, ()) for name in self._more)):
            between()
            try:
                __import__(module, fromlist=names)
            except Exception:  # noqa: BLE001  somebody may be in the middle of an edit
                log.write_exception()

    def forget_unless_same(self) -> None:
        """Forget all when a new interpreter would import something else; for a child that has its path."""
        if not (all(map(self._is_found, self._packages)) and self._state() == self._files):
            forget(self._packages)

    def _is_found(self, package: str) -> bool:
        # Kernels look into the folder that they work in before all others, calls do not.
        specs = (PathFinder.find_spec(package, path) for path in (sys.path, ["", *sys.path]))
        ours = str(self._root / package / "__init__.py")
        return all(spec is not None and spec.origin == ours for spec in specs)

    def _imports(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what cells import of the packages: each module, and the names that may be modules below it."""
        for path in sorted(self._root.glob(_NOTEBOOKS)):
            for source in _cells(path):
                with suppress(SyntaxError):  # IPython's own, such as a line magic
                    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
                    for node in nodes:
                        if node.module and _package(node.module) in self._packages:
                            yield node.module, tuple(name.name for name in node.names)

    def _state(self) -> _State:
        """Return modification time and size of each file; a thousand take some milliseconds."""
        found: _State = {}
        folders = [str(self._root / package) for package in self._packages]
        while folders:
            with suppress(FileNotFoundError), os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if not entry.is_dir(follow_symlinks=False):
                        with suppress(FileNotFoundError):  # an editor's lock, which leads nowhere
                            status = entry.stat()
                            found[entry.path] = status.st_mtime_ns, status.st_size
                    elif entry.name != "__pycache__":
                        folders.append(entry.path)
        return found


def _cells(notebook: Path) -> list[str]:
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError):  # it may be just being saved
        log.write_exception()
        return []


def forget(packages: Collection[str] = PACKAGES) -> None:
    """Make the next import reread packages, and drop what TFMA has registered from them.

    A metric of a forgotten module would compute with classes that can no longer be pickled.
    """
    for name in [name for name in sys.modules if _package(name) in packages]:
        del sys.modules[name]
    metrics = getattr(sys.modules.get(_METRICS), "_METRIC_OBJECTS", {})  # TFMA can only register
    for name in [name for name, metric in metrics.items() if _package(metric.__module__) in packages]:
        del metrics[name]


def _package(module: str) -> str:
    return module.partition(".")[0]
