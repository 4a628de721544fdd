"""Two small notebooks of a chain: the second reads what the first wrote."""

from __future__ import annotations

from pathlib import Path

from small_notebooks import write_notebook

_PARAMETERS = 'workspace: str = "workspace"  # folder\nday: str = ""  # of the run'
_FIRST = "from pathlib import Path\nPath(workspace, 'first.txt').write_text(day)"
_SECOND = (
    "from pathlib import Path\n"
    "Path(workspace, 'second.txt').write_text(Path(workspace, 'first.txt').read_text() + '!')"
)


def write_pair(folder: Path, first: str = _FIRST) -> tuple[Path, Path]:
    return _write(folder, "one", [], first), _write(folder, "two", ["one"], _SECOND)


def _write(folder: Path, name: str, needs: list[str], source: str) -> Path:
    return write_notebook(folder / f"{name}.ipynb", source, parameters=_PARAMETERS, needs=needs)
