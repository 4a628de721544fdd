"""What processes write past Python is in the log line by line, and secrets never are."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from waiting import wait_until

from kit.batch.kernels import Kernels
from kit.batch.redacted_log import RedactedLog
from kit.batch.watch import Watch
from kit.secret import REDACTED, Redactor

CANARY = "correct-horse-battery"


@pytest.mark.parametrize("secrets", [{}, {"KIT_SECRET_PASSWORD": CANARY}], ids=["no secrets", "a secret"])
def test_what_is_written_is_appended_once_it_is_closed(secrets: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("before\n")
    log = RedactedLog(path, Redactor(secrets))
    subprocess.run(["sh", "-c", f"echo {CANARY}; printf 'no end'"], stdout=log.fileno(), check=True)
    log.close()
    told = REDACTED if secrets else CANARY
    assert path.read_text() == f"before\n{told}\nno end"


def test_a_process_that_goes_on_does_not_hold_the_end_up(tmp_path: Path) -> None:
    log = RedactedLog(tmp_path / "log.txt", Redactor({"KIT_SECRET_PASSWORD": CANARY}))
    with subprocess.Popen(["sleep", "60"], stdout=log.fileno()) as left:
        log.close(0.1)
        assert left.poll() is None, "it did not wait for its end"
        left.kill()


def test_a_secret_that_a_kernel_writes_itself_is_never_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIT_SECRET_PASSWORD", CANARY)
    path = tmp_path / "log.txt"
    with Kernels("python3", tmp_path, path) as kernels:
        kernel = kernels.take(Watch(tmp_path / "steps.jsonl", lambda _: None), tmp_path)
        code = "import os; os.system('echo $KIT_SECRET_PASSWORD >&2; echo written >&2')"
        kernels._loop.run_until_complete(kernel.client.execute_interactive(code, timeout=60))
        wait_until(lambda: "written" in path.read_text(), 20)  # while it still runs
        assert CANARY not in path.read_text()
        kernels.give_back(kernel)
