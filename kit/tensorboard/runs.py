"""A project's trainings as TensorBoard runs: one folder each, under distinct names."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.evaluation.blessing import is_blessed
from kit.session import Session
from kit.training.progress import Progress

NEWEST = 10  # how many are compared by default
_SHORT = {"learning_rate": "lr", "batch_size": "batch"}
_UNTOLD = {"seed"}  # runs that differ only in this are distinguished by their numbers


@dataclass(frozen=True)
class Run:
    """One training that ended well.

    Attributes:
        folder: the folder with its event files.
        made: when it ended, in UTC.
        settings: the settings of the training; empty: it left none.
        passed: why its event files are kept whatever their age: `blessed` or `pushed`; empty: they are not.
    """

    folder: Path
    made: dt.datetime
    settings: Mapping[str, Any]
    passed: tuple[str, ...] = ()

    @property
    def number(self) -> str:
        """The number of the execution that made it."""
        return self.folder.name

    @property
    def name(self) -> str:
        """Number, time in UTC and settings, such as `12, 2026-11-27 14:03, lr 0.003, batch 256, epochs 4`.

        The first two make it unique and let TensorBoard sort runs by age.
        """
        in_order = {**dict.fromkeys(_SHORT), **self.settings}  # the most informative first
        settings = [
            f"{_SHORT.get(name, name)} {value}"
            for name, value in in_order.items()
            if value is not None and name not in _UNTOLD
        ]
        return ", ".join([self.number, f"{self.made:%Y-%m-%d %H:%M}", *settings])


def runs(session: Session, newest: int = NEWEST) -> dict[str, Path]:
    """Return the folders of the newest trainings by their names, the latest first: what a `Board` takes."""
    return {run.name: run.folder for run in all_runs(session)[:newest]}


def all_runs(session: Session) -> list[Run]:
    """Return the trainings of a session's project, the latest first, each once."""
    passed = _passed(session)
    found: dict[Path, Run] = {}
    for _, made in session.history("Trainer"):  # cached results appear again
        run, model = made["model_run"][0], made["model"][0]
        folder = Path(run.uri)
        if folder in found or not folder.is_dir():
            continue
        progress = Progress.read(folder)
        found[folder] = Run(
            folder,
            dt.datetime.fromtimestamp(run.mlmd_artifact.create_time_since_epoch / 1000, dt.UTC),
            progress.settings if progress else {},
            tuple(sorted(passed.get(model.id, ()))),
        )
    return sorted(found.values(), key=lambda run: run.made, reverse=True)


def _passed(session: Session) -> dict[int, set[str]]:
    """Return for each model that was blessed or pushed, by its id in ML Metadata, which of them."""
    passed: dict[int, set[str]] = {}
    for model, word in _verdicts(session):
        passed.setdefault(model, set()).add(word)
    return passed


def _verdicts(session: Session) -> Iterator[tuple[int, str]]:
    for taken, made in session.history("Evaluator"):
        if any(is_blessed(blessing) for blessing in made.get("blessing", [])):
            yield taken["model"][0].id, "blessed"
    for taken, _ in session.history("Pusher"):
        yield taken["model"][0].id, "pushed"
