"""A figure says whether its goal is reached, and is written as others read it."""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path
from typing import Literal

import nbformat
import pytest
from in_process import invoke

from kit.batch.record import NotebookRecord, new_record
from kit.bench import chain, plain_tfx, run, same_components
from kit.bench.figure import Figure
from kit.errors import StepFailedError, UsageError
from kit.workspace import Workspace


@pytest.mark.parametrize(
    ("value", "better", "ok"),
    [
        (0.4, "less", True),
        (0.5, "less", True),
        (0.51, "less", False),
        (0.4, "more", False),
        (0.5, "more", True),
        (0.6, "more", True),
        (float("nan"), "less", False),
        (float("nan"), "more", False),
    ],
)
def test_a_goal_is_a_bound_that_may_be_met(value: float, better: Literal["less", "more"], ok: bool) -> None:
    assert Figure("a", value, "ratio", 0.5, better).ok is ok


def test_a_figure_in_plain_values() -> None:
    figure = Figure("kit over peer", 1 / 3, "ratio", 0.5, "less", peer=30.0, measured=10.0)
    assert json.loads(json.dumps(figure.to_values())) == {
        "name": "kit over peer",
        "value": 0.3333,
        "unit": "ratio",
        "goal": 0.5,
        "ok": True,
        "peer": 30.0,
        "measured": 10.0,
    }


def test_a_figure_that_just_misses_is_not_rounded_to_its_goal() -> None:
    figure = Figure("a", 0.50001, "ratio", 0.5, "less")
    assert figure.to_values()["ok"] is False


def test_the_longest_cell_is_a_code_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notebooks" / "below").mkdir(parents=True)
    for name, cells in {
        "a": [nbformat.v4.new_code_cell("1\n2\n3"), nbformat.v4.new_markdown_cell("word\n" * 40)],
        "below/b": [nbformat.v4.new_code_cell("\n".join("x" * 13)), nbformat.v4.new_code_cell("")],
    }.items():
        nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "notebooks" / f"{name}.ipynb")
    monkeypatch.setattr(run, "CHECKOUT", tmp_path)
    figure = run.longest_cell()
    assert (figure.value, figure.ok) == (13, False)


def test_the_notebooks_keep_to_the_longest_cell_that_is_allowed() -> None:
    assert run.longest_cell().ok


def test_a_command_that_fails_is_not_measured() -> None:
    with pytest.raises(StepFailedError, match=r"failed \(exit code 1\)(.|\n)*No module named"):
        chain.run_timed(chain._module("no_such_module"))


def test_the_goal_of_the_taxi_chain_is_held_against_the_same_components() -> None:
    peer = re.findall(r"v1\.components\.(?:Csv)?(\w+)", "".join(plain_tfx.STEPS))
    made = re.findall(r"= (\w+)_of\(|session\.run\((\w+)\(", "".join(same_components.UNTIL_PUSHED))
    pushed = [name.capitalize() for names in made for name in names if name]
    assert [*same_components.UNTIL_TRAINED, *pushed] == peer


def test_of_a_run_it_is_told_what_each_notebook_took(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    times = {"01_data": (9.0, 6.0), "02_features": (4.0, 0.5)}
    notebooks = [
        NotebookRecord(name=name, path=name, parameters={}, seconds=took, kernel_seconds=kernel)
        for name, (took, kernel) in times.items()
    ]
    record = new_record("20260501", "tiny", tmp_path, notebooks)
    record.state, record.ended = "done", record.started + dt.timedelta(seconds=15)
    (workspace.runs / "20260501").mkdir(parents=True)
    record.save(workspace.runs / "20260501")
    assert [figure.value for figure in chain.by_notebook(workspace)] == [3.0, 3.5, 6.5, 2.0]


def test_a_run_writes_every_figure_and_fails_when_one_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = [Figure("reached", 1, "s", 2, "less"), Figure("missed", 3, "s", 2, "less", peer=4, measured=3)]
    monkeypatch.setattr(run, "GROUPS", {"made up": lambda _: figures})
    assert run.main(tmp_path) == 1
    written = json.loads((tmp_path / "bench.json").read_text())
    assert [(figure["name"], figure["ok"]) for figure in written] == [("reached", True), ("missed", False)]
    monkeypatch.setattr(run, "GROUPS", {"made up": lambda _: figures[:1]})
    assert run.main(tmp_path) == 0


def test_what_cannot_be_measured_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="taxi"):
        run.main(tmp_path, ["taxis"])


def test_help_names_every_group() -> None:
    told = invoke("bench", "--help").output
    assert f" {', '.join(run.GROUPS)};" in " ".join(told.replace("│", " ").split())
