"""Where an experiment is looked at and decided about from a notebook: what its view is given."""

from __future__ import annotations

from kit.errors import UsageError
from kit.reasons import require_reasons
from kit.serving.experiments.actions import folder_of
from kit.serving.experiments.experiment import State, load
from kit.serving.experiments.shown import Shown, shown
from kit.serving.experiments.watch import decide
from kit.session import Session
from kit.translation.messages import in_language

_STATES: dict[str, State] = {"promote": "promoted", "roll back": "rolled back", "stop": "stopped"}


class ExperimentDesk:
    """The experiment of a project that runs, or the last one.

    Args:
        session: of the project.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def look(self) -> Shown | None:
        """Return it as it is known now, None when none was started; nothing is judged and nothing changes."""
        folder = folder_of(self._session.workspace, self._session.project)
        last = load(folder)
        return shown(folder, last) if last else None

    def decide(self, what: str, who: str, why: str) -> str:
        """End it by a person's decision; return what was done, in a sentence.

        Args:
            what: `promote`, `roll back` or `stop`.
            who: name of the person.
            why: their reason.

        Raises:
            UsageError: when there is no such decision.
            ExperimentError: when none runs.
            DecisionError: when there is no name or no reason.
        """
        if what not in _STATES:
            raise UsageError(
                f"An experiment is ended by one of {', '.join(_STATES)}, but found {what!r}. Choose one of these."
            )
        require_reasons(f"{what} an experiment", who, why)
        return in_language(decide(self._session, _STATES[what], who=who, why=why).message)
