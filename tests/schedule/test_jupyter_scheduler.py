"""A notebook of the kit, as it is, through the executor of jupyter-scheduler in an environment of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from kit.workspace import CHECKOUT

from .own_environment import clean, install


@pytest.mark.slow  # an environment, a kernel and a notebook: 15 s
def test_jupyter_scheduler_runs_a_notebook_as_it_is(tmp_path: Path) -> None:
    programs = install(tmp_path / "environment", "jupyter-scheduler==2.12.1")
    # The kit beside it, behind its own packages: as where somebody adds jupyter-scheduler to the kit's environment.
    own = Path(subprocess.check_output([programs / "python", "-c", _PURELIB], text=True, env=clean()).strip())
    (own / "kit.pth").write_text(f"import site; site.addsitedir({sysconfig.get_paths()['purelib']!r})\n")
    job, place = tmp_path / "job", tmp_path / "ws"
    job.mkdir()
    notebook = CHECKOUT / "notebooks/00_start_here.ipynb"
    words = [
        str(Path(__file__).with_name("run_job.py")),
        str(notebook),
        str(job),
        json.dumps({"workspace": repr(str(place))}),
    ]
    environment = clean(JUPYTER_PATH=str(Path(sys.prefix) / "share/jupyter"))
    ended = subprocess.run(
        [str(programs / "python"), *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    executed = nbformat.read(job / "executed.ipynb", as_version=4)
    injected = [cell for cell in executed.cells if "injected-parameters" in cell.metadata.get("tags", [])]
    assert [cell.source for cell in injected] == [f"workspace = {str(place)!r}"]
    assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code")
    assert place.is_dir()


_PURELIB = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
