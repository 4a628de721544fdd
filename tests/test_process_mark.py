"""A record's mark finds its own process, and no later one with the same number."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

from kit.process_mark import ProcessMark


def test_this_process_is_found() -> None:
    found = ProcessMark.of_this().process()
    assert found is not None
    assert found.pid == os.getpid()


def test_one_that_is_over_or_another_is_not() -> None:
    mark = ProcessMark.of_this()
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    assert replace(mark, pid=ended.pid).process() is None
    assert replace(mark, started=mark.started - 60).process() is None
    assert replace(mark, pid=0).process() is None


def test_nothing_is_known_of_another_machine() -> None:
    mark = replace(ProcessMark.of_this(), host="another")
    assert not mark.is_here
    assert mark.process() is None
