from __future__ import annotations

import pytest

from kit.signals import how_it_ended


@pytest.mark.parametrize(
    ("returncode", "words"),
    [(3, "exit code 3"), (-9, "signal SIGKILL"), (-40, "signal 40")],  # a real-time signal has no name
)
def test_every_end_of_a_process_has_words(returncode: int, words: str) -> None:
    assert how_it_ended(returncode) == words
