"""The DAG in a real Airflow, which is installed in an environment of its own."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.schedule import schedule as schedules
from kit.schedule.airflow_file import airflow_file
from kit.workspace import CHECKOUT

from .notebooks import write_pair

AIRFLOW = "apache-airflow==3.3.2"
UV = CHECKOUT / ".setup/tools/bin/uv"
CREATED = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


def install(folder: Path) -> Path:
    """Return Airflow's program in a new environment; the test is skipped where none can be installed."""
    if not UV.is_file():
        pytest.skip("the set-up's uv is not there, so Airflow was not installed and nothing of it was tested")
    subprocess.run([UV, "venv", "--quiet", "--python", sys.executable, folder], check=True)
    command = [str(UV), "pip", "install", "--quiet", "--python", str(folder / "bin/python"), AIRFLOW]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode:
        pytest.skip(
            f"{AIRFLOW} cannot be installed here, so nothing of it was tested: {done.stderr.strip()[-500:]}"
        )
    return folder / "bin/airflow"


@pytest.mark.slow  # 40 s: Airflow's imports, twice, and two notebooks
def test_airflow_runs_a_chain_notebook_by_notebook(tmp_path: Path) -> None:
    place, home = tmp_path / "ws", tmp_path / "home"
    airflow = install(tmp_path / "environment")
    schedule = schedules.make(
        name="nightly",
        cron="30 2 * * *",
        time_zone="Asia/Tokyo",
        notebooks=tuple(map(str, write_pair(tmp_path))),
        parameters={"day": "{date}"},
        created=CREATED,
    )
    (home / "dags").mkdir(parents=True)
    (home / "dags/nightly.py").write_text(airflow_file(schedule, place))
    # 02:30 of the next day in Tokyo.
    ended = run(airflow, home, "dags", "test", "kit-nightly", "2026-03-02T17:30:00+00:00")
    assert ended.returncode == 0, ended.stdout[-4000:] + ended.stderr[-4000:]
    assert (place / "second.txt").read_text() == "2026-03-03!"
    assert len(list((place / "runs").iterdir())) == 2  # a run a task


def run(airflow: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    own = {"AIRFLOW_HOME": str(home), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")} | own
    subprocess.run([airflow, "db", "migrate"], env=environment, capture_output=True, check=True, timeout=120)
    return subprocess.run(
        [airflow, *words], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
