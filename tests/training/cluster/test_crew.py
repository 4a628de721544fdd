"""What becomes of a cluster whose members go wrong; these members train nothing."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import is_alive

from kit.errors import StepFailedError
from kit.steps import progress
from kit.training.cluster import local
from kit.training.cluster.crew_record import MEMBERS, CrewRecord
from kit.training.config import Training
from kit.training.job import Job

from . import members


@pytest.fixture
def job(tmp_path: Path) -> Job:
    training = Training(strategy="multi_worker_mirrored", workers=2)
    return Job("none", training, (), (), "none", str(tmp_path / "run"), str(tmp_path / "checkpoint"), "")


def play(monkeypatch: pytest.MonkeyPatch, member: Callable[..., bytes]) -> None:
    monkeypatch.setattr(local, "PLAY", f"{member.__module__}:{member.__name__}")


def record(job: Job) -> CrewRecord:
    found = CrewRecord.read(job.run / MEMBERS)
    assert found
    return found


def test_members_that_always_die_are_begun_again_a_few_times(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, members.dies)
    with pytest.raises(StepFailedError, match=r"members were lost 4 times: worker-[01] was lost") as caught:
        local.train(job)
    assert "whether memory ran out" in str(caught.value)
    assert len(record(job).lost) == local.MOST_LOST + 1


def test_an_error_of_the_code_is_told_and_not_what_followed_from_it(
    job: Job, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    play(monkeypatch, members.fails)
    with pytest.raises(
        StepFailedError, match=r"worker-1 of the cluster failed: ZeroDivisionError: in build_model"
    ):
        local.train(job)
    assert not record(job).lost, "it would fail again"
    assert "Traceback" in capsys.readouterr().out, "the log of the step has it"


def test_a_port_that_somebody_took_meanwhile_is_replaced(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, members.finds_its_port_busy_once)
    local.train(job)
    assert len((job.run.parent / "seen").read_text()) >= 3, "both were started again"
    assert record(job).lost == ("worker-1 ended (PortError); all begin again from the latest checkpoint",)
    assert {member.state for member in record(job).members} == {"done"}


def test_an_interrupt_ends_all_members(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, members.never_ends)
    said: list[str] = []
    seen = threading.Event()

    def interrupted(line: str) -> None:
        said.append(line)
        if len([path for path in job.run.iterdir() if path.name.isdecimal()]) == 2:
            seen.set()
            raise KeyboardInterrupt

    monkeypatch.setattr(progress, "_report", interrupted)
    with pytest.raises(KeyboardInterrupt):
        local.train(job)
    assert seen.is_set()
    assert set(said) == {"still here"}
    pids = [int(path.name) for path in job.run.iterdir() if re.fullmatch(r"\d+", path.name)]
    assert len(pids) == 2
    assert not [pid for pid in pids if is_alive(pid)]
    assert {member.state for member in record(job).members} == {"ended"}
