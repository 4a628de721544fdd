"""A chain that is ready to run: its notebooks in order, their dependencies, and the options of the run."""

from __future__ import annotations

from dataclasses import dataclass, field

from kit.batch.admission import Budget
from kit.batch.order import Part, Waits
from kit.batch.plan import PlannedNotebook
from kit.project import Project


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """How a chain runs, apart from its parameters.

    Attributes:
        timeout_seconds: for each notebook, the start of its kernel included; None: as its metadata say.
        wait: whether to wait for another run on the same workspace; otherwise that is an error.
        kernel_name: the kernelspec; `kit` has a head start.
        budget: how much runs at a time.
        retries: how often a notebook is tried again after an accident (see `kit.batch.retry`).
        skip: leave out what is unchanged since it last ended well.
        part: which of the notebooks to run.
    """

    timeout_seconds: float | None = None
    wait: bool = True
    kernel_name: str = "kit"
    budget: Budget = field(default_factory=Budget)
    retries: int = 2
    skip: bool = True
    part: Part = field(default_factory=Part)


USUAL = RunOptions()


@dataclass(frozen=True)
class Chain:
    """The notebooks of a run in the order in which they start, what each waits for, and their project."""

    plan: list[PlannedNotebook]
    graph: dict[str, Waits]
    project: Project | None

    @property
    def name(self) -> str:
        """The project's name, or that of the first notebook where there is no project."""
        return self.project.name if self.project else self.plan[0].name
