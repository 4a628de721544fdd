"""A canary: a notebook that tells its secret in every way it can, and no file of the workspace that holds it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from commands import kit_command

from kit.batch.parameters import parse_parameters
from kit.batch.run import RunOptions, run_chain
from kit.errors import UsageError

from .conftest import WriteNotebook

CANARY = "canary-7f3a<&>"
PARAMETERS = 'epochs: int = 5\nweb_key: str = ""  # that signs messages, secret'
TELLING = """import os, sys
from IPython.display import HTML, display
from kit.secret import secret
value = secret("web_key").reveal()
print(secret("web_key"), value)
print("in pieces", value[:3], end="", flush=True)
for letter in value[3:]:
    print(letter, end="", flush=True)
print(" and after")
print("as an error line", value, file=sys.stderr)
os.write(2, f"past Python {value}\\n".encode())
display(HTML(f"<b>{value}</b>"))
value"""
RAISING = "raise ValueError(f'the key {value} was refused')"
PLAIN = RunOptions(kernel_name="python3", retries=0)


def test_no_file_of_the_workspace_holds_a_secret(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_SECRET_WEB_KEY", CANARY)
    path = write_notebook("01_a", PARAMETERS, TELLING, RAISING)
    said: list[str] = []
    record = run_chain([path], {"epochs": 6}, tmp_path / "ws", PLAIN, said.append)

    assert record.failure is not None
    assert record.failure.reason == "the key ••• was refused", "the notebook had it"
    files = [file for file in (tmp_path / "ws").rglob("*") if file.is_file()]
    assert {"01_a.ipynb", "run.json", "log.txt", "report.html", "parameters.yml"} <= {
        file.name for file in files
    }
    assert [file for file in files if b"canary" in file.read_bytes()] == []
    assert "canary" not in "".join(said)
    cells = nbformat.read(tmp_path / "ws" / "runs" / record.run_id / "01_a.ipynb", 4).cells
    [told] = [cell for cell in cells if cell.source == TELLING]
    [printed] = [each for each in told.outputs if each.get("name") == "stdout"]
    assert printed.text == "Secret('web_key') •••\nin pieces ••• and after\n"
    assert "past Python •••" in (tmp_path / "ws" / "runs" / record.run_id / "log.txt").read_text()


def test_a_secret_that_is_not_set_is_found_before_anything_runs(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    path = write_notebook("01_a", PARAMETERS)
    answer = kit_command("run", path, "-w", tmp_path / "ws")
    assert answer.code == 2
    assert "KIT_SECRET_WEB_KEY" in answer.errors
    assert not (tmp_path / "ws" / "runs").exists()


def test_a_secret_is_not_taken_from_the_command_line(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook("01_a", PARAMETERS)
    answer = kit_command("run", path, "-w", tmp_path / "ws", "-p", "web_key", CANARY)
    assert answer.code == 2
    assert "comes only from KIT_SECRET_WEB_KEY in the environment" in answer.errors
    assert "or from the file that KIT_SECRET_WEB_KEY_FILE names there" in answer.errors
    assert "canary" not in answer.errors + answer.output


def test_an_optional_secret_may_be_missing(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook("01_a", 'web_key: str = ""  # that signs messages, optional secret', "1")
    assert run_chain([path], {}, tmp_path / "ws", PLAIN, lambda _: None).exit_code == 0


@pytest.mark.parametrize(
    "line",
    ['key: str = "abc"  # of us, secret', "key: int = 0  # of us, secret"],
    ids=["a default", "a number"],
)
def test_a_secret_in_a_notebook_is_refused(line: str) -> None:
    with pytest.raises(UsageError, match="is a secret, which"):
        parse_parameters(line, "a notebook")


def test_a_secret_that_a_file_gives_as_a_number_is_not_told() -> None:
    specs = parse_parameters('key: str = ""  # of us, secret', "a notebook")
    with pytest.raises(ValueError, match="comes only from KIT_SECRET_KEY") as raised:
        specs["key"].convert(9876543.25)
    assert "9876543" not in str(raised.value)


def test_a_secret_whose_variable_would_name_a_file_is_refused() -> None:
    with pytest.raises(UsageError, match="KIT_SECRET_KEY_FILE would name a file: choose another name"):
        parse_parameters('key_file: str = ""  # of us, secret', "a notebook")


def test_a_help_that_only_mentions_secrets_makes_none() -> None:
    [one] = parse_parameters('kind: str = ""  # of messages that tell no secret', "a notebook").values()
    assert not one.is_secret
