"""The order in which notebooks may start, from the dependencies that each declares, and the part that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from kit.batch.notebook_metadata import read_facts
from kit.batch.plan import NOTEBOOKS, PlannedNotebook
from kit.errors import UsageError
from kit.texts import did_you_mean

_ENDING = ".ipynb"


@dataclass(frozen=True)
class Waits:
    """What a notebook waits for, by name: `needs` must have ended well, `after` only ended."""

    needs: frozenset[str]
    after: frozenset[str]

    @property
    def all(self) -> frozenset[str]:
        return self.needs | self.after

    def among(self, names: Iterable[str]) -> Waits:
        """Return those of the given ones that it waits for."""
        return Waits(self.needs & set(names), self.after & set(names))


@dataclass(frozen=True)
class Part:
    """Which notebooks of a chain are asked for; nothing given: all.

    Attributes:
        first: this one and all that wait for it, directly or not (`--from`).
        last: this one and all that it waits for (`--until`).
        only: these alone.
    """

    first: str | None = None
    last: str | None = None
    only: tuple[str, ...] = ()


def waits(plan: Sequence[PlannedNotebook]) -> dict[str, Waits]:
    """Return for each notebook which others it waits for, in an order in which those come first.

    Raises:
        UsageError: when notebooks wait for each other.
    """
    names = [notebook.name for notebook in plan]
    found = {
        notebook.name: _waits(notebook, names[:number], set(names)) for number, notebook in enumerate(plan)
    }
    sorter = TopologicalSorter(
        {name: sorted(one.all & set(names), key=names.index) for name, one in found.items()}
    )
    try:
        order = list(sorter.static_order())
    except CycleError as error:
        circle = " → ".join(reversed(error.args[1]))
        raise UsageError(
            f"A notebook can only wait for notebooks that do not wait for it, but {circle}. "
            "Correct `needs` and `after` in their metadata."
        ) from None
    ranked = sorted(order, key=lambda name: (_depth(name, found), names.index(name)))
    return {name: found[name].among(names) for name in ranked}


def _waits(notebook: PlannedNotebook, before: Iterable[str], names: set[str]) -> Waits:
    def left_out(name: str) -> Waits | None:
        path = notebook.path.with_name(f"{name}.ipynb")
        if path.is_file():
            facts = read_facts(path)
            return Waits(frozenset(facts.needs or ()), frozenset(facts.after))
        if name not in (known := sorted({one.stem for one in NOTEBOOKS.glob("**/*.ipynb")})):
            raise UsageError(
                f"{notebook.name} can only wait for notebooks of the run or beside it, but `needs` or `after` in its "
                f"metadata names {name!r}.{did_you_mean(name, [*names, *known])}"
            )
        return None

    facts = notebook.facts
    needs = before if facts.needs is None else facts.needs
    return _past_left_out(Waits(frozenset(needs), frozenset(facts.after)), names, left_out)


def among(graph: Mapping[str, Waits], names: Iterable[str]) -> dict[str, Waits]:
    """Return what some notebooks of a graph wait for, past the others, which are left out."""
    kept = set(names)
    return {name: _past_left_out(graph[name], kept, graph.get).among(kept) for name in graph if name in kept}


def _past_left_out(direct: Waits, names: set[str], left_out: Callable[[str], Waits | None]) -> Waits:
    """Follow notebooks that are not among the names to those that they wait for, and so on."""
    needs, after = set(direct.needs), set(direct.after)
    wanted = [*((name, True) for name in needs), *((name, False) for name in after)]
    seen: set[tuple[str, bool]] = set()
    while wanted:
        one = name, needed = wanted.pop()
        if name in names or one in seen:
            continue
        seen.add(one)
        if (below := left_out(name)) is not None:
            (needs if needed else after).update(below.needs)
            after |= below.after
            wanted += [*((each, needed) for each in below.needs), *((each, False) for each in below.after)]
    return Waits(frozenset(needs), frozenset(after))


def _depth(name: str, found: Mapping[str, Waits]) -> int:
    """Return the length of the longest chain of notebooks before it."""
    return max((1 + _depth(one, found) for one in found[name].all if one in found), default=0)


def choose_part(graph: Mapping[str, Waits], part: Part) -> set[str]:
    """Return the names of those that are asked for.

    Args:
        graph: what each notebook of the run waits for.
        part: which of them; their names may have the ending `.ipynb`.

    Raises:
        UsageError: when a named one is not among them, or nothing is left.
    """
    part = Part(_name(part.first), _name(part.last), tuple(name.removesuffix(_ENDING) for name in part.only))
    for name in filter(None, (part.first, part.last, *part.only)):
        if name not in graph:
            raise UsageError(
                f"--from, --until and --only take notebooks of the run, which are {', '.join(graph)}, but found "
                f"{name!r}.{did_you_mean(name, graph)}"
            )
    chosen = set(graph)
    if part.first:
        chosen &= {name for name in graph if part.first in upstream(graph, name) | {name}}
    if part.last:
        chosen &= upstream(graph, part.last) | {part.last}
    if part.only:
        chosen &= set(part.only)
    if not chosen:
        asked = (("--from", part.first), ("--until", part.last), ("--only", ", ".join(part.only)))
        given = " ".join(f"{option} {value}" for option, value in asked if value)
        raise UsageError(
            f"At least one notebook must be left to run, but {given} leaves none. Give fewer of them."
        )
    return chosen


def _name(given: str | None) -> str | None:
    return None if given is None else given.removesuffix(_ENDING)


def upstream(graph: Mapping[str, Waits], name: str) -> set[str]:
    """Return all that a notebook waits for, directly or not."""
    found: set[str] = set()
    wanted = list(graph[name].all)
    while wanted:
        one = wanted.pop()
        if one in graph and one not in found:
            found.add(one)
            wanted += graph[one].all
    return found
