"""The file that `kit export local` writes has the values that were given, and refuses what it has no place for."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from in_process import invoke


def export(folder: Path, *words: str) -> tuple[int, str, Path]:
    file = folder / "pipeline.py"
    ended = invoke("export", "local", file, "-w", folder / "ws", *words)
    return ended.exit_code, ended.output, file


def test_the_file_has_what_was_given_and_tells_how_to_run_it(tmp_path: Path) -> None:
    code, said, file = export(
        tmp_path, "-p", "train_spans", "1-2", "-p", "epochs", "3", "-p", "jit_compile", "off"
    )
    assert code == 0, said
    assert f"python {file}" in said
    assert f"in {tmp_path / 'ws'}" in said
    made = runpy.run_path(str(file))
    assert (made["WORKSPACE"], made["PROJECT"]) == (str(tmp_path / "ws"), "recommender")
    assert (made["TRAIN_SPANS"], made["EVAL_SPANS"], made["STOP_AFTER_STEPS"]) == ("1-2", "", 0)
    assert made["TRAINING"] == {"epochs": 3, "seed": 7, "jit_compile": "off"}
    assert "# folder of all results" in file.read_text()


def test_what_it_is_run_with_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    code, said, file = export(folder)
    assert code == 0, said
    assert f"Run it with `python '{file}'`" in said


def test_a_project_may_be_given_as_a_parameter_and_a_seed_may_be_0(tmp_path: Path) -> None:
    code, said, file = export(tmp_path, "-p", "project_name", "chicago_taxi", "-p", "seed", "0")
    assert code == 0, said
    assert "the steps of chicago_taxi" in said
    made = runpy.run_path(str(file))
    assert (made["PROJECT"], made["TRAINING"]) == ("chicago_taxi", {"seed": 0})


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("-p", "as_of", "2026-01-08"), "as_of was given, which is for the checks of a notebook"),
        (
            ("-p", "hyperparameters", "tuned"),
            "hyperparameters is 'tuned', which is a search of one workspace",
        ),
        (("-p", "epochs", "many"), "epochs"),
        (("-P", "shop"), "There is no project 'shop'"),
    ],
)
def test_what_a_pipeline_cannot_take_is_refused(
    tmp_path: Path, words: tuple[str, ...], expected: str
) -> None:
    code, said, file = export(tmp_path, *words)
    assert code == 2
    assert expected in said
    assert not file.exists()
