"""`kit litert`, run as a user does: the files in a table, and the one that is meant for use in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from in_process import invoke, kit

from kit.errors import ExitCode, InfraCheckError
from kit.release.litert import made
from kit.release.litert.component import litert_converter
from kit.release.litert.interpreter import LiteRTModel
from kit.release.litert.made import converted
from kit.session import Session


def litert(session: Session, *words: str) -> tuple[int, str]:
    return kit("litert", "-P", session.project.folder, "-w", session.workspace.path, *words)


@pytest.fixture
def session(blessed: Session) -> Session:
    blessed.run(litert_converter(blessed))
    return blessed


def test_the_files_are_told_and_the_chosen_one_is_copied(session: Session, tmp_path: Path) -> None:
    code, output = litert(session, "--into", str(tmp_path / "app"))
    assert code == 0, output
    rows = [line.split()[0] for line in output.splitlines()]
    assert rows[:5] == ["file", "float", "float16", "dynamic_range", "int8"]
    assert "The LiteRT variant dynamic_range has " in output
    assert sorted(path.name for path in (tmp_path / "app").iterdir()) == [
        "dynamic_range.tflite",
        "features.json",
    ]
    copied = (tmp_path / "app" / "dynamic_range.tflite").read_bytes()
    assert copied == (converted(session) / "dynamic_range.tflite").read_bytes()
    assert LiteRTModel(copied).output == "score"


def test_a_file_that_loses_more_than_it_may_is_not_copied(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loses(*_: object) -> str:
        raise InfraCheckError("The LiteRT variant dynamic_range may lose 0.01 of AUC, but loses 0.2.")

    monkeypatch.setattr(made, "judge", loses)
    code, output = litert(session, "--into", str(tmp_path / "app"))
    assert code == ExitCode.INFRA_CHECK
    assert "may lose 0.01 of AUC, but loses 0.2." in output
    assert not (tmp_path / "app").exists()


def test_without_a_model_it_says_what_to_run(tmp_path: Path) -> None:
    result = invoke("litert", "-w", tmp_path / "ws")
    assert result.exit_code == ExitCode.USAGE
    assert "Nothing has run in" in result.output
    assert not (tmp_path / "ws").exists()
