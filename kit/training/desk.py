"""A session's training as an observer sees it: its progress, its curves beside earlier ones, and a way to stop it.

Everything is read from files that the training writes, so that a thread can look while the kernel waits for Trainer.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path

from kit import decisions
from kit.session import Session
from kit.training.job import ROWS_FILE
from kit.training.progress import (
    DONE,
    NOW,
    STOP,
    STOP_FILE,
    STOPPED,
    Progress,
    TrainingRun,
    request_stop,
)
from kit.training.reporting import LOSS, PACE, RATE, STEPS_RUN
from kit.training.scalars import EVENTS, EventFile, metric_of
from kit.translation.messages import in_language

_PARTS = {"train": "training", "validation": "validation", STEPS_RUN: "training"}
_NAMES = {LOSS: "loss so far in the epoch", PACE: "steps per second", RATE: "learning rate"}
_EARLIER = 5  # with the current one, as many as there are colours


class TrainingDesk:
    """Follows the next training of a session; made before Trainer runs.

    Args:
        session: the session whose Trainer runs next.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._folder = Path(session.pipeline_root) / "Trainer" / "model_run"
        self._earlier = [_Reader(Path(made["model_run"][0].uri)) for _, made in session.history("Trainer")]
        self._before = {reader.run for reader in self._earlier} | set(self._folder.glob("*"))
        self._now: _Reader | None = None
        self._ended = False
        self._lock = threading.Lock()  # somebody may press a button while the thread looks

    def runs(self) -> list[TrainingRun]:
        """Return the current training, and then earlier ones of this project, the latest first."""
        with self._lock:
            present = self._find()
            now = present.look(NOW) if present else TrainingRun(NOW, "waiting")
            earlier = [reader for reader in self._unique() if present is None or reader.run != present.run]
            return [now, *(reader.look(f"#{reader.run.name}") for reader in earlier[:_EARLIER])]

    def stop(self) -> str:
        """End the training after its current step; return what becomes of it, in a sentence.

        Raises:
            NoTrainingError: when none runs.
        """
        with self._lock:
            present = self._find()
        request_stop(present.run if present else self._folder / "none")
        return in_language("The training ends after this step, and keeps the best epoch.")

    def by_hand(self) -> str:
        """Return the command that ends the training from a terminal, where no front end reaches the busy kernel."""
        with self._lock:
            present = self._find()
        return f"touch '{present.run / STOP_FILE}'" if present else ""

    def end(self) -> None:
        """Note that Trainer has ended well; a stop by hand is recorded as a decision about the model."""
        with self._lock:
            self._ended = True
            present = self._find()
        progress = Progress.read(present.run) if present else None
        if present is None or progress is None or progress.state != STOPPED:
            return
        if present.run in self._before or not (present.run / STOP_FILE).exists():
            return  # from the cache, or by a parameter
        decisions.record(
            self._session,
            self._session.latest("Trainer", "model"),
            STOP,
            subject=str(progress.step),
            who=decisions.user_name() or "somebody",
            why=f"stopped by hand; epoch {progress.best_epoch} is kept",
        )

    def _find(self) -> _Reader | None:
        """Return the current training: a folder that was not there before, or at the end what the cache gave."""
        if self._now is None:
            new = [path for path in self._folder.glob("*") if path not in self._before]
            if not new and self._ended:
                new = [self._session.path("Trainer", "model_run")]
            self._now = _Reader(max(new, key=lambda path: path.stat().st_mtime)) if new else None
        return self._now

    def _unique(self) -> list[_Reader]:
        """Return the earlier trainings, each once; those from the cache are the same folder again."""
        return list({reader.run: reader for reader in self._earlier if reader.run.is_dir()}.values())


def stopped_after(session: Session) -> int:
    """Return the number of steps after which the latest training was stopped; 0: it was not."""
    progress = Progress.read(session.path("Trainer", "model_run"))
    return progress.step if progress and progress.state == STOPPED else 0


class _Reader:
    """Reads what a training has written, each time only what is new."""

    def __init__(self, run: Path) -> None:
        self.run = run
        self._files: dict[Path, EventFile] = {}
        self._points: dict[str, dict[str, dict[str, dict[int, float]]]] = {}

    def look(self, name: str) -> TrainingRun:
        self._read()
        progress = Progress.read(self.run)
        by_epoch = {metric: _sorted(parts) for metric, parts in self._points.get("epochs", {}).items()}
        by_step = {tag: _sorted(parts) for tag, parts in self._points.get("steps", {}).items()}
        return TrainingRun(name, self._state(progress), progress, by_epoch, by_step)

    def _state(self, progress: Progress | None) -> str:
        if progress is None:
            return DONE if (self.run / ROWS_FILE).exists() else "waiting"
        stopping = progress.state not in {STOPPED, DONE} and (self.run / STOP_FILE).exists()
        return "stopping" if stopping else progress.state

    def _read(self) -> None:
        for folder, part in _PARTS.items():
            for path in sorted((self.run / folder).glob(EVENTS)):
                file = self._files.setdefault(path, EventFile(path))
                with contextlib.suppress(FileNotFoundError):  # a training that failed is removed
                    for tag, step, value, _ in file.new_scalars():
                        self._add(folder, part, tag, step, value)

    def _add(self, folder: str, part: str, tag: str, step: int, value: float) -> None:
        if folder == STEPS_RUN:
            kind, name, place = "steps", _NAMES.get(tag, tag), step
        elif metric := metric_of(tag):
            kind, name, place = "epochs", metric, step + 1
        else:  # `evaluation_…_vs_iterations`, the same values again, or the learning rate, which is among the steps
            return
        # By step: a resumed training has written an epoch twice.
        self._points.setdefault(kind, {}).setdefault(name, {}).setdefault(part, {})[place] = value


def _sorted(parts: Mapping[str, Mapping[int, float]]) -> dict[str, list[tuple[float, float]]]:
    return {
        part: [(float(step), value) for step, value in sorted(points.items())]
        for part, points in parts.items()
    }
