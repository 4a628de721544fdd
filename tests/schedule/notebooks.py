"""Two small notebooks of a chain: the second reads what the first wrote."""

from __future__ import annotations

from pathlib import Path

import nbformat

_PARAMETERS = 'workspace: str = "workspace"  # folder\nday: str = ""  # of the run'
_FIRST = "from pathlib import Path\nPath(workspace, 'first.txt').write_text(day)"
_SECOND = (
    "from pathlib import Path\n"
    "Path(workspace, 'second.txt').write_text(Path(workspace, 'first.txt').read_text() + '!')"
)


def write_pair(folder: Path, first: str = _FIRST) -> tuple[Path, Path]:
    return _write(folder, "one", [], first), _write(folder, "two", ["one"], _SECOND)


def _write(folder: Path, name: str, needs: list[str], source: str) -> Path:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(_PARAMETERS), nbformat.v4.new_code_cell(source)]
    notebook.cells[0].metadata["tags"] = ["parameters"]
    notebook.metadata.update(
        {
            "kit": {"needs": needs},
            "kernelspec": {"name": "kit", "display_name": "Kit", "language": "python"},
        }
    )
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path
