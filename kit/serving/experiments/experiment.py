"""One experiment, and the file in which servers find it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from kit.errors import UsageError
from kit.os_errors import reason_of
from kit.serving.experiments.config import ExperimentSettings
from kit.workspace import Workspace, write_atomically
from kit.workspace_folders import EXPERIMENTS

FILE, ENDED = "experiment.json", "ended.json"

State = Literal["running", "promoted", "rolled back", "stopped"]


class ExperimentError(UsageError):
    """An experiment cannot be started, judged or ended as requested."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A candidate beside the version that serves.

    Attributes:
        name: the experiment's name; salts the split.
        model: the name of the model.
        control: the version that serves.
        candidate: the version that is tried.
        started: the time of its start in UTC, ISO 8601.
        settings: the settings at its start: what is judged does not change on the way.
        policy: the policy that models.config had before, in text format; restored at the end. Empty: none.
        state: whether it runs, or how it ended.
        ended: the time of its end, like `started`; empty while it runs.
        who: the person or test that ended it.
        why: their reason, in words.
    """

    name: str
    model: str
    control: int
    candidate: int
    started: str
    settings: ExperimentSettings = field(default_factory=ExperimentSettings)
    policy: str = ""
    state: State = "running"
    ended: str = ""
    who: str = ""
    why: str = ""

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def left(self) -> int:
        """The version that all users get once the experiment has ended."""
        return self.candidate if self.state == "promoted" else self.control

    @property
    def since(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.started)

    @property
    def until(self) -> dt.datetime | None:
        return dt.datetime.fromisoformat(self.ended) if self.ended else None

    def end(self, state: State, who: str, why: str) -> Experiment:
        """Return a copy that ends now, with who ended it and why."""
        return replace(self, state=state, ended=now(), who=who, why=why)

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "settings": self.settings.model_dump()}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Experiment:
        """Read the text of `to_json`.

        Raises:
            ValueError: when the text is something else.
        """
        values: dict[str, Any] = json.loads(text)
        try:
            return cls(**{**values, "settings": ExperimentSettings(**values["settings"])})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(str(error)) from error


def now() -> str:
    """Return the current time in UTC, ISO 8601."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


def root(workspace: Workspace) -> Path:
    """Return the folder with one folder per model, which the setting experiment_config_file names."""
    return workspace.path / EXPERIMENTS


def load(folder: Path) -> Experiment | None:
    """Return the running experiment of a model's folder, or the last one; None: there was none.

    Raises:
        ExperimentError: when its file cannot be read.
    """
    path = folder / FILE
    try:
        return Experiment.from_json(path.read_text())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ExperimentError(
            f"{path} must be an experiment as `kit canary start` writes it, but cannot be read: {reason_of(error)}. "
            "Move it away, and start the experiment again."
        ) from error


def save(folder: Path, experiment: Experiment) -> None:
    """Write the file that servers read once a second."""
    write_atomically(folder / FILE, experiment.to_json())


def save_settled(folder: Path, experiment: Experiment) -> None:
    """Keep an experiment that has ended in its own folder, once all that follows from its end is done."""
    write_atomically(folder / experiment.name / ENDED, experiment.to_json())


def is_settled(folder: Path, experiment: Experiment) -> bool:
    """Return whether all that follows from the end of an experiment was done."""
    return (folder / experiment.name / ENDED).exists()
