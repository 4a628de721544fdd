"""Act on the decision to retrain: the new window, the record in ML Metadata, and the batch."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from kit import decisions
from kit.batch.background import Batch
from kit.batch.parameters import command_words
from kit.monitoring.decision import Retrain, RetrainDecision, Window, decide
from kit.monitoring.drift import LogDrift
from kit.monitoring.last_push import PushedVersion
from kit.monitoring.quality import Quality
from kit.monitoring.statistics import COMPONENT
from kit.project import Project
from kit.session import CHAIN, Session
from kit.spans import SpanWindow, choose, in_words

START = "start retraining"
_WHO = "07_monitor"


@dataclass(frozen=True)
class NotStarted:
    """No chain was started; `message` says why."""

    message: str


@dataclass(frozen=True)
class Started:
    """A chain runs in a process of its own, and goes on when the notebook ends."""

    window: Window
    batch: Batch

    @property
    def message(self) -> str:
        return (
            f"The chain has started on {self.window} (process {self.batch.pid}). It waits for other runs in this "
            "workspace; `kit runs` lists it."
        )


Start: TypeAlias = NotStarted | Started


def judge(session: Session, version: PushedVersion, drift: LogDrift, quality: Quality) -> RetrainDecision:
    """Decide whether to retrain, and record it with its reasons at the statistics that it is about.

    The same decision about the same statistics is recorded once.
    """
    project = session.project
    newer = newer_spans(project, version)
    settings = project.spec.monitoring.retrain_when
    decision = decide(settings, drift, quality, newer, next_window(project, version))
    statistics = session.latest(COMPONENT, "statistics")
    why = " | ".join([decision.message, *(f"{rule.name}: {rule.found}" for rule in decision.rules)])
    before = decisions.about(session, statistics)
    if not before or (before[0].what, before[0].why) != (decision.what, " ".join(why.split())):
        decisions.record(session, statistics, decision.what, who=_WHO, why=why)
    return decision


def newer_spans(project: Project, version: PushedVersion) -> list[int]:
    """Return the spans that were delivered after those that a version was made of."""
    known = [span for spans in version.spans.values() for span in spans]
    return [span for span in project.spans() if known and span > max(known)]


def next_window(project: Project, version: PushedVersion) -> Window | None:
    """Return a window of the same sizes that ends with the newest span; None: the model was made of the newest."""
    if not newer_spans(project, version):
        return None
    train, held_out = (SpanWindow(count=len(version.spans[split])) for split in ("train", "eval"))
    dated = project.spec.data.is_dated
    chosen = choose(train, held_out, project.spans(), dated=dated)
    return Window(*(_written(one.spans, str(one.asked), dated=dated) for one in chosen))


def start_chain(session: Session, decision: RetrainDecision, *, start: bool) -> Start:
    """Start the chain on the new window if that was decided and is wanted.

    At most once for a pushed version and a window: the next judgement does not train a model again that missed its
    gates.
    """
    if not isinstance(decision, Retrain):
        return NotStarted("No chain is started: the decision is not to retrain.")
    if not start:
        return NotStarted(
            f"No chain is started, as `start` is off. Start it: {_command(session, decision.window)}"
        )
    pushed, subject = session.latest("Pusher", "pushed_model"), str(decision.window)
    before = [one for one in decisions.about(session, pushed) if (one.what, one.subject) == (START, subject)]
    if before:
        when = before[0].when[:16].replace("T", " ")
        return NotStarted(
            f"No chain is started: one was started on {subject} at {when} UTC, and has pushed nothing yet. See `kit "
            f"runs`. To start it again: {_command(session, decision.window)}"
        )
    decisions.record(session, pushed, START, who=_WHO, why=decision.message, subject=subject)
    batch = Batch(
        _words(session, decision.window), session.workspace.path, _command(session, decision.window)
    )
    return Started(decision.window, batch)


def _written(spans: Sequence[int], window: str, *, dated: bool) -> str:
    """Return spans as a parameter takes them: as a range, or as a window where days without data lie between."""
    text = in_words(spans, dated=dated)
    return window if "," in text else text


def _words(session: Session, window: Window) -> list[str]:
    values = {
        "workspace": session.workspace.path,
        "project_name": session.project.folder,
        "train_spans": window.train_spans,
        "eval_spans": window.eval_spans,
    }
    return ["run", *dict.fromkeys(CHAIN.values()), *command_words(values)]


def _command(session: Session, window: Window) -> str:
    notebooks = " ".join(dict.fromkeys(CHAIN.values()))
    project = session.project.name if session.project.is_built_in else session.project.folder
    return (
        f"kit run {notebooks} -P {shlex.quote(str(project))} -w {shlex.quote(str(session.workspace.path))} "
        f"-p train_spans {shlex.quote(window.train_spans)} -p eval_spans {shlex.quote(window.eval_spans)}"
    )
