"""The DAG in a real Airflow, which is installed in an environment of its own."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kit.schedule import schedule as schedules
from kit.schedule.airflow_file import airflow_file

from .notebooks import write_pair
from .own_environment import clean, install

CREATED = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


@pytest.mark.slow  # 40 s: Airflow's imports, twice, and two notebooks
def test_airflow_runs_a_chain_notebook_by_notebook(tmp_path: Path) -> None:
    place, home = tmp_path / "ws", tmp_path / "home"
    airflow = install(tmp_path / "environment", "apache-airflow==3.3.2") / "airflow"
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
    # `airflow dags trigger` gives a run no logical date.
    triggered = run(airflow.with_name("python"), home, "-c", _TRIGGERED, str(home / "dags/nightly.py"))
    assert triggered.returncode == 0, triggered.stdout[-4000:] + triggered.stderr[-4000:]
    today = dt.datetime.now(ZoneInfo("Asia/Tokyo"))
    assert (place / "second.txt").read_text() in {
        f"{today - dt.timedelta(days=ago):%Y-%m-%d}!" for ago in (0, 1)
    }


_TRIGGERED = """
import runpy, sys
ended = runpy.run_path(sys.argv[1])["dag"].test(logical_date=None)
sys.exit(ended.state != "success")
"""


def run(program: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = clean(AIRFLOW_HOME=str(home), AIRFLOW__CORE__LOAD_EXAMPLES="False")
    airflow = program.with_name("airflow")
    subprocess.run([airflow, "db", "migrate"], env=environment, capture_output=True, check=True, timeout=120)
    return subprocess.run(
        [program, *words], env=environment, capture_output=True, text=True, check=False, timeout=240
    )
