"""Parameters, and a desk that does what it is told in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from widget_examples import HOSTILE

from kit.batch.background import BatchProgress
from kit.batch.parameters import Parameter, parse_parameters

CELL = """workspace: str = "workspace"  # folder of all results, absolute or in the checkout
project_name: str = "recommender"  # name of a project, or its folder
epochs: int = 0  # passes over the training rows, 0 to 1000 (0: as in project.yml)
learning_rate: float = 0.0  # step size of Adam, 0 to 10 (0: as in project.yml)
size: str = "small"  # how many layers, one of: small, large
fast: bool = False  # leave out what is only for people
"""
RUNNING = BatchProgress(
    "running",
    "01_data done, 02_features running",
    1,
    6,
    ("SchemaGen done in 0.3 s", "ExampleValidator done in 1.1 s"),
    34.2,
    "",
    "kit run -p epochs 3",
)
DONE = replace(
    RUNNING, state="done", said="01_data done", done=6, report="/srv/ws/runs/20261124-recommender/report.html"
)
FAILED = replace(
    RUNNING, state="failed", said="Stopped in 02_features, cell 5 (exit code 20): no rows", report=DONE.report
)


@dataclass
class Desk:
    """Keeps values in a dict, as a kernel's namespace is one."""

    found: Sequence[Parameter] = field(
        default_factory=lambda: list(parse_parameters(CELL, "the example").values())
    )
    namespace: dict[str, object] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    progress: list[BatchProgress] = field(default_factory=list)
    problem: str = ""

    def specs(self) -> Sequence[Parameter]:
        return self.found

    def values(self) -> Mapping[str, object]:
        return {spec.name: self.namespace.get(spec.name, spec.default) for spec in self.found}

    def sources(self) -> Mapping[str, str]:
        here = {name: "changed here" for name in self.namespace if name not in self.given}
        return {spec.name: "default" for spec in self.found} | dict(self.given) | here

    def set(self, name: str, text: object) -> object:
        [spec] = [spec for spec in self.found if spec.name == name]
        self.namespace[name] = spec.convert(text)
        return self.namespace[name]

    def reset(self) -> None:
        self.namespace.clear()

    def save(self) -> str:
        return self._asked("save", "Saved to ws/parameters/recommender.yml.")

    def start(self) -> str:
        self.progress = self.progress or [RUNNING, RUNNING, DONE]
        return self._asked("start", "The batch has started.")

    def batch(self) -> BatchProgress | None:
        return (
            (self.progress.pop(0) if len(self.progress) > 1 else self.progress[0]) if self.progress else None
        )

    def command(self) -> str:
        return self._asked("command", "kit replay 'a file.yml' --workspace ws-again")

    def _asked(self, what: str, said: str) -> str:
        self.asked.append(what)
        if self.problem:
            raise OSError(self.problem)
        return said


def in_a_batch() -> Desk:
    given: dict[str, object] = {"epochs": 3, "size": "large", "workspace": "/srv/ws"}
    return Desk(namespace=given, given={"epochs": "-p", "size": "-f p.yml", "workspace": "the batch"})


def hostile() -> Desk:
    found = [Parameter(text, "str", text, text) for text in HOSTILE]
    progress = BatchProgress("failed", HOSTILE[0], 0, 1, HOSTILE, 1.0, HOSTILE[1], HOSTILE[2])
    return Desk(found, {HOSTILE[0]: HOSTILE[1]}, {HOSTILE[0]: HOSTILE[2]}, progress=[progress])


def many() -> Desk:
    """More parameters than anybody writes, with long texts."""
    return Desk([Parameter(f"parameter_{n}", "str", "x" * 5_000, "y" * 5_000) for n in range(500)])
