"""Why two runs differ: compare all that they were made of, in order of the likeliest cause."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from kit.errors import UsageError
from kit.lineage.composition import PROJECT_FILE, Made, leaf
from kit.lineage.query import trace
from kit.steps.origin import CHANGED, COMMIT, HOST, PACKAGES, packages_of
from kit.steps.properties import NOT_SET, changes
from kit.texts import shorten
from kit.translation.messages import in_language, parts_in_language
from kit.workspace import Workspace

Part = Literal["data", "schema", "parameter", "code", "packages", "seed", "machine"]

_LABELS: Mapping[Part, str] = {
    "data": "data:",
    "schema": "schema:",
    "parameter": "parameter:",
    "code": "code:",
    "packages": "packages:",
    "seed": "seed:",
    "machine": "machine:",
}
_LETTERS = 80  # of a value in a sentence
_COMMIT_LETTERS = 12
_FEW = 5  # files or packages named one by one
_NOT_ASKED = frozenset({"workspace", "project_name"})  # of a notebook's parameters


class NothingToCompareError(UsageError):
    """Two things cannot be compared."""


@dataclass(frozen=True)
class Cause:
    """One thing that differs.

    Attributes:
        part: the kind of thing.
        name: its name, as a person would say it.
        first: what the first run had.
        second: what the second run had.
    """

    part: Part
    name: str
    first: str
    second: str

    def said(self, language: str | None) -> str:
        """Return what differs, and what both had, in a language; None: the reader's."""
        label = "" if self.part == self.name else f"{parts_in_language(_LABELS[self.part], language)} "
        name = parts_in_language(self.name, language)
        return f"{label}{name}: {shorten(self.first, _LETTERS)} → {shorten(self.second, _LETTERS)}"


@dataclass(frozen=True)
class Why:
    """Two runs compared.

    Attributes:
        first: the name of one.
        second: name of the other.
        causes: what differs, in order: data, schema, parameters, code, packages, seed, machine.
        unknown: parts that one of them has no record of.
    """

    first: str
    second: str
    causes: tuple[Cause, ...]
    unknown: tuple[str, ...] = ()

    @property
    def paragraph(self) -> str:
        """What differs, in English, as it is recorded."""
        return self._said("en")

    def in_words(self) -> str:
        """Return the paragraph in the reader's language."""
        return self._said(None)

    def _said(self, language: str | None) -> str:
        """Return the paragraph in a language; None is the reader's.

        It is put together from separately translated parts: a whole paragraph would have no template to be recognized
        by.
        """
        said = [self._differences(language)]
        if self.unknown:
            said.append(in_language(f"Not recorded for both: {', '.join(self.unknown)}.", language))
        return " ".join(said)

    def _differences(self, language: str | None) -> str:
        if not self.causes and self.unknown:
            return in_language(
                f"Nothing that is recorded differs between {self.first} and {self.second}.", language
            )
        if not self.causes:
            return in_language(
                f"Nothing that is recorded differs between {self.first} and {self.second}: the same data, schema, "
                "parameters, code, packages and seed.",
                language,
            )
        count = (
            "one thing" if len(self.causes) == 1 else f"{len(self.causes)} things, the likeliest cause first"
        )
        differs = in_language(f"{self.second} differs from {self.first} in {count}.", language)
        causes = "; ".join(cause.said(language) for cause in self.causes)
        return f"{differs} {causes[0].upper()}{causes[1:]}."


def why(workspace: Workspace, first: str, second: str) -> Why:
    """Return what differs between two runs, versions, models or executions.

    Args:
        workspace: the workspace with both.
        first: the name of one, as `kit.lineage.subjects.find_subject` takes it.
        second: name of the other.

    Raises:
        SubjectError: when a name means nothing, or several things.
        NothingToCompareError: when they have no step in common.
    """
    one, other = (Made(workspace, trace(workspace, name, "upstream")) for name in (first, second))
    if not set(one.steps) & set(other.steps):
        raise NothingToCompareError(
            f"Two runs with a step in common can be compared, but {one.name} has {_names(one.steps)}, and {other.name} "
            f"has {_names(other.steps)}. Choose two runs of the same notebooks, or two versions."
        )
    data, parameters = [*_data(one, other)], [*_parameters(one, other)]
    known = [*data, *_schema(one, other, explained=bool(data or parameters)), *parameters]
    code, packages, seeds = [*_code(one, other)], [*_packages(workspace, one, other)], [*_seeds(one, other)]
    if not (known or code or seeds):  # packages, which no line of project.yml changes, may differ beside it
        known = [*_project_file(one, other)]
    if not (code or (_steps_name_their_code(one, other) and (known or packages or seeds))):
        code = [*_commit(one, other)]
    causes = [*known, *code, *packages, *seeds, *_machine(one, other)]
    return Why(one.name, other.name, tuple(causes), tuple(_unknown(one, other)))


def _data(one: Made, other: Made) -> Iterator[Cause]:
    first, second = one.files(), other.files()
    if first is None or second is None:
        return
    found = changes(first, second)
    digests = [
        hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest() for files in (first, second)
    ]
    said = [f"{name} {_ending(old, new)}" for name, old, new in found]
    if found:
        several = ", ".join(said[:_FEW]) + (f" and {len(said) - _FEW} more" if len(said) > _FEW else "")
        yield Cause("data", f"{several} (digest of all files)", digests[0][:12], digests[1][:12])


def _ending(old: str, new: str) -> str:
    if old == NOT_SET:
        return "added"
    return "removed" if new == NOT_SET else "changed"


