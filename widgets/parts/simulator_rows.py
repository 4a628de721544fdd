"""The parts of the gate simulator: thresholds to move, and a row for each run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from widgets.parts.formats import MISSING, number
from widgets.parts.language import marked, say, say_known
from widgets.parts.markup import BREAK, Markup, tag
from widgets.parts.tables import listing
from widgets.values.simulator import AT_MOST, Decisive, SimulatedRun, SimulatedThreshold, is_met, passes

MOST_MOVED = 50  # thresholds that have a slider
_COLUMNS = (marked("Run"), marked("Verdict then"), marked("With these thresholds"), marked("Decided by"))
_NAMED = 4  # missed thresholds that a row lists
_STEPS = 200  # of a slider
_DIGITS = 9  # of a threshold, so that 0.1 and 0.2 add up to 0.3


def sliders(thresholds: Sequence[SimulatedThreshold], runs: Sequence[SimulatedRun]) -> Markup:
    """A slider and a field for each threshold; a slider reaches a bit beyond the values of the runs."""
    rows = [
        _slider(place, threshold, [run.found[place] for run in runs])
        for place, threshold in enumerate(thresholds[:MOST_MOVED])
    ]
    return tag("div", rows, class_="thresholds", role="group", aria_label=say("Thresholds"))


def said(threshold: SimulatedThreshold) -> str:
    """A threshold's metric, slice and bound, such as `auc on device=mobile, at least`."""
    return say(
        "{metric} on {slice}, {kind}",
        metric=threshold.metric,
        slice=say_known(threshold.slice_name),
        kind=say(threshold.kind),
    )


def table(rows: Sequence[Markup]) -> Markup:
    """The rows of runs with their header."""
    return listing(map(say, _COLUMNS), rows, say("Runs"), class_="slices")


def run_row(run: SimulatedRun, thresholds: Sequence[SimulatedThreshold], at: Sequence[float]) -> Markup:
    """A run with its verdict then and now, and the thresholds that it misses."""
    now = passes(thresholds, at, run)
    return tag(
        "tr",
        tag("th", tag("b", run.name), BREAK, tag("small", f"{run.when:%Y-%m-%d %H:%M} UTC"), scope="row"),
        tag("td", _verdict(run.blessed, (say("blessed"), say("not blessed"), say("there was none")))),
        tag("td", _verdict(now, (say("would pass"), say("would not pass"), say("not known")))),
        tag("td", _reasons(run, thresholds, at)),
    )


def missed(
    run: SimulatedRun, thresholds: Sequence[SimulatedThreshold], at: Sequence[float]
) -> Iterable[tuple[SimulatedThreshold, float, Decisive]]:
    """Yield the thresholds that a run misses, or for which that is not known."""
    for threshold, value, found in zip(thresholds, at, run.found, strict=True):
        if is_met(threshold, value, found) is not True:
            yield threshold, value, found


def reason(threshold: SimulatedThreshold, at: float, found: Decisive) -> str:
    """Why a threshold is not met."""
    where = say_known(found.slice or threshold.slice_name)
    if found.value is None:
        return say("{metric} on {slice}: {note}", metric=threshold.metric, slice=where, note=found.note)
    beside = say("above") if threshold.kind == AT_MOST else say("below")
    what = say("change of ") if threshold.kind.startswith("change") else ""
    return say(
        "{what}{metric} on {slice}: {value}, {beside} {at}",
        what=what,
        metric=threshold.metric,
        slice=where,
        value=number(found.value),
        beside=beside,
        at=number(at),
    )


def _reasons(
    run: SimulatedRun, thresholds: Sequence[SimulatedThreshold], at: Sequence[float]
) -> Markup | str:
    reasons = [reason(*each) for each in missed(run, thresholds, at)]
    if not reasons:
        return _closest(run, thresholds, at)
    more = len(reasons) - _NAMED
    lines = [tag("li", one) for one in reasons[:_NAMED]]
    return tag(
        "ul", lines, tag("li", say("and {number} more", number=more), class_="note") if more > 0 else None
    )


def _closest(run: SimulatedRun, thresholds: Sequence[SimulatedThreshold], at: Sequence[float]) -> str:
    margins = [
        (abs(found.value - value), threshold, found)
        for threshold, value, found in zip(thresholds, at, run.found, strict=True)
        if found.value is not None
    ]
    if not margins:
        return MISSING
    margin, threshold, found = min(margins, key=lambda each: each[0])
    return say(
        "closest by {margin}: {metric} on {slice}",
        margin=number(margin),
        metric=threshold.metric,
        slice=say_known(found.slice or threshold.slice_name),
    )


def _slider(place: int, threshold: SimulatedThreshold, found: Sequence[Decisive]) -> Markup:
    values = [one.value for one in found if one.value is not None and math.isfinite(one.value)]
    low, high = min([threshold.threshold, *values]), max([threshold.threshold, *values])
    room = (high - low) * 0.25 or max(abs(high), 0.1) * 0.25
    step = 10.0 ** math.floor(math.log10((high - low + 2 * room) / _STEPS))
    name = said(threshold)
    low, high = (round(math.floor(end / step) * step, _DIGITS) for end in (low - room, high + room + step))
    at = {"data_threshold": place, "value": threshold.threshold}
    return tag(
        "div",
        tag(
            "span",
            tag("b", threshold.metric),
            say(" on {slice}, {kind}", slice=say_known(threshold.slice_name), kind=say(threshold.kind)),
        ),
        tag(
            "input",
            type="range",
            min=low,
            max=high,
            step=f"{step:g}",
            aria_label=say("{name}, slider", name=name),
            **at,
        ),
        tag("input", type="number", step="any", aria_label=name, **at),
        tag("small", say("project: {threshold}", threshold=number(threshold.threshold))),
    )


def _verdict(verdict: bool | None, words: tuple[str, str, str]) -> Markup:
    passed, failed, unknown = words
    if verdict is None:
        return tag("span", f"? {unknown}")
    return tag("span", f"✓ {passed}", class_="good") if verdict else tag("span", f"✗ {failed}", class_="bad")
