"""One look at an experiment: what is known about each metric, and what follows from it.

The probability of a wrong decision, over all looks and metrics, is at most `alpha`: half of it is spent on the click
rate, a quarter on slow requests, and a quarter on failures, shared by their rate and the coin test (`sequential`). Each
metric has a margin by which the candidate may be worse. The candidate is taken back when some metric is certainly
worse by more than its margin, or requests certainly fail more often; it is promoted when no metric can be worse by
more than its margin. Until one of these holds, the experiment goes on.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from kit.canary.sequential import difference, failures_evidence, rate
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.experiments.counts import FAILED, REQUESTS, SLOW, Counts, Floats, Ints
from kit.serving.experiments.experiment import Experiment
from kit.serving.experiments.split import CANDIDATE, CONTROL
from kit.texts import percent

Verdict = Literal["wait", "promote", "roll back"]

CLICKS, FAILURES, SLOWNESS = "click rate", "failed requests", "slow requests"
SPENT = {CLICKS: 1 / 2, SLOWNESS: 1 / 4, FAILURES: 1 / 8}
COIN = 1 / 8
_LOOKS = "looks.jsonl"


@dataclass(frozen=True)
class Clicks:
    """What users clicked, [2 arms, GROUPS]: sums of labels, and counts of labelled rows."""

    clicks: Floats
    shown: Floats


@dataclass(frozen=True)
class Measure:
    """One metric at one look.

    Attributes:
        name: the metric's name.
        control: the control's rate.
        candidate: the candidate's rate.
        counted: the denominators of the rates: control's, candidate's.
        difference: candidate minus control.
        lower: the lower bound of the difference, valid at all looks together.
        upper: the upper bound, likewise.
        limit: the largest tolerated difference; beyond it the candidate is worse than it may be.
        higher_is_better: which side of the limit is the good one.
        enough: whether there are enough groups to judge it.
    """

    name: str
    control: float
    candidate: float
    counted: tuple[int, int]
    difference: float
    lower: float
    upper: float
    limit: float
    higher_is_better: bool
    enough: bool

    @property
    def harmful(self) -> bool:
        beyond = self.upper < self.limit if self.higher_is_better else self.lower > self.limit
        return self.enough and beyond

    @property
    def harmless(self) -> bool:
        within = self.lower > self.limit if self.higher_is_better else self.upper < self.limit
        return self.enough and within

    def __str__(self) -> str:
        return (
            f"{self.name} at {self.candidate:.4f} against {self.control:.4f}, difference {self.difference:+.4f} "
            f"[{self.lower:+.4f}, {self.upper:+.4f}], may be {'down' if self.higher_is_better else 'up'} to "
            f"{self.limit:+.4f}"
        )


@dataclass(frozen=True)
class Look:
    """All that is known about an experiment at one time.

    Attributes:
        when: the time in UTC, ISO 8601.
        measures: one entry per metric.
        failed_groups: how many groups of users met their first failure in the candidate's arm, and in either arm.
        evidence: the evidence that the candidate fails more often; 1: none.
        others: how many requests are no evidence, by reason.
        verdict: the decision that follows.
        why: the reason, in a sentence.
    """

    when: str
    measures: tuple[Measure, ...]
    failed_groups: tuple[int, int]
    evidence: float
    others: tuple[int, ...]
    verdict: Verdict
    why: str

    @property
    def time(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.when)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Look:
        values = json.loads(text)
        measures = tuple(Measure(**{**one, "counted": tuple(one["counted"])}) for one in values["measures"])
        tuples = {name: tuple(values[name]) for name in ("failed_groups", "others")}
        return cls(**{**values, **tuples, "measures": measures})


def look(experiment: Experiment, clicks: Clicks, counts: Counts, when: dt.datetime) -> Look:
    """Judge the clicks and counts so far."""
    settings, table = experiment.settings, counts.table
    requests = table[..., REQUESTS]
    clicked = _measure(experiment, CLICKS, clicks.clicks, clicks.shown, -settings.click_margin)
    measures = (
        *([clicked] if settings.clicks else []),
        _measure(experiment, FAILURES, table[..., FAILED], requests, settings.error_margin),
        _measure(experiment, SLOWNESS, table[..., SLOW], requests, settings.slow_margin),
    )
    heads, tosses, evidence = failures_evidence(counts.first_failure, settings.share)
    verdict, why = _verdict(experiment, measures, (heads, tosses), evidence, when)
    others = tuple(int(count) for count in counts.others)
    return Look(when.isoformat(timespec="seconds"), measures, (heads, tosses), evidence, others, verdict, why)


def _measure(
    experiment: Experiment, name: str, events: Floats | Ints, counted: Floats | Ints, limit: float
) -> Measure:
    settings = experiment.settings
    control, candidate = (rate(events[arm], counted[arm]) for arm in (CONTROL, CANDIDATE))
    found = difference(control, candidate, settings.alpha * SPENT[name], abs(limit))
    return Measure(
        name,
        control.value,
        candidate.value,
        (int(control.total), int(candidate.total)),
        found.value,
        max(found.lower, -1.0) if name != CLICKS else found.lower,
        min(found.upper, 1.0) if name != CLICKS else found.upper,
        limit,
        name == CLICKS,
        min(control.groups, candidate.groups) >= settings.least_groups,
    )


def _plain(evidence: float) -> str:
    return f"{evidence:,.0f}" if evidence < 1e9 else f"{evidence:.3g}"  # noqa: PLR2004  digits that can be read


def _verdict(
    experiment: Experiment,
    measures: Sequence[Measure],
    failed: tuple[int, int],
    evidence: float,
    when: dt.datetime,
) -> tuple[Verdict, str]:
    settings = experiment.settings
    needed = needed_evidence(settings)
    if evidence >= needed:
        return "roll back", (
            f"requests to version {experiment.candidate} fail more often: of {failed[1]} groups of users that met a "
            f"failure {failed[0]} met it there first, where {percent(settings.share)} of all users are (evidence "
            f"{_plain(evidence)}, {needed:.0f} needed)"
        )
    if harmful := [one for one in measures if one.harmful]:
        return "roll back", f"it is worse than it may be: {'; '.join(map(str, harmful))}"
    if all(one.harmless for one in measures):
        return "promote", f"no metric can be worse than it may be: {'; '.join(map(str, measures))}"
    if when - experiment.since >= dt.timedelta(days=settings.most_days):
        return "roll back", f"there was no evidence for it within {settings.most_days:g} days"
    few = [one.name for one in measures if not one.enough]
    open_ = [one.name for one in measures if one.enough and not one.harmless]
    said = [
        f"too few users for {', '.join(few)}" if few else "",
        f"not sure of {', '.join(open_)}" if open_ else "",
    ]
    return "wait", "; ".join(filter(None, said))


def needed_evidence(settings: ExperimentSettings) -> float:
    """Return how much evidence of more failures it takes to take the candidate back."""
    return 1 / (settings.alpha * COIN)


def keep(folder: Path, one: Look) -> None:
    """Append a look to those of an experiment's folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOOKS
    # What a crash or a full disk cut off stays a line of its own.
    cut_off = path.exists() and not path.read_bytes().endswith(b"\n") and path.stat().st_size > 0
    with path.open("a", encoding="utf-8") as file:
        file.write(("\n" if cut_off else "") + one.to_json() + "\n")


def looks(folder: Path) -> list[Look]:
    """Return the looks of an experiment, oldest first; a line that a crash cut off is left out."""
    path = folder / _LOOKS
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            found.append(Look.from_json(line))
        except (ValueError, KeyError, TypeError):
            continue
    return found
