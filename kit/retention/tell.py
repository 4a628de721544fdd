"""A plan in words and rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kit.retention.plan import Item, Plan

HEADER = ("what", "name", "days old", "bytes", "folder")


def told(plans: Sequence[Plan], *, done: bool) -> str:
    """Return the last line for a person: how much, and what to do."""
    size = sum(plan.size for plan in plans)
    count = sum(len(plan.items) for plan in plans)
    if done:
        return f"{count} results deleted, {size:,} bytes free."
    if not size and not count:
        return "Everything is needed or young: there is nothing to delete."
    return f"{count} results can go, {size:,} bytes. Nothing was deleted: --yes deletes them."


def kept_lines(plan: Plan) -> Iterable[str]:
    """Return what stays and why, a line a reason."""
    for why, count in plan.kept.items():
        if count:
            yield f"1 artifact stays: {why}" if count == 1 else f"{count:,} artifacts stay: {why}"
    if plan.elsewhere:
        yield f"{plan.elsewhere:,} artifacts lie outside of this workspace and are left alone"


def item_row(item: Item) -> tuple[str, ...]:
    """Return the cells of a table."""
    return item.what, item.name, f"{item.days:.0f}", f"{item.size:,}", str(item.folder)
