"""The line is bounded, files are rotated, and what was accepted is written: in this process, on a full disk, killed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from functools import partial
from pathlib import Path

import pytest
from waiting import wait_until

from kit.serving.prediction_log import writer
from kit.serving.prediction_log.reader import whole_records
from kit.serving.prediction_log.writer import Limits, LogWriter, Told


class Heard(Counter[str]):
    """Counts what it is told."""

    def told(self) -> Told:
        return Told(*(partial(self._count, outcome) for outcome in ("dropped", "written", "lost")))

    def _count(self, outcome: str, records: int) -> None:
        self[outcome] += records


def records_in(folder: Path) -> list[bytes]:
    return [record for path in sorted(folder.glob("*.tfrecord")) for record in whole_records(path)[0]]


def record(number: int) -> bytes:
    return b"%06d" % number


def test_what_is_in_line_is_written_when_it_is_closed(tmp_path: Path) -> None:
    heard = Heard()
    log = LogWriter(tmp_path / "p", heard.told(), Limits(flush_seconds=60))
    assert all(log.offer(partial(record, number), 6) for number in range(1000))
    log.close()
    assert records_in(tmp_path) == [record(number) for number in range(1000)]
    assert heard == {"written": 1000}
    assert not log.offer(partial(record, 0), 6)
    assert heard["dropped"] == 1
    log.close()


def test_nothing_is_written_without_a_record(tmp_path: Path) -> None:
    LogWriter(tmp_path / "p", Heard().told()).close()
    assert list(tmp_path.iterdir()) == []


def test_a_record_is_on_the_disk_soon(tmp_path: Path) -> None:
    written = threading.Event()
    told = Told(Heard().told().dropped, lambda _: written.set(), Heard().told().lost)
    log = LogWriter(tmp_path / "p", told, Limits(flush_seconds=0.05))
    log.offer(partial(record, 1), 6)
    assert written.wait(5)
    assert records_in(tmp_path) == [record(1)]
    log.close()


@pytest.mark.parametrize(
    ("limits", "accepted"),
    [(Limits(queue_records=3), 3), (Limits(queue_bytes=20), 3)],
    ids=["records", "bytes"],
)
def test_a_full_line_drops_and_never_waits(tmp_path: Path, limits: Limits, accepted: int) -> None:
    heard, taken, go_on = Heard(), threading.Event(), threading.Event()

    def slow() -> bytes:
        taken.set()
        go_on.wait(10)
        return b"slow"

    log = LogWriter(tmp_path / "p", heard.told(), limits)
    log.offer(slow, 6)
    assert taken.wait(5)  # the thread is busy with it, and the line is empty
    offered = [log.offer(partial(record, number), 6) for number in range(10)]
    assert offered == [True] * accepted + [False] * (10 - accepted)
    go_on.set()
    log.close()
    assert heard == {"dropped": 10 - accepted, "written": accepted + 1}
    assert records_in(tmp_path) == [b"slow", *(record(number) for number in range(accepted))]


def test_files_are_rotated_by_size(tmp_path: Path) -> None:
    limits = Limits(file_bytes=100, flush_seconds=0, unflushed_bytes=1)
    log = LogWriter(tmp_path / "p", Heard().told(), limits)
    for number in range(600):
        log.offer(partial(record, number), 6)
    log.close()
    assert len(list(tmp_path.glob("p-*.tfrecord"))) >= 2
    assert records_in(tmp_path) == [record(number) for number in range(600)]


def test_files_are_rotated_by_age(tmp_path: Path) -> None:
    heard = Heard()
    log = LogWriter(tmp_path / "p", heard.told(), Limits(file_seconds=0, flush_seconds=0))
    for number in range(2):
        log.offer(partial(record, number), 6)
        wait_until(lambda: heard["written"] > number)  # noqa: B023  waited for at once
    log.close()
    assert len(list(tmp_path.glob("p-*.tfrecord"))) == 2


def test_a_new_file_is_begun_when_the_folder_was_removed(tmp_path: Path) -> None:
    heard, folder = Heard(), tmp_path / "served"
    log = LogWriter(folder / "p", heard.told(), Limits(flush_seconds=0))
    log.offer(partial(record, 1), 6)
    wait_until(lambda: heard["written"] == 1)
    shutil.rmtree(folder)
    log.offer(partial(record, 2), 6)
    log.close()
    assert records_in(folder) == [record(2)]
    assert heard == {"written": 2}


def test_many_bytes_are_written_before_their_time(tmp_path: Path) -> None:
    heard = Heard()
    log = LogWriter(tmp_path / "p", heard.told(), Limits(flush_seconds=3600, unflushed_bytes=12))
    for number in range(2):
        log.offer(partial(record, number), 6)
    wait_until(lambda: heard["written"] == 2)
    log.close()


def test_what_a_failed_write_has_left_behind_good_records_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync, tries, heard = os.fsync, list[int](), Heard()

    def second_fails(descriptor: int) -> None:
        tries.append(descriptor)
        if len(tries) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(descriptor)

    monkeypatch.setattr(writer, "_RETRY_SECONDS", 0.01)
    monkeypatch.setattr("os.fsync", second_fails)
    log = LogWriter(tmp_path / "p", heard.told(), Limits(flush_seconds=0))
    log.offer(partial(record, 1), 6)
    wait_until(lambda: heard["written"] == 1)
    log.offer(partial(record, 2), 6)
    wait_until(lambda: heard["written"] == 2)
    log.close()
    assert records_in(tmp_path) == [record(1), record(2)], "in a file of its own, and only there"
    assert len(list(tmp_path.glob("p-*.tfrecord"))) == 2


def test_a_record_that_cannot_be_made_ends_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    heard = Heard()
    log = LogWriter(tmp_path / "p", heard.told())
    log.offer(lambda: record(1 // 0), 6)
    log.offer(partial(record, 1), 6)
    log.close()
    assert records_in(tmp_path) == [record(1)]
    assert heard == {"lost": 1, "written": 1}
    assert "ZeroDivisionError" in caplog.text


def test_a_disk_that_is_full_for_long_is_told_once_and_leaves_no_empty_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "_RETRY_SECONDS", 0.01)
    fifth, heard = threading.Event(), Heard()
    tries: list[int] = []

    def full(descriptor: int) -> None:
        tries.append(descriptor)
        if len(tries) >= 5:
            fifth.set()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    log = LogWriter(tmp_path / "p", heard.told(), Limits(flush_seconds=0))
    log.offer(partial(record, 1), 6)
    assert fifth.wait(10)
    log.close()
    assert list(tmp_path.iterdir()) == []
    assert caplog.text.count("cannot be written") == 1


def test_a_disk_that_stays_full_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(writer, "_RETRY_SECONDS", 0.01)
    (tmp_path / "file").write_text("in the way of a folder")
    heard = Heard()
    log = LogWriter(tmp_path / "file" / "p", heard.told(), Limits(flush_seconds=0))
    log.offer(partial(record, 1), 6)
    log.close()
    assert heard == {"lost": 1}
    assert "cannot be written" in caplog.text
    assert "1 records" in caplog.text, "the metrics that count it end with the server"


_CHILD = """
import resource, sys, time
from functools import partial
from pathlib import Path
from kit.serving.prediction_log.writer import Limits, LogWriter, Told

