"""The DAG that is written for Airflow, as its templates and a shell read it."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from pathlib import Path
from typing import Annotated, Any

import jinja2
import pytest
import typer
from small_notebooks import write_notebook
from typer.testing import CliRunner

from kit.cli.run_options import PairCommand, pairs_of
from kit.errors import KitError
from kit.schedule.airflow_file import airflow_file

from .nightly import make


def test_the_dag_has_a_task_a_notebook_with_the_parameters_that_it_declares(tmp_path: Path) -> None:
    schedule = make(
        project="recommender",
        notebooks=("01_data", "02_features"),
        parameters={"as_of": "{date}", "parity_rows": 5},
    )
    tasks, waits = tasks_and_waits(airflow_file(schedule, tmp_path))
    assert list(tasks) == ["01_data", "02_features"]
    assert waits == {"02_features": ["01_data"]}
    assert "-p 'as_of={{ day_of(dag_run) }}'" in tasks["01_data"]
    assert "parity_rows" not in tasks["01_data"]
    assert tasks["02_features"].endswith("--project recommender -p parity_rows=5 ")


def tasks_and_waits(dag: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    said: dict[str, Any] = {}
    exec("TASKS = " + dag.partition("TASKS = ")[2].partition("\n\n\ndef day_of")[0], said)  # noqa: S102  the kit wrote it
    return said["TASKS"], said["WAITS"]


def texts(folder: Path, name: str) -> Path:
    """Write a notebook that takes a text."""
    return write_notebook(folder / f"{name}.ipynb", parameters='text: str = ""  # to say')


def in_airflow(command: str) -> list[str]:
    """Return the words that a shell is given by BashOperator, for the 1st of February in the time zone."""
    assert not command.endswith((".sh", ".bash"))  # or Airflow looks for a template of that name
    spoken = jinja2.Template(command).render(day_of=str, dag_run="2026-02-01")
    said = subprocess.run(
        ["bash", "-c", f"printf '%s\\n' {spoken}"], capture_output=True, text=True, check=True
    )
    return said.stdout.splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "setup.sh",
        "-abc",
        "-1",
        "{{date}}",
        "{date}",
        "{{ date }} {date}{",
        "{% if x %}{#",
        "{{{date}}}",
        "$HOME's",
    ],
)
def test_airflow_gives_a_notebook_what_the_tick_would(tmp_path: Path, text: str) -> None:
    schedule = make(notebooks=(str(texts(tmp_path, "tells")),), parameters={"text": text})
    [command] = tasks_and_waits(airflow_file(schedule, tmp_path))[0].values()
    [*_, option, word] = in_airflow(command)
    asked: dict[str, str] = {}

    @(app := typer.Typer()).command(cls=PairCommand)
    def run(parameter: Annotated[list[str], typer.Option("-p", "--parameter")]) -> None:
        asked.update(pairs_of(parameter))

    assert CliRunner().invoke(app, [option, word]).exit_code == 0
    assert asked == schedule.given(dt.datetime(2026, 2, 1, tzinfo=dt.UTC))


def test_airflow_takes_the_names_of_tasks_and_keeps_them_apart(tmp_path: Path) -> None:
    names = ("my note (1)", "my note [1]", "my_note_-1", "数据")
    notebooks = tuple(str(texts(tmp_path, name)) for name in names)
    tasks, _ = tasks_and_waits(airflow_file(make(notebooks=notebooks), tmp_path))
    assert len(tasks) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9_.-]+", one) for one in tasks)
    assert [in_airflow(command)[2] for command in tasks.values()] == list(notebooks)


def test_airflow_runs_in_a_workspace_with_the_ending_of_a_script(tmp_path: Path) -> None:
    place = tmp_path / "ours.sh"
    [command] = tasks_and_waits(airflow_file(make(notebooks=("00_start_here",)), place))[0].values()
    assert in_airflow(command)[-1] == str(place)


@pytest.mark.parametrize(
    ("policies", "found"),
    [
        ({"overlap": "replace"}, "overlap is replace"),
        ({"overlap": "queue"}, "catch_up is latest and its overlap queue"),
        ({"catch_up": "all"}, "catch_up is all and its overlap skip"),
        ({"catch_up": "none"}, "catch_up is none. Set it to latest and overlap to skip"),
        ({"catch_up": "none", "overlap": "queue"}, "catch_up is none. Set it to latest and overlap to skip"),
    ],
)
def test_what_airflow_cannot_do_is_refused(tmp_path: Path, policies: dict[str, str], found: str) -> None:
    with pytest.raises(KitError, match=found):
        airflow_file(make(**policies), tmp_path)
