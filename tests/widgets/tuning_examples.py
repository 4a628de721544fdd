"""Searches at different moments, and a desk that plays one."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from widget_examples import HOSTILE

from kit.tuning.records import DONE, FAILED, RUNNING, Search, Trial, Value

_AXES: dict[str, list[Value]] = {
    "learning_rate": [],
    "dropout": [],
    "units": [16, 32, 64, 128],
    "optimizer": ["adam", "sgd"],
    "balanced": [False, True],
}


def trial(number: int) -> Trial:
    """Return a trial that is done; the middle of each range is best, and one value is not in effect in some."""
    rate = 10 ** (-4 + 2 * (number * 37 % 100) / 100)
    dropout = number * 17 % 6 / 10
    values: dict[str, Value] = {
        "learning_rate": rate,
        "dropout": dropout,
        "units": [16, 32, 64, 128][number * 7 % 4],
        "balanced": number % 3 == 0,
    }
    if number % 4:
        values["optimizer"] = ["adam", "sgd"][number % 2]
    auc = 0.82 - abs(math.log10(rate) + 3) / 10 - abs(dropout - 0.3) / 5
    return Trial(number, values, "", DONE, auc, 5, 1 + number % 5, 3.5 + number % 7, 1)


def search(*trials: Trial, at_most: int = 12, ended: str = "") -> Search:
    return Search(
        "0123", "val_auc", "max", "random", at_most, 0.0, 2, _AXES, ("learning_rate",), trials, 34.5, ended
    )


def begun(done: int = 4) -> Search:
    """Some trials are done, one has failed, two run."""
    failed = replace(
        trial(done + 1),
        state=FAILED,
        objective=None,
        epoch=0,
        attempts=2,
        message="MemoryError: no room for 4 GB",
    )
    running = [
        replace(trial(number), state=RUNNING, objective=None, epoch=2, seconds=0.0, attempts=0)
        for number in (done + 2, done + 3)
    ]
    return search(*map(trial, range(1, done + 1)), failed, *running)


def ended() -> Search:
    retried = replace(
        trial(12), message="The process should have sent a result, but it died (signal SIGKILL)."
    )
    known = replace(trial(1), reused=True)
    return search(known, *map(trial, range(2, 12)), retried, ended="all trials have begun")


def less_is_better() -> Search:
    return replace(ended(), objective="val_loss", direction="min")


def none_done() -> Search:
    return search(replace(trial(1), state=RUNNING, objective=None, epoch=0, seconds=0.0), at_most=0)


def hostile() -> Search:
    """Names and values that would do harm if they were taken for markup."""
    trials = [
        Trial(number, dict.fromkeys(HOSTILE, text), "", DONE, 0.1 * number, 2, 1, 1.0, 1, message=text)
        for number, text in enumerate(HOSTILE, start=1)
    ]
    return replace(search(*trials), axes={text: list(HOSTILE) for text in HOSTILE}, objective=HOSTILE[0])


def many() -> Search:
    return search(*map(trial, range(1, 2001)), at_most=2000, ended="all trials have begun")


@dataclass
class PlayedDesk:
    """Plays a search while the kernel is busy."""

    shown: Search | None = None

    def search(self) -> Search | None:
        return self.shown

    def play(self, seconds: float = 60.0) -> None:
        for done in range(1, 9):
            self.shown = begun(done)
            time.sleep(seconds / 9)
        self.shown = ended()
