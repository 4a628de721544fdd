"""The model behind a notebook's experiment view: shows an experiment and takes a person's decision."""

from __future__ import annotations

from kit.canary.actions import folder_of
from kit.canary.shown import Shown, shown
from kit.canary.watch import STATE_AFTER, decide
from kit.errors import UsageError
from kit.reasons import require_reasons
from kit.serving.experiments.experiment import load
from kit.session import Session
from kit.translation.messages import in_language


class ExperimentDesk:
    """A project's running experiment, or its last one.

    Args:
        session: the project's session.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def look(self) -> Shown | None:
        """Return the experiment as known now, None when none was started; nothing is judged and nothing changes."""
        folder = folder_of(self._session.workspace, self._session.project)
        last = load(folder)
        return shown(folder, last) if last else None

    def decide(self, what: str, who: str, why: str) -> str:
        """End the experiment by a person's decision; return what was done, in a sentence.

        Args:
            what: `promote`, `roll back` or `stop`.
            who: the person's name.
            why: their reason.

        Raises:
            UsageError: when there is no such decision.
            ExperimentError: when none runs.
            DecisionError: when the name or the reason is missing.
        """
        if what not in STATE_AFTER:
            raise UsageError(
                f"An experiment is ended by one of {', '.join(STATE_AFTER)}, but found {what!r}. Choose one of these."
            )
        require_reasons(f"{what} an experiment", who, why)
        return in_language(decide(self._session, STATE_AFTER[what], who=who, why=why).message)
