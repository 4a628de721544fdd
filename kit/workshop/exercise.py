"""An exercise: a fault, three questions about it, and a test of what was achieved."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from kit.errors import KitError
from kit.workshop.errors import WorkshopError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from kit.checks.check import Finding
    from kit.evaluation.gate_checks import ThresholdCheck
    from kit.project import Project
    from kit.workshop.guard import Guard

FOUND, PROVED, CAUGHT = "found", "proved", "caught next time"
POINTS = (FOUND, PROVED, CAUGHT)
NEXT_SEED = 101
"""Added to the seed: the same fault comes again, and a solution that fits only the first one is found out."""
About: TypeAlias = tuple[str, str, Sequence[str]]
"""Name, title and hints."""


@dataclass(frozen=True)
class Answer:
    """What a participant says and does.

    Attributes:
        where: the place of the fault: a column, a slice such as `device=mobile`, a signature, an operation.
        proof: what only somebody who has seen it can know; each exercise says what that is.
        settings: the settings of the exercise's copy of project.yml: a value for a path such as `checks.leakage`; a
            list is appended to the existing one. An exercise about serving also takes those of the server's files,
            below a path of their own.
        rules: the rules of the copy's schema: feature, field, text, as the schema editor has them.
    """

    where: str = ""
    proof: Any = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    rules: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Answer:
        """Read an answer that was written as plain values.

        Raises:
            WorkshopError: when it has parts that an answer does not have.
        """
        known = tuple(cls.__dataclass_fields__)
        if unknown := [name for name in record if name not in known]:
            raise WorkshopError(
                f"An answer has {', '.join(known)}, but found {', '.join(unknown)}. Leave those out."
            )
        return cls(**record)


@dataclass(frozen=True)
class Point:
    """One of the three points: whether it was reached, and what was tested, in a sentence."""

    name: str
    reached: bool
    said: str


@dataclass(frozen=True)
class Score:
    """The score of an answer: one point each for found, proved, and caught next time."""

    exercise: str
    points: Sequence[Point]

    @property
    def total(self) -> int:
        return sum(point.reached for point in self.points)


class Exercise(ABC):
    """One exercise.

    Args:
        project: the project whose copy the exercise has; the project itself is only read.
        folder: for what the exercise copies and a participant changes.
        seed: the seed of the fault, if it is random.
        about: name, from that of its notebook; title, in a few words, for the board; and hints, from the vaguest to the
            one that all but gives it away.
    """

    def __init__(self, project: Project, folder: Path, seed: int, about: About) -> None:
        self._project, self._folder, self._seed = project, folder, seed
        self.name, self.title, hints = about
        self.hints = tuple(hints)

    @abstractmethod
    def rows(self) -> pd.DataFrame:
        """Return the data to examine, with the fault in them."""

    @abstractmethod
    def clean_rows(self) -> pd.DataFrame:
        """Return what to compare with, in the same columns."""

    @abstractmethod
    def said(self) -> Sequence[Finding | ThresholdCheck | str]:
        """Return what the unchanged copy of the project says about the fault."""

    def stopped_by(self) -> int:
        """Count what stops the fault in the unchanged copy; nothing should."""
        return sum(map(self._stops, self.said()))

    def _stops(self, _said: Any) -> bool:
        """Whether one of the things said would end a batch; a sentence only reports."""
        return False

    @abstractmethod
    def find(self, where: str) -> Point:
        """Say whether the fault is where a participant says."""

    @abstractmethod
    def prove(self, proof: Any) -> Point:
        """Say whether a proof can only come from the fault itself."""

    @abstractmethod
    def catch(self, guard: Guard) -> Point:
        """Run the kit's own checks with a participant's settings: they must stop the fault, and let the rest pass."""

    @abstractmethod
    def guard(self, answer: Answer) -> Guard:
        """Return the exercise's copy of the project, with what the answer changes in it.

        Raises:
            KitError: when a change is not valid.
        """

    def score(self, answer: Answer) -> Score:
        """Test an answer. A proof only counts if the fault was found; the guard counts by itself."""
        found = self.find(answer.where)
        proved = self.prove(answer.proof) if found.reached else Point(PROVED, False, "nothing is found yet")
        return Score(self.name, (found, proved, self._caught(answer)))

    def _caught(self, answer: Answer) -> Point:
        if not answer.settings and not answer.rules:
            return Point(CAUGHT, False, "no setting and no rule is changed yet")
        try:
            return self.catch(self.guard(answer))
        except KitError as error:  # it tells a participant what is wrong with a setting
            return Point(CAUGHT, False, str(error))


def same(found: object, wanted: str) -> bool:
    """Whether a text is a name, ignoring spaces and case."""
    return isinstance(found, str) and "".join(found.split()).casefold() == "".join(wanted.split()).casefold()


def near(found: object, wanted: float, tolerance: float) -> bool:
    """Whether a number is within a tolerance of another; NaN is near nothing."""
    return isinstance(found, int | float) and not isinstance(found, bool) and abs(found - wanted) <= tolerance
