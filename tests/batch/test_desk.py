"""The parameters of the notebook that runs, as a panel sets them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml
from commands import kit_command
from waiting import wait_until

from kit.batch.desk import BATCH, DEFAULT, HERE, ParameterDesk
from kit.batch.parameters import SOURCES_VARIABLE
from kit.batch.plan import read_parameter_file
from kit.batch.run import RunOptions, run_chain
from kit.cli.shared import chosen_workspace
from kit.errors import UsageError

from .conftest import WriteNotebook

CELL = (
    'workspace: str = "{workspace}"  # folder\nproject_name: str = "mine"  # its name\n'
    'epochs: int = 5  # passes, 1 to 9\nfast: bool = False\nsize: str = "small"  # one of: small, large'
)


@pytest.fixture(autouse=True)
def outside_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SOURCES_VARIABLE, raising=False)


def kernel(workspace: Path, *cells: str) -> dict[str, Any]:
    """Return the namespace of a kernel in which the parameters cell and others have run."""
    sources = [CELL.format(workspace=workspace), *cells]
    namespace: dict[str, Any] = {"In": ["", "import os", *sources]}
    for source in sources:
        exec(source, namespace)  # noqa: S102  as a kernel does
    return namespace


def test_the_parameters_are_those_of_the_cell_that_ran(tmp_path: Path) -> None:
    desk = ParameterDesk(kernel(tmp_path, "x = 1", "def f(): pass"))
    assert [spec.name for spec in desk.specs()] == ["workspace", "project_name", "epochs", "fast", "size"]
    assert desk.values() == {
        "workspace": str(tmp_path),
        "project_name": "mine",
        "epochs": 5,
        "fast": False,
        "size": "small",
    }
    assert set(desk.sources().values()) == {DEFAULT}


def test_a_control_changes_the_variable_or_says_why_not(tmp_path: Path) -> None:
    namespace = kernel(tmp_path)
    desk = ParameterDesk(namespace)
    assert desk.set("epochs", "7") == 7
    assert (namespace["epochs"], desk.sources()["epochs"]) == (7, HERE)
    for name, text, why in (
        ("epochs", "70", "must be 1 to 9, but is 70"),
        ("epochs", "many", "must be a whole number, but is 'many'"),
        ("size", "huge", "must be one of small, large, but is 'huge'"),
    ):
        with pytest.raises(ValueError, match=why):
            desk.set(name, text)
    assert namespace["epochs"] == 7
    desk.set("fast", "true")
    assert namespace["fast"] is True
    desk.reset()
    assert (namespace["epochs"], namespace["fast"]) == (5, False)


def test_without_the_cell_it_says_what_to_run() -> None:
    for cells in ([], ["x = 1", "print(x)"], ["# Parameters\nepochs = 3"]):
        with pytest.raises(UsageError, match="Run the parameters cell first"):
            ParameterDesk({"In": cells})


def test_saved_values_are_taken_by_a_batch(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    desk = ParameterDesk(kernel(tmp_path / "a b"))
    desk.set("epochs", 8)
    said = desk.save()
    file = tmp_path / "a b" / "parameters" / "mine.yml"
    assert said == f"Saved to {file}. Run a batch with them: kit run -f '{file}'"
    other = ParameterDesk(
        {"In": [f'workspace: str = "{tmp_path / "a b"}"\nproject_name: str = "mine"\nrows: int = 3']}
    )
    other.save()
    saved = read_parameter_file(file)
    assert (saved["epochs"], saved["rows"], saved["fast"]) == (8, 3, False)

    notebook = write_notebook("01_a", CELL.format(workspace="w") + "\nrows: int = 1", "print(epochs, fast)")
    text = yaml.safe_dump(saved | {"project_name": "recommender"})
    file.write_text(text)
    ended = kit_command("run", notebook, "-f", file, "--kernel", "python3")
    assert ended.code == 0, ended.errors
    [executed] = (tmp_path / "a b").glob("runs/*/01_a.ipynb")
    assert nbformat.read(executed, 4).cells[-1].outputs[0].text == "8 False\n"


def test_a_batch_knows_where_each_value_came_from(tmp_path: Path, write_notebook: WriteNotebook) -> None:
    look = (
        "from kit.batch.desk import ParameterDesk\nimport json\nepochs = 4\n"
        "print(json.dumps(ParameterDesk(globals()).sources()))"
    )
    notebook = write_notebook("01_a", "a: int = 1\nb: int = 1\nc: int = 1\nepochs: int = 2", look)
    file = tmp_path / "p.yml"
    file.write_text("a: 7\nb: 8")
    ended = kit_command(
        "run", notebook, "-w", tmp_path / "ws", "-f", file, "-p", "b", "9", "--kernel", "python3"
    )
    assert ended.code == 0, ended.errors
    [executed] = (tmp_path / "ws").glob("runs/*/01_a.ipynb")
    sources = json.loads(nbformat.read(executed, 4).cells[-1].outputs[0].text)
    assert sources == {"a": f"-f {file}", "b": "-p", "c": DEFAULT, "epochs": HERE}


def test_a_batch_that_another_program_started_is_named_as_such(
    tmp_path: Path, write_notebook: WriteNotebook
) -> None:
    look = "from kit.batch.desk import ParameterDesk\nprint(ParameterDesk(globals()).sources()['a'])"
    notebook = write_notebook("01_a", "a: int = 1", look)
    record = run_chain(
        [notebook], {"a": 2}, tmp_path / "ws", RunOptions(kernel_name="python3"), lambda _: None
    )
    executed = nbformat.read(tmp_path / "ws" / "runs" / record.run_id / "01_a.ipynb", 4)
    assert executed.cells[-1].outputs[0].text == f"{BATCH}\n"


def test_a_batch_gets_the_values_and_only_one_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    popen = subprocess.Popen

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(command[3:])
        return popen(["sleep", "1"], **options)

    monkeypatch.setattr("kit.batch.background.subprocess.Popen", start)
    desk = ParameterDesk(kernel(tmp_path))
    assert desk.batch() is None
    desk.set("size", "large")
    assert desk.start().startswith("The batch has started")
    pairs = [f"workspace={tmp_path}", "project_name=mine", "epochs=5", "fast=false", "size=large"]
    assert started == [["run", *(word for pair in pairs for word in ("-p", pair))]]
    with pytest.raises(UsageError, match="the last one is still running"):
        desk.start()
    progress = desk.batch()
    assert progress
    assert progress.command == (
        f"kit run -p workspace={tmp_path} -p project_name=mine -p epochs=5 -p fast=false -p size=large"
    )
    wait_until(lambda: bool((now := desk.batch()) and now.has_ended))


def test_a_batch_means_the_folders_that_the_notebook_means(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel works in the notebook's folder, and the batch that it starts too; relative paths are the checkout's."""
    started: list[list[str]] = []

    def start(command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        started.append(command[3:])
        return popen(["true"], **options)

    popen = subprocess.Popen
    monkeypatch.setattr("kit.batch.background.subprocess.Popen", start)
    monkeypatch.setattr("kit.workspace.CHECKOUT", tmp_path)
    own = tmp_path / "notebooks" / "own" / "mine"
    own.mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "notebooks")
    desk = ParameterDesk(kernel(Path("workspace")))
    desk.set("project_name", "own/mine")
    desk.start()
    wait_until(lambda: bool((now := desk.batch()) and now.has_ended))
    [words] = started
    given = dict(word.split("=", 1) for word in words[2::2])
    assert chosen_workspace(given["workspace"]) == tmp_path / "workspace"
    assert list((tmp_path / "workspace" / "logs").iterdir())
    assert given["project_name"] == str(own)
    desk.save()
    saved = read_parameter_file(tmp_path / "workspace" / "parameters" / "mine.yml")
    assert (saved["workspace"], saved["project_name"]) == (str(tmp_path / "workspace"), str(own))


