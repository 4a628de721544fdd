"""`kit tune-batching`: what it refuses before it measures for minutes."""

from __future__ import annotations

from pathlib import Path

from in_process import invoke
from serving.models import predict_log, write_warmup

WANTED = ("tune-batching", "--rate", "10", "--p99", "50", "-w")


def test_without_a_pushed_model_it_says_what_makes_one_and_leaves_nothing(tmp_path: Path) -> None:
    ended = invoke(*WANTED, tmp_path / "ws")
    assert ended.exit_code == 2
    assert "Run 05_release" in ended.output
    assert not (tmp_path / "ws").exists()


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    version = tmp_path / "ws" / "serving" / "recommender" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    ended = invoke(*WANTED, tmp_path / "ws", "--write", tmp_path)
    assert ended.exit_code == 2
    assert "--write must name a file" in ended.output


def test_a_file_that_cannot_be_written_is_said_before_it_measures(tmp_path: Path) -> None:
    version = tmp_path / "ws" / "serving" / "recommender" / "1"
    version.mkdir(parents=True)
    (version / "saved_model.pb").touch()
    (tmp_path / "file").touch()
    ended = invoke(*WANTED, tmp_path / "ws", "--write", tmp_path / "file" / "b")
    assert ended.exit_code != 0
    assert str(tmp_path / "file") in ended.output


def test_without_an_end_it_is_refused(tmp_path: Path) -> None:
    version = tmp_path / "ws" / "serving" / "recommender" / "1"
    version.mkdir(parents=True)
    write_warmup(version, [predict_log(1.0)])
    (version / "saved_model.pb").touch()
    for option, said in {"--rate": "100000", "--p99": "finite", "--seconds": "finite"}.items():
        ended = invoke(*WANTED, tmp_path / "ws", option, "inf")
        assert (ended.exit_code, said in ended.output) == (2, True)
