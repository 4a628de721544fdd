"""Which notebooks may start next, within a number of jobs and a memory budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kit.batch.order import Waits
from kit.machine import cores, free_memory_bytes
from kit.units import BYTES_PER_MB

_SHARE_OF_MEMORY = 0.8  # of what is free at the start; the rest is left to others on the machine
_UNKNOWN_MB = 2_000.0  # taken to be used by a notebook that nobody has measured


@dataclass(frozen=True)
class Budget:
    """How much may run at a time.

    Attributes:
        jobs: how many notebooks; 0: one per core.
        memory_mb: the megabytes that they take together, as far as is known; 0: most of what is free. One that needs
            more than all of it runs alone.
    """

    jobs: int = 0
    memory_mb: float = 0.0

    def here(self) -> Budget:
        """Return the budget with this machine's values in place of zeros."""
        free = free_memory_bytes() / BYTES_PER_MB
        return Budget(self.jobs or cores(), self.memory_mb or free * _SHARE_OF_MEMORY)


@dataclass
class Admission:
    """The state of a run, as far as it decides what may start.

    Args:
        graph: what each notebook waits for, in the order in which they start when they can.
        budget: the budget, without zeros.
        memory_mb: the megabytes that each notebook usually takes; unmeasured ones are left out.
    """

    graph: Mapping[str, Waits]
    budget: Budget
    memory_mb: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.waiting = dict.fromkeys(self.graph)  # a set in order
        self.running: set[str] = set()
        self.alone: set[str] = set()
        self._well: set[str] = set()
        self._not_well: set[str] = set()

    @property
    def is_over(self) -> bool:
        return not self.waiting and not self.running

    def ready(self) -> list[str]:
        """Return those that wait for nothing any more, whether or not there is room for them."""
        ended = self._well | self._not_well
        return [
            name
            for name in self.waiting
            if self.graph[name].needs <= self._well and self.graph[name].after <= ended
        ]

    def has_room(self, name: str) -> bool:
        """Return whether it may start beside what runs now."""
        if not self.running:
            return True
        if name in self.alone or self.running & self.alone or len(self.running) >= self.budget.jobs:
            return False
        taken = sum(self._memory(each) for each in (*self.running, name))
        return taken <= self.budget.memory_mb

    def started(self, name: str) -> None:
        del self.waiting[name]
        self.running.add(name)

    def again(self, name: str, *, alone: bool) -> None:
        """Put one that ran back; `alone` when others running beside it may have caused its death."""
        self.running.discard(name)
        self.waiting[name] = None
        if alone:
            self.alone.add(name)

    def ended(self, name: str, *, well: bool) -> dict[str, str]:
        """Note that one has ended, or will not run.

        Returns:
            Those that can no longer run, each with the one that it needs.
        """
        self.running.discard(name)
        self.waiting.pop(name, None)
        (self._well if well else self._not_well).add(name)
        if well:
            return {}
        lost = {one: name for one in self.waiting if name in self.graph[one].needs}
        for one in list(lost):
            lost |= self.ended(one, well=False)
        return lost

    def _memory(self, name: str) -> float:
        return self.memory_mb.get(name, _UNKNOWN_MB)
