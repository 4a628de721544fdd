"""Judge an experiment, act on the verdict, and record the end in ML Metadata; used by a notebook and `kit canary`.

A look imports what servers have logged, joins it with the labels that have arrived, and judges. Looking changes
nothing but the list of looks; acting ends the experiment unless the verdict is to wait. Everything known is on the
disk, so a watcher may be killed, and the next one goes on.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kit.canary.actions import end, folder_of, running, settle
from kit.canary.clicks import Truth, clicks
from kit.canary.judge import Clicks, Look, keep, look
from kit.canary.recorded import is_recorded, record
from kit.errors import WorkspaceError
from kit.monitoring import from_server
from kit.monitoring.last_push import last_push
from kit.monitoring.truth import LabelReader
from kit.os_errors import kit_error_of
from kit.serving.experiments.counts import total
from kit.serving.experiments.experiment import Experiment, ExperimentError, State, load
from kit.serving.experiments.split import GROUPS
from kit.session import Session

STATE_AFTER: dict[str, State] = {"promote": "promoted", "roll back": "rolled back", "stop": "stopped"}
_DONE: dict[State, str] = {
    "promoted": "was promoted",
    "rolled back": "was rolled back",
    "stopped": "was stopped without a verdict",
}


@dataclass(frozen=True)
class Waiting:
    """The experiment goes on."""

    look: Look

    @property
    def message(self) -> str:
        return f"The experiment goes on: {self.look.why}."


@dataclass(frozen=True)
class Ended:
    """The experiment has ended.

    Attributes:
        experiment: the experiment as it ended.
        recorded: whether it is in ML Metadata, which does not know versions that were pushed by other means.
    """

    experiment: Experiment
    recorded: bool

    @property
    def message(self) -> str:
        one = self.experiment
        known = (
            ""
            if self.recorded
            else " ML Metadata does not know that version, so it stands in the files only."
        )
        return f"{ending(one)} All users get version {one.left}.{known}"


def ending(one: Experiment) -> str:
    """Return how an experiment ended, in a sentence."""
    return f"Version {one.candidate} {_DONE[one.state]} by {one.who}: {one.why}."


def look_now(session: Session, as_of: dt.datetime | None = None, truth: Truth | None = None) -> Look:
    """Judge the experiment, and append the look to its list.

    Args:
        session: the project's session.
        as_of: the time to judge at; None: now.
        truth: the reader of labels; None: as the version that was pushed last means them.

    Raises:
        ExperimentError: when no experiment runs.
        StepOrderError: when clicks are judged and no model was pushed.
    """
    experiment, when = running(session.workspace, session.project), as_of or dt.datetime.now(dt.UTC)
    found = Clicks(np.zeros((2, GROUPS)), np.zeros((2, GROUPS)))
    if experiment.settings.clicks:
        from_server.take(session.workspace, session.project)
        truth = truth or LabelReader(session.project, last_push(session).transform_graph).read
        found = clicks(session.workspace, session.project, experiment, when, truth)
    folder = folder_of(session.workspace, session.project) / experiment.name
    one = look(experiment, found, total(folder), when)
    keep(folder, one)
    return one


def act(session: Session, one: Look) -> Waiting | Ended:
    """Act on a look's verdict: do nothing, or end the experiment in the name of the test.

    Raises:
        ExperimentError: when no experiment runs.
    """
    if one.verdict == "wait":
        return Waiting(one)
    name = running(session.workspace, session.project).name
    return decide(
        session, STATE_AFTER[one.verdict], who=f"the sequential test of experiment {name}", why=one.why
    )


def decide(session: Session, state: State, *, who: str, why: str) -> Ended:
    """End the experiment by a person's decision, and record it.

    Raises:
        ExperimentError: when no experiment runs.
        DecisionError: when the name or the reason is missing.
    """
    return finished(session, end(session.workspace, session.project, state, who=who, why=why))


def finished(session: Session, one: Experiment) -> Ended:
    """Complete an end that was interrupted halfway, and record it; safe to repeat."""
    settle(session.workspace, session.project, one)
    record(session)
    return Ended(one, is_recorded(session, one))


def watch(
    session: Session, wait: Callable[[], bool], told: Callable[[str], None], truth: Truth | None = None
) -> Ended | None:
    """Look and act again and again until the experiment has ended, by the test or by somebody else.

    A look for which the disk had no room is told and tried again: a candidate must not be left unwatched for that.

    Args:
        session: the project's session.
        wait: called between two looks; returns whether to stop watching.
        told: called with a sentence after each look.
        truth: see `look_now`.

    Returns:
        How it ended; None: it goes on unwatched.

    Raises:
        ExperimentError: when none was started.
        OSError: when the last look before the stop failed.
        WorkspaceError: likewise.
    """
    while True:
        try:
            outcome = _step(session, truth)
        except (OSError, WorkspaceError) as error:  # such as a full disk: perhaps for a while
            told(f"Nobody could look at the experiment: {_in_words(error)}")
            if wait():
                raise
            continue
        told(outcome.message)
        if isinstance(outcome, Ended):
            return outcome
        if wait():
            return None


def _in_words(error: OSError | WorkspaceError) -> str:
    return (kit_error_of(error) if isinstance(error, OSError) else error).in_words()


def _step(session: Session, truth: Truth | None) -> Waiting | Ended:
    """Look and act once; if somebody else has ended the experiment, before or meanwhile, return that end."""
    try:
        return act(session, look_now(session, truth=truth))
    except ExperimentError:
        last = load(folder_of(session.workspace, session.project))
        if last is None or last.running:
            raise
        return finished(session, last)
