"""The records of a search in the workspace, written as it goes: its state, and one record per trial.

tuning/<project>/searches/<id>.json      a search: its plan, and the records of its trials in order
tuning/<project>/trials/<digest>/        one trial: trial.json, its log, event files (`run`) and checkpoint
tuning/<project>/rows/<digest>/          the rows that trials see, where those are only a share

A trial is named by all that it depends on: data, code, settings. So a killed search finds its results, and so does a
larger one after it. Nothing here imports TensorFlow: a thread reads it beside a search.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kit.training.progress import Progress
from kit.workspace import Workspace, write_atomically

RUNNING, DONE, FAILED = "running", "done", "failed"
TRIAL_FILE = "trial.json"
TRIALS, ROWS = "trials", "rows"
_SEARCHES = "searches"
_RUN, _CHECKPOINT, _LOG = "run", "checkpoint", "trial.log"

Value = bool | int | float | str


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        number: its place in the search, from 1.
        values: the values of the search space.
        folder: the folder of its record, event files and checkpoint.
        state: `running`, `done` or `failed`.
        objective: its value with the weights that the training ends with; None until it is done.
        epochs: the epochs that it trains.
        epoch: the current one, or that of the objective once it is done; 0: none yet.
        seconds: the seconds that its processes took, those before a resumption included.
        attempts: how many processes were started, except those killed together with the search.
        message: why it failed, or why the first attempt did.
        reused: whether it was done before this search.
    """

    number: int
    values: Mapping[str, Value]
    folder: str
    state: str = RUNNING
    objective: float | None = None
    epochs: int = 0
    epoch: int = 0
    seconds: float = 0.0
    attempts: int = 0
    message: str = ""
    reused: bool = False

    @property
    def name(self) -> str:
        return f"trial {self.number}"

    @property
    def run(self) -> Path:
        return Path(self.folder) / _RUN

    @property
    def checkpoint(self) -> Path:
        return Path(self.folder) / _CHECKPOINT

    @property
    def log(self) -> Path:
        return Path(self.folder) / _LOG

    @property
    def is_over(self) -> bool:
        return self.state != RUNNING

    def save(self) -> None:
        """Keep it for this search and later ones."""
        write_atomically(Path(self.folder) / TRIAL_FILE, json.dumps(asdict(self)))

    def kept(self) -> Trial | None:
        """Return what an earlier process left of this very trial, with its number in this search."""
        try:
            found = Trial(**json.loads((Path(self.folder) / TRIAL_FILE).read_text()))
        except (OSError, ValueError, TypeError):  # TypeError: written by an older version
            return None
        return replace(found, number=self.number, folder=self.folder, reused=found.is_over)

    def now(self) -> Trial:
        """Return it with the epoch that its process is in."""
        progress = None if self.is_over else Progress.read(self.run)
        return replace(self, epoch=progress.epoch) if progress else self


@dataclass(frozen=True)
class Search:
    """A search, as it is or as it ended.

    Attributes:
        id: digest of all that it depends on.
        objective, direction: the metric that trials are judged by; `max` or `min`.
        algorithm: the algorithm of KerasTuner.
        trials_at_most, minutes: its budget; 0: no limit.
        parallel: trials at a time.
        axes: for each name of the search space, the values of a choice in order; empty: a range of numbers.
        logarithmic: names whose range is searched by its logarithm.
        trials: those that have begun, in order.
        seconds: the time since it began, or that it took.
        ended: why it has ended; empty while it runs.
    """

    id: str
    objective: str
    direction: str
    algorithm: str
    trials_at_most: int
    minutes: float
    parallel: int
    axes: Mapping[str, list[Value]]
    logarithmic: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    seconds: float = 0.0
    ended: str = ""

    @property
    def best(self) -> Trial | None:
        """The trial with the best objective, the first of equals."""
        judged = [trial for trial in self.trials if trial.objective is not None]
        sign = 1 if self.direction == "min" else -1
        return min(judged, key=lambda trial: sign * float(trial.objective or 0.0), default=None)

    def save(self, folder: Path) -> None:
        write_atomically(search_file(folder, self.id), json.dumps(asdict(self)))

    @classmethod
    def read(cls, folder: Path, search_id: str) -> Search | None:
        """Return a search of a project; None: it has not begun, or an older version wrote it."""
        try:
            content: dict[str, Any] = json.loads(search_file(folder, search_id).read_text())
            trials = tuple(Trial(**trial) for trial in content.pop("trials"))
            logarithmic = tuple(content.pop("logarithmic"))
            return cls(trials=trials, logarithmic=logarithmic, **content)
        except (OSError, ValueError, TypeError, KeyError):
            return None


def search_file(folder: Path, search_id: str) -> Path:
    """Return the file of a search in the folder of a project."""
    return folder / _SEARCHES / f"{search_id}.json"


def search_files(folder: Path) -> list[Path]:
    """Return the files of a project's searches, the newest first; each is last written when its search ends."""
    files = (folder / _SEARCHES).glob("*.json")
    return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)


def folder_of(workspace: Workspace, project: str) -> Path:
    """Return where the searches and trials of a project are."""
    return workspace.path / "tuning" / project
