from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from imports import imported_by
from in_process import invoke
from small_notebooks import write_notebook

import kit.batch.run
import kit.new
from kit.batch.admission import Budget
from kit.batch.order import Part
from kit.batch.run import RunOptions
from kit.errors import ExitCode, ProjectError
from kit.workspace import CHECKOUT


@dataclass
class Chain:
    """Stands for `run_chain`, and keeps what it was given."""

    calls: list[tuple[Any, ...]] = field(default_factory=list)

    def __call__(self, *arguments: Any, say: object) -> Any:  # noqa: ARG002  where the lines go
        self.calls.append(arguments)
        return type(
            "Record", (), {"exit_code": 0, "workspace": str(arguments[2]), "project": "of_the_test"}
        )()


@pytest.fixture
def chain(monkeypatch: pytest.MonkeyPatch) -> Chain:
    chain = Chain()
    monkeypatch.setattr(kit.batch.run, "run_chain", chain)
    return chain


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    return write_notebook(tmp_path / "01_x.ipynb", parameters="epochs: int = 5  # passes, 1 to 9")


def test_run_passes_on_what_was_typed(chain: Chain, notebook: Path, tmp_path: Path) -> None:
    words = [
        "run",
        str(notebook),
        "-P",
        "chicago_taxi",
        "-w",
        str(tmp_path / "w"),
        "-p",
        "epochs",
        "-3",
        "-p",
        "a=b",
    ]
    more = [
        "--timeout",
        "60",
        "--no-wait",
        "--kernel",
        "python3",
        "--jobs",
        "3",
        "--memory",
        "9",
        "--retries",
        "0",
    ]
    part = ["--no-skip", "--from", "a", "--until", "b", "--only", "c", "--only", "d"]
    answer = invoke(*words, *more, *part)
    assert answer.exit_code == 0, answer.output
    given = {"epochs": "-3", "a": "b", "project_name": "chicago_taxi"}
    options = RunOptions(
        timeout_seconds=60,
        wait=False,
        kernel_name="python3",
        budget=Budget(3, 9),
        retries=0,
        skip=False,
        part=Part("a", "b", ("c", "d")),
    )
    assert chain.calls == [([notebook], given, tmp_path / "w", options)]


def test_a_dry_run_says_what_would_run_and_runs_nothing(chain: Chain, notebook: Path, tmp_path: Path) -> None:
    answer = invoke("run", notebook, "-w", tmp_path / "w", "--dry-run")
    assert answer.exit_code == 0, answer.output
    [head, row] = answer.output.splitlines()
    assert head.split() == ["notebook", "would", "usual", "time", "memory", "waits", "for", "why"]
    assert row.split()[:2] == ["01_x", "run"]
    assert chain.calls == []


def test_the_command_line_goes_before_the_file(chain: Chain, notebook: Path, tmp_path: Path) -> None:
    file = tmp_path / "p.yml"
    file.write_text(f"epochs: 3\nseed: 4\nworkspace: {tmp_path / 'w'}\n")
    invoke("run", notebook, "-f", file, "-p", "epochs", "7")
    (call,) = chain.calls
    assert call[1] == {"epochs": "7", "seed": 4}
    assert call[2] == tmp_path / "w"


def test_folders_are_relative_to_where_one_is(
    chain: Chain, notebook: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words in ([], ["-w", "here"], ["-p", "workspace", "there"]):
        invoke("run", notebook.name, *words)
    assert [call[2] for call in chain.calls] == [
        CHECKOUT / "workspace",
        tmp_path / "here",
        tmp_path / "there",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-p", "epoch", "3"], "Did you mean epochs?"),
        (["-p", "epochs", "10"], "must be 1 to 9, but is 10"),
        (["-p", "epochs"], "Write -p epochs VALUE"),
        (["-f", "missing.yml"], "cannot be read"),
        (["--unknown"], "No such option"),
        (["no_such_notebook"], "There is no notebook"),
    ],
)
def test_wrong_usage_is_told_without_a_traceback(notebook: Path, words: list[str], said: str) -> None:
    answer = invoke("run", notebook, *words)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_failed_run_ends_with_its_reason_and_code(notebook: Path, tmp_path: Path) -> None:
    content = nbformat.read(notebook, as_version=4)
    content.cells.append(
        nbformat.v4.new_code_cell("from kit.errors import DriftError\nraise DriftError('far')")
    )
    nbformat.write(content, notebook)
    answer = invoke("run", notebook, "-w", tmp_path / "w", "--kernel", "python3")
    assert answer.exit_code == 11
    assert answer.stderr.splitlines()[-1] == "DriftError: far"
    listed = invoke("runs", "-w", tmp_path / "w").stdout.splitlines()
    (path,) = (tmp_path / "w" / "runs").glob("*/run.json")
    assert listed[1].split()[:3] == [json.loads(path.read_text())["run_id"], "failed", "11"]


def test_parameters_shows_the_whole_specification(notebook: Path) -> None:
    lines = invoke("parameters", notebook).stdout.splitlines()
    assert lines[1].split(maxsplit=3) == ["epochs", "int", "5", "passes, 1 to 9"]


def test_projects_lists_those_of_the_kit_and_of_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "projects" / "mine").mkdir(parents=True)
    (tmp_path / "projects" / "mine" / "project.yml").touch()
    lines = invoke("projects", "-w", tmp_path).stdout.splitlines()
    assert {"chicago_taxi", "mine"} <= {line.split()[0] for line in lines}


def test_new_passes_on_what_was_typed_and_an_error_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def create(*arguments: object, **options: object) -> None:
        calls.append((arguments, options))
        raise ProjectError("the name is taken")

    monkeypatch.setattr(kit.new, "create", create)
    words = ["new", "mine", "--data", "x.csv", "--label", "y", "--into", str(tmp_path), "--task", "binary"]
    answer = invoke(*words)
    assert calls == [(("mine", Path("x.csv"), "y", tmp_path), {"task": "binary"})]
    assert (answer.exit_code, answer.stderr) == (2, "the name is taken\n")


def test_new_prints_a_command_that_a_shell_takes_as_it_is(tmp_path: Path) -> None:
    rows = "height,bought\n" + "1.5,yes\n2.5,no\n" * 30
    (tmp_path / "a.csv").write_text(rows)
    into = tmp_path / "w zwei"
    words = ["new", "shop", "--data", str(tmp_path / "a.csv"), "--label", "bought", "--into", str(into)]
    answer = invoke(*words)
    assert answer.exit_code == 0, answer.output
    assert shlex.split(answer.stdout.splitlines()[-1])[-3:] == ["run", "--project", str(into / "shop")]


def test_help_imports_nothing_heavy() -> None:
    program = """
from kit.cli import app
try:
    app(["--help"])
except SystemExit:
    pass
"""
    modules, printed = imported_by(program)
    assert not {"tensorflow", "tfx", "papermill", "nbformat", "yaml", "pandas", "IPython"} & modules
    assert "parameters" in printed


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_told_to_end_removes_its_temporary_files(signum: signal.Signals) -> None:
    code = """
import tempfile, time, typer
from kit.cli.shared import exits

@exits
def command():
    with tempfile.TemporaryDirectory() as folder:
        print(folder, flush=True)
        time.sleep(60)

typer.run(command)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        folder = Path(process.stdout.readline().strip())
        assert folder.is_dir()
        process.send_signal(signum)
        _, said = process.communicate(timeout=20)
    assert (process.returncode, said) == (ExitCode.INTERRUPTED, "Interrupted.\n")
    assert not folder.exists()
