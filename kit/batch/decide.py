"""Decide whether each notebook of a run has to run, and why; preview a run without running it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.batch.earlier_runs import last_good, steps_by_place, was_tried
from kit.batch.notebook_metadata import NotebookFacts, read_facts
from kit.batch.order import Waits, among
from kit.batch.parameters import Value
from kit.batch.plan import NOTEBOOKS, PlannedNotebook
from kit.batch.record import RunRecord
from kit.batch.unchanged import Surroundings, differences, steps_in
from kit.batch.usual import Usual, usual


@dataclass(frozen=True)
class SkipDecision:
    """Why a notebook runs or is skipped, in one line; it is skipped if the results of a run are still right."""

    why: str
    unchanged_since: str = ""

    @property
    def skip(self) -> bool:
        return bool(self.unchanged_since)


@dataclass(frozen=True)
class Prospect:
    """What a run would do with one notebook.

    Attributes:
        name: the name of the notebook.
        what: `run`, `skip`, or `run?` when that depends on what those before it make.
        why: the reason, in one line.
        waits: the notebooks that it waits for.
        usual: its usual time and memory.
    """

    name: str
    what: str
    why: str
    waits: tuple[str, ...]
    usual: Usual


class Decider:
    """Compares each notebook with the last time that it ended well.

    Args:
        records: the records of the workspace's runs, the oldest first.
        project: the project whose runs count, as the parameter `project_name` names it; None: notebooks without one.
        graph: the graph of all notebooks of the chain.
        surroundings: what the notebooks find now.
        skip: whether notebooks may be skipped.
    """

    def __init__(
        self,
        records: Sequence[RunRecord],
        project: Value | None,
        graph: Mapping[str, Waits],
        surroundings: Surroundings,
        *,
        skip: bool = True,
    ) -> None:
        self.records, self.project = records, project
        self._graph, self._surroundings, self._skip = graph, surroundings, skip

    def decide(self, notebook: PlannedNotebook) -> SkipDecision:
        """Decide whether a notebook whose turn it is has to run."""
        if notebook.facts.reads is None:
            return SkipDecision("it does not say what it reads")
        self._surroundings.look_at(notebook)
        if not self._skip:
            return SkipDecision("--no-skip")
        place = self._surroundings.place(notebook.path)
        found = last_good(self.records, place, self.project)
        if found is None:
            why = "its first run here"
            if was_tried(self.records, place, self.project):
                why = "it has not ended well here before"
            return SkipDecision(why)
        run, then = found
        if not then:
            return SkipDecision(f"{run}, where it last ended well, did not note what it found")
        now = self._surroundings.digests(notebook, steps_in(then))
        if changed := differences(then, now):
            return SkipDecision(f"changed since {run}: {', '.join(changed)}")
        return SkipDecision(
            f"unchanged since {run}: inputs, parameters, code and versions are the same", unchanged_since=run
        )

    def digests(self, notebook: PlannedNotebook, now: RunRecord) -> dict[str, str]:
        """Return digests of what the results of a notebook that has just ended well depend on; empty when not known."""
        if notebook.facts.reads is None:
            return {}
        ran = steps_by_place([*self.records, now], self.project)
        needed, waited_for = self._before(notebook)
        places = {row.name: row.place for row in now.notebooks}

        def place(name: str) -> str:
            return places.get(name) or self._surroundings.place(_left_out(name, notebook.path))

        # One that was run by hand made steps that are not known.
        if any(place(name) not in ran for name in needed):
            return {}
        names = {notebook.name, *needed, *waited_for}
        steps = {step for name in names for step in ran.get(place(name), ())}
        return self._surroundings.digests(notebook, steps)

    def _before(self, notebook: PlannedNotebook) -> tuple[set[str], set[str]]:
        """Return all that a notebook needs and waits for, directly or not, whether or not they are in this run."""
        needed, waited_for = set(self._graph[notebook.name].needs), set(notebook.facts.after)
        wanted = [*needed, *(notebook.facts.needs or ())]
        while wanted:
            name = wanted.pop()
            needed.add(name)
            path = notebook.path.with_name(f"{name}.ipynb")
            facts = read_facts(path) if path.is_file() else NotebookFacts()
            below = {*(facts.needs or ()), *(self._graph[name].needs if name in self._graph else ())}
            wanted += below - needed
            waited_for |= set(facts.after)
        return needed, waited_for

    def usual(self, notebook: PlannedNotebook) -> Usual:
        return usual(self.records, self._surroundings.place(notebook.path), self.project, notebook.facts)

    def prospects(self, plan: Sequence[PlannedNotebook]) -> list[Prospect]:
        """Return for each notebook, in the order of a run, whether it would run."""
        found: dict[str, Prospect] = {}
        graph = among(self._graph, [notebook.name for notebook in plan])
        for notebook in plan:
            one, waits = self.decide(notebook), graph[notebook.name].all
            before = [name for name in found if name in waits and found[name].what != "skip"]
            what, why = ("skip" if one.skip else "run"), one.why
            if one.skip and before:
                what, why = "run?", f"unchanged so far; {', '.join(before)} runs before it"
            in_order = tuple(name for name in graph if name in waits)
            found[notebook.name] = Prospect(notebook.name, what, why, in_order, self.usual(notebook))
        return list(found.values())


def _left_out(name: str, notebook: Path) -> Path:
    """Return the path of what a notebook waits for and is not in its run: beside it, or else one of the kit's own."""
    beside = notebook.with_name(f"{name}.ipynb")
    own = () if beside.is_file() else NOTEBOOKS.glob("**/*.ipynb")
    return next((path for path in own if path.stem == name), beside)
