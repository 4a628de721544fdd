"""Live quality, where labels have arrived: by day, and against the evaluation before the push."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kit.evaluation.intervals import Z, interval
from kit.evaluation.names import EXAMPLE_COUNT, POSITIVE_SHARE
from kit.evaluation.results import load_slices
from kit.evaluation.sections import METRICS_BY_TASK
from kit.monitoring.join import Joined, join
from kit.monitoring.last_push import PushedVersion
from kit.monitoring.log import Labels, PredictionLog, has_keys
from kit.monitoring.metrics import Estimate, estimates
from kit.monitoring.truth import LabelReader
from kit.session import Session
from kit.translation.messages import parts_in_language

# In which direction a metric gets worse, in the order in which one is chosen.
_WORSE = {"auc": -1, "accuracy": -1, "logloss": 1, "mse": 1, "mae": 1}


@dataclass(frozen=True)
class QualityDay:
    """The answers of one day.

    Attributes:
        day: the day, in UTC.
        counts: the rows by outcome: `logged`, `repeated`, `labelled`, `late`, `waiting` and `never`, see `JoinedDay`.
        metrics: the metrics of the labelled rows, whatever version answered them; empty without any.
    """

    day: dt.date
    counts: Mapping[str, int]
    metrics: Mapping[str, Estimate]


@dataclass(frozen=True)
class Quality:
    """The live quality of some days.

    Attributes:
        days: one by one.
        metric: the metric that the version is judged by: the first of its task that the evaluation has.
        evaluated: its metrics before it was pushed.
        live: the metrics of all labelled rows of these days that it answered; empty without any.
        rows: the number of those rows.
        labels: counts of the labels: `read`, `repeated`, `changed` and `unknown`, see `Joined`.
        why_not: why no label was joined; empty where some were.
    """

    days: tuple[QualityDay, ...]
    metric: str
    evaluated: Mapping[str, Estimate]
    live: Mapping[str, Estimate]
    rows: int
    labels: Mapping[str, int]
    why_not: str = ""

    @property
    def note(self) -> str:
        """The number of labels that arrived, and what became of them, in a sentence in the reader's language."""
        if self.why_not:
            why = parts_in_language(self.why_not)
            return f"{why[0].upper()}{why[1:]}."
        counts = self.labels
        said = [
            f"{counts['repeated']:,} were for a prediction that had one" if counts["repeated"] else "",
            f"{counts['changed']:,} of those say otherwise, and count" if counts["changed"] else "",
            f"{counts['unknown']:,} were for no prediction of these days" if counts["unknown"] else "",
        ]
        told = filter(None, [f"{counts['read']:,} labels have arrived", *said])
        return parts_in_language("; ".join(told) + ".")

    @property
    def change(self) -> Estimate | None:
        """How much better the live metric is than the evaluated one; negative: worse. None: one is unknown.

        The interval is that of the difference of two independent samples; where the evaluation's own error is not known
        it counts as zero.
        """
        live, before = self.live.get(self.metric), self.evaluated.get(self.metric)
        if live is None or before is None or math.isnan(live.value) or math.isnan(before.value):
            return None
        better = -_WORSE[self.metric] * (live.value - before.value)
        margin = Z * math.hypot(live.error, 0.0 if math.isnan(before.error) else before.error)
        return Estimate(better, better - margin, better + margin)


def live_quality(
    session: Session, version: PushedVersion, days: Sequence[dt.date], as_of: dt.datetime
) -> Quality:
    """Join the log with the labels that had arrived by a given time, and measure each day.

    Args:
        session: the session of the project.
        version: the version whose evaluation the live metrics are compared with.
        days: the days of the log.
        as_of: the time to judge at; later labels, and predictions whose window is still open, do not count yet.

    Raises:
        InputDataError: when a part cannot be read.
        ProjectError: when `monitoring.keys` names no column of a request.
    """
    project = session.project
    evaluated = _evaluated(version, METRICS_BY_TASK[project.spec.task])
    metric = next((name for name in _WORSE if name in evaluated), "")
    log = PredictionLog(session.workspace, project)
    if not has_keys(project):
        reason = (
            "labels cannot find their predictions: no column has the kind key, and monitoring.keys names none"
        )
        return Quality((), metric, evaluated, {}, 0, {}, reason)
    window = dt.timedelta(days=project.spec.monitoring.label_window_days)
    joined = join(log, Labels(session.workspace, project), days, window, as_of)
    return _measured(session, version, log, joined, metric, evaluated)


def _measured(  # noqa: PLR0913, PLR0917  what a measurement is put together from
    session: Session,
    version: PushedVersion,
    log: PredictionLog,
    joined: Joined,
    metric: str,
    evaluated: Mapping[str, Estimate],
) -> Quality:
    task, reader = session.project.spec.task, LabelReader(session.project, version.transform_graph)
    days, scores, truths = [], [], []
    for day in joined.days:
        truth = reader.read(log, day)
        counts = {
            name: getattr(day, name)
            for name in ("logged", "labelled", "waiting", "never", "late", "repeated")
        }
        days.append(QualityDay(day.day, counts, estimates(task, day.scores, truth)))
        mine = day.versions == version.version
        scores.append(day.scores[mine])
        truths.append(truth[mine])
    judged = [one for one in range(len(truths)) if len(truths[one])]
    live = (
        estimates(
            task,
            np.concatenate([scores[one] for one in judged]),
            np.concatenate([truths[one] for one in judged]),
        )
        if judged
        else {}
    )
    labels = {
        "read": joined.labels,
        "repeated": joined.repeated,
        "changed": joined.changed,
        "unknown": joined.unknown,
    }
    why_not = "" if joined.labels else "no label has arrived for these days"
    return Quality(tuple(days), metric, evaluated, live, sum(map(len, truths)), labels, why_not)


def _evaluated(version: PushedVersion, names: Sequence[str]) -> dict[str, Estimate]:
    """Return the metrics of the evaluation on all rows; an interval where there is a formula for it."""
    for key, values in load_slices(version.evaluation):
        if not key:
            counts = (values.get(EXAMPLE_COUNT, math.nan), values.get(POSITIVE_SHARE, math.nan))
            return {name: _estimate(name, values[name], *counts) for name in names if name in values}
    return {}


def _estimate(metric: str, value: float, examples: float, positive_share: float) -> Estimate:
    found = interval(metric, *(np.array([one]) for one in (value, examples, positive_share)))
    lower, upper = (float(bound[0]) for bound in found) if found else (math.nan, math.nan)
    return Estimate(value, lower, upper)
