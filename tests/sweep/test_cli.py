from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from unittest.mock import MagicMock

import pytest
from in_process import invoke, kit

from kit.errors import ExitCode
from kit.sweep import dask_workers
from kit.sweep.begin import begin_sweep, plan_sweep
from kit.sweep.records import SweepFolder, save_point

from .conftest import FIT, Begin, WriteNotebook


def test_a_dry_run_lists_the_points_and_writes_nothing(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    file = tmp_path / "fit.yml"
    file.write_text(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1, 2], rate: 0.5}}")
    code, said = kit("sweep", file, "--dry-run", "-w", tmp_path / "ws")
    assert code == 0
    assert said.splitlines() == [
        "2 points of size, rate: then fit at every point.",
        "point  size  rate",
        "1      1     0.5",
        "2      2     0.5",
    ]
    assert not (tmp_path / "ws").exists()


@pytest.mark.parametrize(
    "space",
    [
        "parameters: {project_name: [recommender, chicago_taxi]}",
        "way: list\npoints: [{project_name: recommender}, {size: 2}]",
    ],
)
def test_a_project_of_the_command_is_not_swept_too(
    write_notebook: WriteNotebook, tmp_path: Path, space: str
) -> None:
    notebook = write_notebook("fit", 'project_name: str = "recommender"\nsize: int = 1')
    file = tmp_path / "fit.yml"
    file.write_text(f"notebooks: {notebook}\n{space}")
    words = ("sweep", file, "--dry-run", "-w", tmp_path / "ws")
    assert kit(*words)[0] == 0
    code, said = kit(*words, "--project", "chicago_taxi")
    assert code == ExitCode.USAGE
    assert "must not sweep what the command sets for all points, but does so with project_name" in said


def test_a_finished_sweep_says_what_it_found(
    write_notebook: WriteNotebook, begin: Begin, tmp_path: Path
) -> None:
    folder = begin(
        f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1, 2]}}\nmetrics: ['loss, minimise']"
    )
    for point, loss in zip(folder.points(), (0.5, 0.25), strict=True):
        ended = {"state": "done", "exit_code": 0, "metrics": {"loss": loss}, "seconds": 2.0}
        save_point(folder.point(point.number), point.model_copy(update=ended))
    code, said = kit("sweep", "--resume", "fit", "-w", tmp_path / "ws")
    assert code == 0
    assert "Points done: 2 of 2. The best loss is 0.25, of size 2." in said
    assert f"fit.ipynb -p size=2 --workspace {tmp_path / 'ws'}" in said
    rows = [line.split() for line in said.splitlines() if line.startswith(("1 ", "2 "))]
    assert [row[:5] for row in rows if len(row) == 5] == [
        ["2", "2", "0.25", "done", "2.0"],
        ["1", "1", "0.5", "done", "2.0"],
    ]
    code, said = kit("sweeps", "-w", tmp_path / "ws")
    assert code == 0
    assert "fit" in said
    assert "Points done: 2 of 2" in said


def test_the_file_in_the_help_can_be_swept(tmp_path: Path) -> None:
    _, _, shown = kit("sweep", "--help")[1].partition("The file describes the sweep:")
    example, _, _ = shown.partition("Notebooks before")
    (tmp_path / "help.yml").write_text(dedent(example))
    code, said = kit("sweep", tmp_path / "help.yml", "--dry-run", "-w", tmp_path)
    assert code == 0
    assert said.startswith(
        "20 points of learning_rate, epochs, batch_size: 01_data, 02_features once, then 03_train"
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "takes the file of a new sweep, or --resume NAME"),
        (("x.yml", "--resume", "fit"), "Give one of them"),
        (("--resume", "fit", "--attempts", 3), "--attempts has no effect with --resume"),
        (("x.yml", "--dask", "local:2", "--jobs", 3), "--jobs has no effect with --dask"),
        (("x.yml",), "x.yml must be a YAML file, but it cannot be read"),
        (("--resume", "fit"), "There is no sweep 'fit'"),
    ],
)
def test_wrong_usage_is_told(tmp_path: Path, words: tuple[object, ...], expected: str) -> None:
    code, said = kit("sweep", *words, "-w", tmp_path)
    assert code == ExitCode.USAGE
    assert expected in said


def test_one_point_is_one(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    file = tmp_path / "fit.yml"
    file.write_text(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}")
    assert kit("sweep", file, "--dry-run", "-w", tmp_path / "ws")[1].startswith("1 point of size: then")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("parameters: {project_name: [recommender, nix]}", "There is no project 'nix'"),
        ("parameters: {size: [1]}\nmetrics: [los]", "Did you mean loss?"),
    ],
    ids=["a project of a later point", "a metric"],
)
def test_a_dry_run_finds_what_no_point_could_run_with(
    write_notebook: WriteNotebook, tmp_path: Path, lines: str, expected: str
) -> None:
    notebook = write_notebook("fit", f'{FIT[0]}\nproject_name: str = "recommender"', *FIT[1:])
    file = tmp_path / "fit.yml"
    file.write_text(f"notebooks: {notebook}\n{lines}")
    code, said = kit("sweep", file, "--dry-run", "-w", tmp_path / "ws")
    assert code == ExitCode.USAGE
    assert expected in said


def test_a_scheduler_that_does_not_answer_leaves_no_sweep_behind(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_workers, "_CONNECT_SECONDS", 0.3)
    file = tmp_path / "fit.yml"
    file.write_text(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}")
    code, said = kit("sweep", file, "--dask", "tcp://127.0.0.1:9", "-w", tmp_path / "ws")
    assert code == ExitCode.USAGE
    assert "must answer at tcp://127.0.0.1:9" in said
    assert not (tmp_path / "ws" / "sweeps").exists()


def test_an_address_that_is_none_is_told_before_anything_runs(
    write_notebook: WriteNotebook, begin: Begin, tmp_path: Path
) -> None:
    begin(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}")
    code, said = kit("sweep", "--resume", "fit", "--dask", "somewhere", "-w", tmp_path / "ws")
    assert code == ExitCode.USAGE
    assert "--dask takes the address of a scheduler" in said
    assert not SweepFolder.of(tmp_path / "ws", "fit").base.exists()


@pytest.mark.parametrize("options", [(), ("--dask", "local:2")])
def test_a_secret_that_is_not_set_is_told_before_anything_runs(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...]
) -> None:
    file = tmp_path / "fit.yml"
    cell = f'{FIT[0]}\napi_key: str = ""  # of the store, secret'
    file.write_text(f"notebooks: {write_notebook('fit', cell, *FIT[1:])}\nparameters: {{size: [1]}}")
    words = ("-w", tmp_path / "ws", *options)
    code, said = kit("sweep", file, *words)
    assert code == ExitCode.USAGE
    assert "The secret parameter api_key must be in the environment variable KIT_SECRET_API_KEY" in said
    assert not (tmp_path / "ws" / "sweeps").exists()

    folder = begin_sweep(plan_sweep(file, tmp_path / "ws"))
    assert kit("sweep", "--resume", "fit", *words)[0] == ExitCode.USAGE
    assert not folder.base.exists()
    monkeypatch.setattr("kit.sweep.run.run_sweep", lambda *_, **__: pytest.fail("it runs"))
    monkeypatch.setattr(dask_workers, "_connect", MagicMock())
    with pytest.raises(pytest.fail.Exception):  # the workers of a cluster may have it
        invoke(
            "sweep", "--resume", "fit", "-w", tmp_path / "ws", "--dask", "tcp://h:1", catch_exceptions=False
        )
