"""An experiment as plain values, for its view and for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kit.canary.judge import Look, looks, needed_evidence
from kit.serving.experiments.counts import FAILED, OTHERS, REQUESTS, SLOW, total
from kit.serving.experiments.experiment import Experiment
from kit.serving.experiments.split import CANDIDATE, CONTROL
from kit.translation.messages import in_language, parts_in_language


@dataclass(frozen=True)
class Arm:
    """One side of an experiment.

    Attributes:
        name: `control` or `candidate`.
        version: the version that answers.
        share: the share of the users who get it, 0 to 1.
        requests: how many requests are evidence, as counted by the servers so far.
        failed: how many of them failed.
        slow: how many of them were slow.
    """

    name: str
    version: int
    share: float
    requests: int
    failed: int
    slow: int


@dataclass(frozen=True)
class Point:
    """The difference of a metric at one look; candidate minus control.

    Attributes:
        time: the time of the look, seconds since 1970.
        difference: the difference.
        lower: its lower bound, valid at all looks together.
        upper: its upper bound, likewise.
    """

    time: float
    difference: float
    lower: float
    upper: float


@dataclass(frozen=True)
class Compared:
    """One metric, with all looks at it.

    Attributes:
        name: the metric's name.
        control: the control's rate at the last look.
        candidate: the candidate's rate, likewise.
        counted: the denominators of the rates: control's, candidate's.
        limit: the largest tolerated difference.
        higher_is_better: which side of the limit is the good one.
        state: `harmless`, `harmful`, `open`, or `few`: too few users to judge it.
        points: one point per look, oldest first.
    """

    name: str
    control: float
    candidate: float
    counted: tuple[int, int]
    limit: float
    higher_is_better: bool
    state: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Shown:
    """An experiment so far, as plain values.

    Attributes:
        name: the experiment's name.
        state: `running`, `promoted`, `rolled back` or `stopped`.
        unit: the unit of the split, such as `user_id`.
        started: the time of its start, seconds since 1970.
        ended: the time of its end, likewise; None: it runs.
        who: the person or test that ended it; empty while it runs.
        why: the reason for its end, or for the last look's verdict; in the reader's language.
        arms: control and candidate.
        metrics: one entry per metric; empty before the first look.
        failed_groups: how many groups of users met their first failure in the candidate's arm, and in either arm.
        evidence: the evidence that the candidate fails more often; 1: none.
        needed: how much evidence takes the candidate back.
        left_out: how many requests are no evidence, by reason.
        looks: how many looks there were.
    """

    name: str
    state: str
    unit: str
    started: float
    ended: float | None
    who: str
    why: str
    arms: tuple[Arm, Arm]
    metrics: tuple[Compared, ...]
    failed_groups: tuple[int, int]
    evidence: float
    needed: float
    left_out: dict[str, int]
    looks: int


def shown(folder: Path, experiment: Experiment) -> Shown:
    """Return an experiment with all looks at it, and the servers' counts.

    Args:
        folder: the folder of the model's experiments.
        experiment: one of them.
    """
    past, counts = looks(folder / experiment.name), total(folder / experiment.name)
    last, settings = past[-1] if past else None, experiment.settings
    sums = counts.table.sum(axis=1)
    arms = [
        Arm(name, version, share, *(int(sums[arm, kind]) for kind in (REQUESTS, FAILED, SLOW)))
        for arm, name, version, share in (
            (CONTROL, "control", experiment.control, 1 - settings.share),
            (CANDIDATE, "candidate", experiment.candidate, settings.share),
        )
    ]
    return Shown(
        name=experiment.name,
        state=experiment.state,
        unit=settings.unit,
        started=experiment.since.timestamp(),
        ended=experiment.until.timestamp() if experiment.until else None,
        who=experiment.who,
        why=in_language(experiment.why) or parts_in_language(last.why if last else "nobody has looked yet"),
        arms=(arms[CONTROL], arms[CANDIDATE]),
        metrics=tuple(_compared(past, place) for place in range(len(last.measures))) if last else (),
        failed_groups=last.failed_groups if last else (0, 0),
        evidence=last.evidence if last else 1.0,
        needed=needed_evidence(settings),
        left_out=dict(zip(OTHERS, map(int, counts.others), strict=True)),
        looks=len(past),
    )


def _compared(past: list[Look], place: int) -> Compared:
    last = past[-1].measures[place]
    judged = "harmful" if last.harmful else "harmless" if last.harmless else "open"
    points = [(look, look.measures[place]) for look in past]
    return Compared(
        name=last.name,
        control=last.control,
        candidate=last.candidate,
        counted=last.counted,
        limit=last.limit,
        higher_is_better=last.higher_is_better,
        state=judged if last.enough else "few",
        points=tuple(
            Point(look.time.timestamp(), one.difference, one.lower, one.upper) for look, one in points
        ),
    )
