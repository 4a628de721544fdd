from __future__ import annotations

import threading
import time

import pytest

from kit.serving.following import Follower


def test_what_fails_once_is_looked_at_again(caplog: pytest.LogCaptureFixture) -> None:
    looked, twice = [], threading.Event()

    def look() -> None:
        looked.append(time.monotonic())
        if len(looked) == 1:
            raise OSError("of a moment")
        twice.set()

    follower = Follower()
    follower.follow(look, 0.01)
    assert twice.wait(10)
    follower.stop()
    count = len(looked)
    assert "Looking for changes failed" in caplog.text
    time.sleep(0.05)
    assert len(looked) == count


@pytest.mark.parametrize("seconds", [0, -1])
def test_no_seconds_are_never(seconds: float) -> None:
    follower = Follower()
    follower.follow(lambda: pytest.fail("looked"), seconds)
    follower.stop()
    assert not follower._threads