def _schema(one: Made, other: Made, *, explained: bool) -> Iterator[Cause]:
    """Yield what differs in the schemas; inferred ones follow from data and parameters, if those explain it."""
    if explained and not (one.has_curated_schema or other.has_curated_schema):
        return
    first, second = one.schema_digest(), other.schema_digest()
    if first and second and first != second:
        yield Cause("schema", "schema", first[:12], second[:12])


def _parameters(one: Made, other: Made) -> Iterator[Cause]:
    named, seen = set[str](), set[tuple[str, str, str]]()
    for step in (step for step in one.steps if step in other.steps):
        for name, old, new in changes(one.parameters(step), other.parameters(step)):
            named.add(leaf(name))
            # Several steps may have the same parameter.
            if name != PROJECT_FILE and (leaf(name), old, new) not in seen:
                seen.add((leaf(name), old, new))
                yield Cause("parameter", f"{step}, {name}", old, new)
    for name, old, new in changes(one.notebooks, other.notebooks):
        # Most parameters of a notebook are those of a step, which are more exact.
        if leaf(name) not in named | {"seed"} | _NOT_ASKED and NOT_SET not in {old, new}:
            yield Cause("parameter", f"notebook {name}", old, new)


def _project_file(one: Made, other: Made) -> Iterator[Cause]:
    """Yield a difference of project.yml that no step's parameters show, such as another title."""
    for step in (step for step in one.steps if step in other.steps):
        old, new = (made.parameters(step).get(PROJECT_FILE, NOT_SET) for made in (one, other))
        if NOT_SET not in {old, new} and old != new:
            yield Cause("parameter", f"{step}, {PROJECT_FILE}", old, new)
            return


def _code(one: Made, other: Made) -> Iterator[Cause]:
    steps = [step for step in one.steps if step in other.steps and one.codes(step) != other.codes(step)]
    if steps:
        yield Cause("code", f"what {_names(steps)} runs", *_code_of(one, other, steps))


def _steps_name_their_code(one: Made, other: Made) -> bool:
    """Return whether the steps recorded which code they ran: then another commit alone explains nothing."""
    return any(one.codes(step) and other.codes(step) for step in one.steps if step in other.steps)


def _commit(one: Made, other: Made) -> Iterator[Cause]:
    commits = [made.last_origin(COMMIT) for made in (one, other)]
    if all(commits) and commits[0] != commits[1]:
        yield Cause("code", "the commit, but nothing that a step says it runs", *_code_of(one, other, ()))


def _code_of(one: Made, other: Made, steps: Sequence[str]) -> Iterator[str]:
    """Yield what each of the two ran: its commit, and the digests of some steps' code."""
    for made in (one, other):
        commit = made.last_origin(COMMIT)
        yield ", ".join([*([f"commit {_abbreviated(commit)}"] if commit else []), *_digests(made, steps)])


def _abbreviated(commit: str) -> str:
    return commit[:_COMMIT_LETTERS] + (CHANGED if commit.endswith(CHANGED) else "")


def _digests(made: Made, steps: Sequence[str]) -> list[str]:
    digests = {digest for step in steps for digest in made.codes(step)}
    return sorted(re.findall(r"[0-9a-f]{16}", " ".join(digests)))[:2]


def _packages(workspace: Workspace, one: Made, other: Made) -> Iterator[Cause]:
    before, now = (made.last_origin("python") for made in (one, other))
    if before and now and before != now:
        yield Cause("packages", "Python", before, now)
    first, second = (made.last_origin(PACKAGES) for made in (one, other))
    if not first or not second or first == second:
        return
    found = changes(packages_of(workspace, first), packages_of(workspace, second))
    for name, old, new in found[:_FEW]:
        yield Cause("packages", name, old, new)
    if len(found) > _FEW or not found:
        more = len(found) - _FEW
        rest = "1 more package" if more == 1 else f"{more} more packages"
        rest = rest if found else "packages, whose lists are gone"
        yield Cause("packages", rest, first, second)


def _seeds(one: Made, other: Made) -> Iterator[Cause]:
    steps: dict[tuple[str, str], list[str]] = {}
    for name, old, new in changes(one.seeds(), other.seeds()):
        if NOT_SET not in {old, new}:  # a step that only one of them has is not a different seed
            steps.setdefault((old, new), []).append(name.partition(",")[0])
    if not (one.seeds() and other.seeds()):  # a run that ended before any step took one
        for name, old, new in changes(one.notebooks, other.notebooks):
            if leaf(name) == "seed" and NOT_SET not in {old, new}:
                steps.setdefault((old, new), []).append(f"notebook {name.rpartition('.')[0]}")
    for (old, new), told in steps.items():
        yield Cause("seed", f"of {_names(dict.fromkeys(told))}", old, new)


def _machine(one: Made, other: Made) -> Iterator[Cause]:
    first, second = (", ".join(sorted(set(made.origins(HOST)))) for made in (one, other))
    if first and second and first != second:
        yield Cause("machine", "host", first, second)


def _unknown(one: Made, other: Made) -> Iterator[str]:
    if one.files() is None or other.files() is None:
        yield "the data files"
    if not (one.schema_digest() and other.schema_digest()):
        yield "the schema"
    if bool(one.seeds()) != bool(other.seeds()):
        yield "the seed"
    for fact, said in ((COMMIT, "the commit of the code"), (PACKAGES, "the packages")):
        if not (one.origins(fact) and other.origins(fact)):
            yield said


def _names(steps: Iterable[str]) -> str:
    return ", ".join(steps) or "none"
