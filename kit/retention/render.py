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
    if done:
        in_use = [f"A workspace of a sweep stays: {why}" for plan in plans for why in plan.in_use]
        return "\n".join([*in_use, f"{count} results deleted, {size:,} bytes free."])
    if not size and not count:
        return "Everything is needed or recent: there is nothing to delete."
    return f"{count} results can be deleted, {size:,} bytes. Nothing was deleted: --yes deletes them."


def kept_lines(plan: Plan) -> Iterable[str]:
    """Return what stays and why, one line per reason."""
    for why, count in plan.kept.items():
        if count:
            yield f"1 artifact stays: {why}" if count == 1 else f"{count:,} artifacts stay: {why}"
    for why, count in plan.kept_points.items():
        yield f"1 point of a sweep stays: {why}" if count == 1 else f"{count:,} points of sweeps stay: {why}"
    if plan.trials.searches:
        yield (
            f"{len(plan.trials.kept):,} trials stay: of the newest {plan.trials.keep_searches} of "
            f"{plan.trials.searches} searches, or younger than the rule"
        )
    if plan.trials.pruned or plan.trials.rows:
        yield (
            f"{len(plan.trials.pruned):,} trials keep only their results; of event files, logs, checkpoints and drawn "
            f"rows {plan.trials.size_bytes:,} bytes are not needed"
        )
    if plan.elsewhere:
        yield f"{plan.elsewhere:,} artifacts lie outside of this workspace and are left alone"


def item_row(item: Item) -> tuple[str, ...]:
    """Return the cells of a table."""
    return item.what, item.name, f"{item.days:.0f}", f"{item.size:,}", str(item.folder)
