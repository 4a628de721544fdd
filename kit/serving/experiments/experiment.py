"""One experiment, and the file in which servers find it."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from kit.errors import UsageError
from kit.serving.experiments.config import ExperimentSettings
from kit.workspace import Workspace, write_atomically

FILE, ENDED = "experiment.json", "ended.json"

State = Literal["running", "promoted", "rolled back", "stopped"]


class ExperimentError(UsageError):
    """An experiment cannot be started, judged or ended as it was asked for."""


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A candidate beside the version that serves.

    Attributes:
        name: of it; salts the split.
        model: that is asked for.
        control: version that serves.
        candidate: version that is tried.
        started: time in UTC, as ISO 8601 has it.
        settings: as they were when it was started: what is judged does not change on the way.
        policy: that models.config had before, in text format; put back at the end. Empty: none.
        state: what became of it.
        ended: time of that; empty while it runs.
        who: decided.
        why: in words.
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
        """The version that all users get once it has ended."""
        return self.candidate if self.state == "promoted" else self.control

    @property
    def since(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.started)

    @property
    def until(self) -> dt.datetime | None:
        return dt.datetime.fromisoformat(self.ended) if self.ended else None

    def end(self, state: State, who: str, why: str) -> Experiment:
        """Return it as it has ended now."""
        return replace(self, state=state, ended=now(), who=who, why=why)

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "settings": self.settings.model_dump()}, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Experiment:
        """Read what `to_json` wrote.

        Raises:
            ValueError: when it is something else.
        """
        values: dict[str, Any] = json.loads(text)
        try:
            return cls(**{**values, "settings": ExperimentSettings(**values["settings"])})
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(str(error)) from error


def now() -> str:
    """Return the time in UTC, as ISO 8601 has it."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")


def root(workspace: Workspace) -> Path:
    """Return the folder with one folder a model: what the setting experiment_config_file names."""
    return workspace.path / "experiments"


def load(folder: Path) -> Experiment | None:
    """Return the experiment of a model's folder that runs, or the last one; None: there was none.

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
            f"{path} must be an experiment as `kit canary start` writes it, but cannot be read: {error}. "
            "Move it away, and start the experiment again."
        ) from error


def save(folder: Path, experiment: Experiment) -> None:
    """Let servers follow an experiment; they look once a second. One that has ended stays in its own folder as well."""
    write_atomically(folder / FILE, experiment.to_json())
    if not experiment.running:
        write_atomically(folder / experiment.name / ENDED, experiment.to_json())
