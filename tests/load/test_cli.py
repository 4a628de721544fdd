"""`kit tune-batching`: what it refuses before it measures for minutes."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from kit.cli import app

WANTED = ("tune-batching", "--rate", "10", "--p99", "50", "-w")


def test_without_a_pushed_model_it_says_what_makes_one_and_leaves_nothing(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, [*WANTED, str(tmp_path / "ws")])
    assert ended.exit_code == 2
    assert "Run 05_release" in ended.output
    assert not (tmp_path / "ws").exists()


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    version = tmp_path / "ws" / "serving" / "recommender" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    ended = CliRunner().invoke(app, [*WANTED, str(tmp_path / "ws"), "--write", str(tmp_path)])
    assert ended.exit_code == 2
    assert "--write must name a file" in ended.output
