"""Trainings at different moments, and a desk that plays one in a moment."""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from widget_examples import HOSTILE

from kit.training.progress import NOW, Progress, TrainingRun
from widgets.values.training import Curves

_SETTINGS = {"epochs": 20, "batch_size": 256, "learning_rate": 0.003, "seed": 7}


def progress(state: str = "training", epoch: int = 3) -> Progress:
    best = min(epoch, 12)
    return Progress(
        state,
        epoch,
        20,
        100 * epoch - 40,
        2000,
        0,
        1.5 * epoch,
        66.667,
        best_epoch=max(best - 1, 0),
        best=0.4 + 0.1 / best,
        settings=_SETTINGS,
    )


def by_epoch(epochs: int, worse: float = 0.0) -> Curves:
    loss = {
        part: [(float(n), math.exp(-n / 6) + more + worse) for n in range(1, epochs + 1)]
        for part, more in (("training", 0.0), ("validation", 0.1 + epochs / 400))
    }
    auc = {part: [(n, 1 - value / 2) for n, value in points] for part, points in loss.items()}
    return {"loss": loss, "auc": auc}


def by_step(steps: int) -> Curves:
    places = range(10, steps + 1, 25)
    return {
        "loss so far in the epoch": {"training": [(float(n), math.exp(-n / 600)) for n in places]},
        "steps per second": {"training": [(float(n), 60 + 8 * math.sin(n / 90)) for n in places]},
    }


def waiting() -> list[TrainingRun]:
    return [TrainingRun(NOW, "waiting")]


def earlier() -> list[TrainingRun]:
    return [
        TrainingRun("#14", "done", progress("done", 20), by_epoch(20, 0.05), by_step(2000)),
        TrainingRun("#6", "done", None, by_epoch(5, 0.2)),
    ]


def training(epoch: int = 3) -> list[TrainingRun]:
    made = progress("training", epoch)
    return [TrainingRun(NOW, "training", made, by_epoch(epoch - 1), by_step(made.step)), *earlier()]


def stopped() -> list[TrainingRun]:
    return [replace(training(9)[0], state="stopped", progress=progress("stopped", 9)), *earlier()]


def hostile() -> list[TrainingRun]:
    curves: Curves = {text: {one: [(1.0, 1.0), (2.0, math.nan)] for one in HOSTILE} for text in HOSTILE}
    made = Progress(epochs=2, best=math.nan, settings=dict.fromkeys(HOSTILE, math.inf))
    return [TrainingRun(text, "training", made, curves, curves) for text in HOSTILE]


def many() -> list[TrainingRun]:
    """More metrics and epochs than anybody reads."""
    points = [(float(n), math.sin(n)) for n in range(10_000)]
    curves: Curves = {f"metric {n}": {"training": points, "validation": points} for n in range(200)}
    return [TrainingRun(name, "done", progress("done", 20), curves) for name in (NOW, "#1", "#2")]


@dataclass
class PlayedDesk:
    """Plays a training: an epoch each time that somebody looks, until it is stopped."""

    shown: Sequence[TrainingRun] = field(default_factory=waiting)
    asked: list[str] = field(default_factory=list)
    problem: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)

    def runs(self) -> Sequence[TrainingRun]:
        return self.shown

    def stop(self) -> str:
        self.asked.append("stop")
        if self.problem:
            raise OSError(self.problem)
        self.stopping.set()
        return "It ends after this step."

    def by_hand(self) -> str:
        return "touch 'workspace/artifacts/recommender/Trainer/model_run/15/stop'"

    def end(self) -> None:
        self.asked.append("end")

    def train(self, seconds: float = 60.0) -> None:
        """Keep the kernel busy as Trainer does."""
        for epoch in range(1, 21):
            self.shown = training(epoch)
            if self.stopping.wait(seconds / 20):
                break
        self.shown = stopped()
