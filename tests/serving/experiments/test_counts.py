from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from waiting import wait_until

from kit.serving.experiments import counts
from kit.serving.experiments.counts import FAILED, REQUESTS, SLOW, Counter, Counts, total
from kit.workspace import write_atomically


def test_counts_of_several_processes_are_added_and_the_first_failure_is_kept(tmp_path: Path) -> None:
    (tmp_path / "counts").mkdir()
    for number, when in enumerate((50.0, 40.0)):
        one = Counts()
        one.add(1, 7, failed=True, slow=False, when=when)
        one.add(1, 7, failed=True, slow=True, when=when + 100)
        one.others[0] += 3
        (tmp_path / "counts" / f"{number}.npz").write_bytes(one.to_bytes())
    summed = total(tmp_path)
    assert summed.table[1, 7].tolist() == [4, 4, 2]
    assert summed.first_failure[1, 7] == 40
    assert np.isinf(summed.first_failure).sum() == summed.first_failure.size - 1
    assert summed.others.tolist() == [6, 0, 0]


def test_a_file_that_is_none_is_left_out_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "counts").mkdir()
    (tmp_path / "counts" / "1.npz").write_bytes(b"PK no")
    assert total(tmp_path).table.sum() == 0
    assert "is left out of the counts" in caplog.text


def test_a_full_disk_loses_no_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    write = write_atomically
    monkeypatch.setattr(counts, "_WRITE_SECONDS", 0.01)
    monkeypatch.setattr(counts, "write_atomically", full)
    counter = Counter(tmp_path)
    counter.add(0, 1, failed=False, slow=True)
    wait_until(lambda: "cannot be written" in caplog.text, 5)
    monkeypatch.setattr(counts, "write_atomically", write)
    counter.close()
    assert total(tmp_path).table[0, 1].tolist() == [1, 0, 1]


def test_a_clock_that_is_put_back_leaves_the_order_of_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = Counter(tmp_path)
    counter.add(0, 1, failed=True, slow=False)
    monkeypatch.setattr("time.time", lambda: 0.0)
    counter.add(1, 1, failed=True, slow=False)
    counter.close()
    control, candidate = total(tmp_path).first_failure[:, 1]
    assert control < candidate


def test_what_is_counted_is_on_the_disk_when_the_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom kit.serving.experiments.counts import Counter\n"
        "counter = Counter(Path(sys.argv[1]))\n"
        "for group in range(5): counter.add(1, group, failed=False, slow=False)\n"
        "print('counted', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout
        assert child.stdout.readline() == "counted\n"
        wait_until(lambda: total(tmp_path).table.sum() > 0, 5)
        child.send_signal(signal.SIGKILL)
    table = total(tmp_path).table
    assert table[1, :5, REQUESTS].tolist() == [1] * 5
    assert table[..., [FAILED, SLOW]].sum() == 0