def say(what, count):
    print(what, count, flush=True)

def record(number):
    return b"%06d" % number + b"." * 94

log = LogWriter(Path(sys.argv[1]) / "p", Told(*(partial(say, what) for what in ("dropped", "written", "lost"))),
                Limits(flush_seconds=0.02))
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, most))  # a write beyond it fails, as on a full disk
for number in range(20):
    log.offer(partial(record, number), 100)
time.sleep(0.5)
say("full", 0)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
number = 20
while True:
    log.offer(partial(record, number), 100)
    number += 1
    time.sleep(0.0005)
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[str, int]]]:
    """Return the folder of a process whose disk was full for a while, and that was killed later, and what it said."""
    folder, said = tmp_path_factory.mktemp("killed"), []
    with subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(folder)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        for line in child.stdout:
            what, count = line.split()
            said.append((what, int(count)))
            if sum(count for what, count in said if what == "written") > 300:
                break
        child.send_signal(signal.SIGKILL)
    return folder, said


def test_on_a_full_disk_the_log_waits_and_loses_nothing(killed: tuple[Path, list[tuple[str, int]]]) -> None:
    folder, said = killed
    assert said.index(("full", 0)) == 0, "nothing was written, dropped or lost before there was room"
    numbers = [int(record[:6]) for record in records_in(folder)]
    assert numbers[:20] == list(range(20))


def test_a_killed_process_has_written_what_it_said_once(killed: tuple[Path, list[tuple[str, int]]]) -> None:
    folder, said = killed
    written = sum(count for what, count in said if what == "written")
    numbers = [int(record[:6]) for record in records_in(folder)]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= written > 300
    assert {what for what, _ in said} == {"full", "written"}
