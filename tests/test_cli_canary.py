"""`kit canary`: what is started, shown and ended, without the libraries that take seconds, and the exit codes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from imports import imported_by
from in_process import invoke
from typer.testing import Result

from kit.release.versions import numbers
from kit.workspace import Workspace
from kit.workspace_folders import experiment_lock


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Two pushed versions of the recommender that ML Metadata does not know."""
    folder = tmp_path / "ws" / "serving" / "recommender"
    for version in ("1", "2"):
        (folder / version).mkdir(parents=True)
    return folder


def give(base: Path, *words: str) -> Result:
    return invoke("canary", *words, "-w", base.parents[1])


def test_it_is_started_shown_and_promoted_by_a_person(base: Path) -> None:
    assert "No experiment of recommender has been started yet" in give(base, "status").stdout
    assert sorted(path.name for path in base.parents[1].iterdir()) == ["serving"], "a look leaves nothing"
    started = give(base, "start", "--share", "0.25")
    assert started.exit_code == 0, started.output
    assert "version 2 for 25%, by user_id; 1 for the others" in started.stdout
    assert "decides on clicks, failed and slow requests" in started.stdout
    shown = give(base, "status").stdout.splitlines()
    assert shown[0] == (
        "Experiment 1-2, running: version 2 for 25%, by user_id; 1 for the others. Looked at 0 times."
    )
    assert [line.split()[:3] for line in shown[2:4]] == [["control", "1", "0"], ["candidate", "2", "0"]]
    assert shown[-1] == "Nobody has looked yet."
    ended = give(base, "stop", "--promote", "--who", "Ann", "--why", "we know it")
    assert ended.stdout == "Version 2: promoted. All users get version 2 from now on.\n"
    assert "Experiment 1-2, promoted by Ann" in give(base, "status").stdout
    listed = invoke("versions", "-w", base.parents[1]).stdout.splitlines()
    assert "promoted by Ann, " in listed[1]


def test_stopped_without_a_verdict_the_candidate_is_moved_aside(base: Path) -> None:
    give(base, "start")
    assert "Version 2: stopped. All users get version 1" in give(base, "stop", "--who", "Ann").stdout
    assert numbers(base) == [1]


def test_pushes_are_held(base: Path) -> None:
    assert "Version 2 stays in service, whatever is pushed." in give(base, "hold").stdout
    (base / "3").mkdir()
    listed = invoke("versions", "-w", base.parents[1]).stdout.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["3", "kept"], ["2", "served"], ["1", "kept"]]
    assert "Version 2 stays in service" in give(base, "hold").stdout, "still"


def test_what_is_tried_is_taken_back_and_not_rolled_back(base: Path) -> None:
    give(base, "start")
    refused = invoke("rollback", "-w", base.parents[1])
    assert (refused.exit_code, "`kit canary stop --rollback`" in refused.stderr) == (2, True)
    assert numbers(base) == [1, 2]
    listed = invoke("versions", "-w", base.parents[1]).stdout.splitlines()
    assert [line.split()[:2] for line in listed[1:]] == [["2", "kept"], ["1", "served"]]


def test_a_rollback_waits_for_an_experiment_that_is_being_started(base: Path) -> None:
    """Otherwise it would find that none runs, and take away what the new one compares."""
    (base / "1" / "saved_model.pb").touch()
    with ThreadPoolExecutor(1) as threads:
        with Workspace(base.parents[1]).lock(experiment_lock(base.name), "starting"):
            asked = threads.submit(invoke, "rollback", "-w", base.parents[1])
            with pytest.raises(TimeoutError):
                asked.result(0.5)
            assert numbers(base) == [1, 2]
        answer = asked.result(20)
    assert answer.exit_code == 0, answer.output
    assert numbers(base) == [1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stop",), "`kit canary start`"),
        (("watch", "--once"), "`kit canary start`"),
        (("stop", "--promote", "--rollback"), "Choose one."),
        (("start", "--share", "1"), "above 0 and below 1"),
        (("start", "--candidate", "9"), "Push a model to try"),
    ],
    ids=["none to stop", "none to watch", "two verdicts", "everybody", "no such version"],
)
def test_what_cannot_be_is_wrong_usage(base: Path, words: tuple[str, ...], said: str) -> None:
    answer = give(base, *words)
    assert (answer.exit_code, said in answer.stderr) == (2, True), answer.output


def test_a_start_and_an_end_import_nothing_slow(base: Path) -> None:
    code = (
        "from kit.cli import app\n"
        f"place = ['-w', {str(base.parents[1])!r}]\n"
        "for words in (['start'], ['status'], ['stop', '--rollback', '--who', 'Ann']):\n"
        "    app(['canary', *words, *place], standalone_mode=False)"
    )
    modules, _ = imported_by(code)
    assert not {"tensorflow", "tfx", "ml_metadata", "apache_beam"} & modules
    assert numbers(base) == [1]
