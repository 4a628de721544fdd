"""A collection plan as sentences and table rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.retention.item import Item
from kit.retention.plan import Plan

HEADER = ("what", "name", "days old", "bytes", "folder")


def told(plans: Sequence[Plan], *, done: bool) -> str:
    """Return the last lines for a person: what stayed since it was in use, how much went or can go, and what to do."""
    size = sum(plan.size for plan in plans)
    count = sum(plan.count for plan in plans)
    results = "1 result" if count == 1 else f"{count} results"
    if done:
        in_use = [f"A workspace of a sweep stays: {why}" for plan in plans for why in plan.in_use]
        return "\n".join([*in_use, f"{results} deleted, {size:,} bytes free."])
    if not size and not count:
        return "Everything is needed or recent: there is nothing to delete."
    return f"{results} can be deleted, {size:,} bytes. Nothing was deleted: --yes does that."


def kept_lines(plan: Plan) -> Iterable[str]:
    """Return what stays and why, one line per reason."""
    for why, count in plan.kept.items():
        if count:
            yield f"1 artifact stays: {why}" if count == 1 else f"{count:,} artifacts stay: {why}"
    for why, count in plan.kept_points.items():
        yield f"1 point of a sweep stays: {why}" if count == 1 else f"{count:,} points of sweeps stay: {why}"
    if plan.trials.searches:
        trials = "1 trial stays" if len(plan.trials.kept) == 1 else f"{len(plan.trials.kept):,} trials stay"
        yield (
            f"{trials}: of the newest {plan.trials.keep_searches} of all searches ({plan.trials.searches}), or younger "
            "than the rule"
        )
    if plan.trials.pruned or plan.trials.rows:
        pruned = len(plan.trials.pruned)
        trials = (
            "1 trial keeps only its results" if pruned == 1 else f"{pruned:,} trials keep only their results"
        )
        yield (
            f"{trials}; of event files, logs, checkpoints and drawn rows {plan.trials.size_bytes:,} bytes are not "
            "needed"
        )
    if plan.elsewhere:
        lie = "1 artifact lies" if plan.elsewhere == 1 else f"{plan.elsewhere:,} artifacts lie"
        yield f"{lie} outside of this workspace, left alone"


def item_row(item: Item) -> tuple[str, ...]:
    """Return the cells of a table."""
    return item.what, item.name, f"{item.days:.0f}", f"{item.size:,}", str(item.folder)
