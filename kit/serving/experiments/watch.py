"""Look at an experiment, do what follows, and tell ML Metadata: what a notebook and `kit canary` call.

A look takes over what servers have logged, joins it with the labels that have arrived, and judges. Looking changes
nothing but the list of looks; acting ends the experiment when the verdict is no longer to wait.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from kit import decisions
from kit.decisions import Decision
from kit.monitoring import from_server
from kit.monitoring.served import served
from kit.monitoring.truth import LabelReader
from kit.serving.experiments.actions import end, folder_of, running, settle
from kit.serving.experiments.clicks import Truth, clicks
from kit.serving.experiments.counts import total
from kit.serving.experiments.experiment import ENDED, Experiment, State, load
from kit.serving.experiments.judge import Look, keep, look
from kit.session import Session

_STATES: dict[str, State] = {"promote": "promoted", "roll back": "rolled back"}
_WORDS = {"promoted": "promote", "rolled back": "rollback"}  # of decisions
_VERSION = "pushed_version"


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
        experiment: as it ended.
        recorded: the decisions that are new in ML Metadata.
    """

    experiment: Experiment
    recorded: tuple[Decision, ...]

    @property
    def message(self) -> str:
        one = self.experiment
        serves = one.candidate if one.state == "promoted" else one.control
        return f"Version {one.candidate} was {one.state} by {one.who}: {one.why}. All users get version {serves}."


def look_now(session: Session, as_of: dt.datetime | None = None, truth: Truth | None = None) -> Look:
    """Judge what is known now, and keep that look.

    Args:
        session: of the project.
        as_of: time to judge at; None: now.
        truth: reads labels; None: as the version that was pushed last means them.

    Raises:
        ExperimentError: when no experiment runs.
        StepOrderError: when no model was pushed.
    """
    experiment, when = running(session.workspace, session.project), as_of or dt.datetime.now(dt.UTC)
    from_server.take(session.workspace, session.project)
    truth = truth or LabelReader(session.project, served(session).transform_graph).read
    found = clicks(session.workspace, session.project, experiment, when, truth)
    folder = folder_of(session.workspace, session.project) / experiment.name
    one = look(experiment, found, total(folder), when)
    keep(folder, one)
    return one


def act(session: Session, one: Look) -> Waiting | Ended:
    """Do what a look says: nothing, or end the experiment in the name of the test.

    Raises:
        ExperimentError: when no experiment runs.
    """
    if one.verdict == "wait":
        return Waiting(one)
    name = running(session.workspace, session.project).name
    return decide(session, _STATES[one.verdict], who=f"the sequential test of experiment {name}", why=one.why)


def decide(session: Session, state: State, *, who: str, why: str) -> Ended:
    """End the experiment by somebody's decision, and record it.

    Raises:
        ExperimentError: when no experiment runs.
        DecisionError: when there is no name or no reason.
    """
    experiment = end(session.workspace, session.project, state, who=who, why=why)
    return Ended(experiment, tuple(record(session)))


def watch(
    session: Session, wait: Callable[[], bool], told: Callable[[str], None], truth: Truth | None = None
) -> Ended | None:
    """Look and act again and again until the experiment has ended.

    Args:
        session: of the project.
        wait: is called between two looks; tells whether to stop watching.
        told: is given a sentence after each look.
        truth: see `look_now`.

    Returns:
        How it ended; None: it goes on without being watched.
    """
    while True:
        outcome = act(session, look_now(session, truth=truth))
        told(outcome.message)
        if isinstance(outcome, Ended):
            return outcome
        if wait():
            return None


def record(session: Session) -> list[Decision]:
    """Take over how experiments ended as decisions in ML Metadata, about the push of the candidate; return new ones.

    A candidate that ML Metadata does not know, since it was pushed by other means, stays in the history of its folder
    only.
    """
    last = load(folder_of(session.workspace, session.project))
    if last is not None and not last.running:
        settle(session.workspace, session.project, last)  # what was killed halfway
    pushes = {
        made["pushed_model"][0].get_string_custom_property(_VERSION): made["pushed_model"][0]
        for _, made in session.history("Pusher")
    }
    recorded = []
    for one in _ended(folder_of(session.workspace, session.project)):
        pushed, subject = pushes.get(str(one.candidate)), f"experiment {one.name}"
        if pushed is None or any(known.subject == subject for known in decisions.about(session, pushed)):
            continue
        recorded.append(
            decisions.record(session, pushed, _WORDS[one.state], subject=subject, who=one.who, why=one.why)
        )
    return recorded


def _ended(folder: Path) -> Iterator[Experiment]:
    found = [Experiment.from_json(path.read_text()) for path in folder.glob(f"*/{ENDED}")]
    return iter(sorted(found, key=lambda one: one.ended))
