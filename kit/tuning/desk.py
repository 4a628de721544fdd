"""A session's search as an observer sees it, read from files while the kernel waits for Tuner."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from kit.errors import StepOrderError
from kit.session import Session
from kit.tuning.records import Search, folder_of, search_file
from kit.tuning.tuner import SEARCH


class TuningDesk:
    """Follows the search of a Tuner component; made before it runs.

    Args:
        session: the session that runs it.
        component: the component of `kit.tuning.tuner`.
    """

    def __init__(self, session: Session, component: Any) -> None:
        self._folder = folder_of(session.workspace, session.project.name)
        self._id = json.loads(component.exec_properties["custom_config"])[SEARCH]
        self._before = self._written()

    def search(self) -> Search | None:
        """Return the search as it is now, its running trials with their epochs; None: it has not begun."""
        found = Search.read(self._folder, self._id)
        if found is None or (not found.ended and self._written() == self._before):
            return None  # leftovers of a killed process
        return replace(found, trials=tuple(trial.now() for trial in found.trials))

    def runs(self) -> dict[str, Path]:
        """Return the event files of the trials by their names, for TensorBoard."""
        found = Search.read(self._folder, self._id)
        return {trial.name: trial.run for trial in found.trials} if found else {}

    def check(self) -> str:
        """Return how the search ended, in a sentence.

        Raises:
            StepOrderError: when no record of it is kept.
        """
        found = Search.read(self._folder, self._id)
        best = found.best if found else None
        if found is None or best is None:
            raise StepOrderError(
                f"A search should be kept in {self._folder}, but there is none of this Tuner. Run it again: finished "
                "trials are not repeated."
            )
        first = found.trials[0]
        done = sum(trial.objective is not None for trial in found.trials)
        gain = (
            f", {first.name} has {first.objective:.4f}"
            if first.objective is not None and first != best
            else ""
        )
        return (
            f"Trials done: {done} of {len(found.trials)}; {best.name} is the best: "
            f"{found.objective} {best.objective:.4f}{gain}."
        )

    def _written(self) -> int:
        try:
            return search_file(self._folder, self._id).stat().st_mtime_ns
        except OSError:
            return 0