def test_a_variable_that_a_cell_has_spoilt_is_named(tmp_path: Path) -> None:
    namespace = kernel(tmp_path)
    desk = ParameterDesk(namespace)
    namespace["epochs"] = [1]
    with pytest.raises(UsageError, match=r"The parameter epochs must be a whole number, but is \[1\]"):
        desk.save()


def test_what_papermill_gives_is_checked_at_once_and_in_the_parameters_type(tmp_path: Path) -> None:
    for line, why in (
        ("epochs = 2.5", "epochs must be a whole number, but is 2.5"),
        ("epochs = 70", "epochs must be 1 to 9, but is 70"),
        ('fast = ""', "fast must be true or false, but is ''"),
    ):
        with pytest.raises(UsageError, match=f"^The parameter {why}. Correct it.$"):
            ParameterDesk(kernel(tmp_path, f"# Parameters\n{line}\n"))
    namespace = kernel(tmp_path, '# Parameters\nepochs = "7"\nfast = "true"\n')  # as after `papermill -r`
    desk = ParameterDesk(namespace)
    assert (namespace["epochs"], namespace["fast"]) == (7, True)
    assert (desk.sources()["epochs"], desk.sources()["fast"]) == (BATCH, BATCH)


def test_a_secret_is_neither_set_nor_saved(tmp_path: Path) -> None:
    cell = 'key: str = ""  # that signs messages, secret'
    namespace: dict[str, Any] = {"In": ["", f"{CELL.format(workspace=tmp_path)}\n{cell}"]}
    exec(namespace["In"][1], namespace)  # noqa: S102  as a kernel does
    desk = ParameterDesk(namespace)
    with pytest.raises(ValueError, match="comes only from KIT_SECRET_KEY in the environment"):
        desk.set("key", "canary-7f3a")
    namespace["key"] = "canary-7f3a"  # somebody writes it into a cell all the same
    desk.save()
    assert "canary" not in (tmp_path / "parameters" / "mine.yml").read_text()
