"""An exercise for its notebook: plain values in, tables and plain values out, scores recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kit.translation.messages import in_language, parts_in_language
from kit.workshop import board as class_board
from kit.workshop.catalogue import exercise_named
from kit.workshop.exercise import Answer, Exercise, Score
from kit.workshop.member import member
from kit.workshop.texts import texts
from kit.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

FOLDER = "workshop"


class WorkshopDesk:
    """One exercise of one participant.

    The workspace's own projects, models and schemas are not touched: everything is written into `workshop/`.

    Args:
        name: the name of the exercise.
        workspace: the workspace of the participant.
        participant: a name of their choice; empty: the one given before.
        class_folder: the folder shared by a class; empty: the one given before, if any; `none`: leave the class.
        seed: the seed that the fault follows from.

    Raises:
        WorkshopError: when there is no such exercise, the name is not valid, or a member of a class has none.
    """

    def __init__(
        self, name: str, workspace: Workspace, participant: str = "", class_folder: str = "", seed: int = 7
    ) -> None:
        self._folder = workspace.path / FOLDER
        who = member(self._folder, participant, class_folder)
        self.participant, self._class = who.name, who.shared
        self.exercise, self.seed = self._made(name, seed), seed

    def inject(self, seed: int) -> str:
        """Put the fault in again with another seed; say whether anything stops it."""
        made = self._made(self.exercise.name, seed)
        said = _stopped(made)
        self.exercise, self.seed = made, seed
        return said

    def faulty(self) -> pd.DataFrame:
        """Return the data to examine, with the fault in them."""
        return self.exercise.rows()

    def good(self) -> pd.DataFrame:
        """Return what to compare with: the days before, or the model that is served now."""
        return self.exercise.clean_rows()

    def stopped(self) -> str:
        """Say whether any check in the exercise's copy of the project stops the fault; none should."""
        return _stopped(self.exercise)

    def said(self) -> list[str]:
        """Return what the exercise's copy of the project says about the fault, one sentence per check."""
        return [str(one) for one in self.exercise.said()]

    def hints(self) -> dict[str, Any]:
        """Return the hints for a view, and how many this participant has opened before."""
        return {"hints": list(self.exercise.hints), "opened": self._mine().hints}

    def open_hint(self, opened: int) -> str:
        """Record how many hints are open; never lowers it. Return what is wrong with the board, empty if nothing."""
        return self._keep(self._progress().with_hints(self.exercise.name, opened))

    def check(
        self,
        where: str = "",
        proof: Any = None,
        settings: Mapping[str, Any] | None = None,
        rules: Mapping[str, Mapping[str, str]] | None = None,
    ) -> dict[str, Any]:
        """Test what was achieved, and record it.

        Returns:
            `exercise`, its title; `points`, for each `name`, `reached` and what `said` in the reader's language;
            `note` on the class board.
        """
        score = self.exercise.score(Answer(where, proof, settings or {}, rules or {}))
        note = self._keep(self._progress().with_score(score))
        return {"exercise": self.exercise.title, "points": _points(score), "note": note}

    def board(self) -> dict[str, Any]:
        """Return the progress of the class, or without a class of this participant, for a view."""
        titles = {name: text["title"] for name, text in texts().items()}
        people = class_board.read_soon(self._class) if self._class else []
        mine = self._progress()
        if self.participant not in {one.name for one in people}:
            people = [mine, *people]
        rows = [list(row) for row in class_board.table(people, list(titles))]
        return {"columns": ["Participant", *titles.values(), "Points"], "rows": rows, "you": self.participant}

    def _made(self, name: str, seed: int) -> Exercise:
        return exercise_named(name, self._folder / name, seed)

    def _progress(self) -> class_board.Progress:
        return class_board.read(self._folder, self.participant)

    def _mine(self) -> class_board.Done:
        return self._progress().done.get(self.exercise.name, class_board.Done())

    def _keep(self, progress: class_board.Progress) -> str:
        class_board.write(progress, self._folder)
        return class_board.write_soon(progress, self._class) if self._class else ""


def _stopped(exercise: Exercise) -> str:
    stops = exercise.stopped_by()
    return in_language(
        f"Checks that stop it: {stops}." if stops else "Nothing stops it: it would go to production."
    )


def _points(score: Score) -> list[dict[str, Any]]:
    return [
        {"name": one.name, "reached": one.reached, "said": parts_in_language(one.said)}
        for one in score.points
    ]
