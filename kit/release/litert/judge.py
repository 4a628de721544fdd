"""Whether the variant that is meant for use loses no more than project.yml allows."""

from __future__ import annotations

from collections.abc import Sequence

from kit.errors import InfraCheckError
from kit.project.file import Task
from kit.release.litert.config import LiteRT
from kit.release.litert.measure import QUALITY, Measured


def judge(measured: Sequence[Measured], settings: LiteRT, task: Task) -> str:
    """Return one sentence about the variant that is meant for use.

    Args:
        measured: the measurements of all variants.
        settings: the settings with the variant and its limit.
        task: the task of the project.

    Raises:
        InfraCheckError: when there is no such file, or it loses more than the limit on all rows or on a slice.
    """
    one = next(one for one in measured if one.variant == settings.variant)
    if one.refused:
        raise InfraCheckError(f"{one.refused} Or name another variant under release.litert in project.yml.")
    what, limit = QUALITY[task], settings.max_auc_loss
    if one.lost is None:
        raise InfraCheckError(
            f"What the LiteRT variant {one.variant} loses of {what} must be known, but the evaluation split has none: "
            "its label never differs. Evaluate on rows of which it does."
        )
    losses = {"all rows": one.lost, one.worst_slice: one.worst_lost}
    said = [f"{lost:z.4f} on {where}" for where, lost in losses.items() if lost is not None and where]
    if any(lost is not None and lost > limit for lost in losses.values()):
        kept = [
            other.variant
            for other in measured
            if other.variant != one.variant and other.bytes and _most_lost(other) <= limit
        ]
        raise InfraCheckError(
            f"The LiteRT variant {one.variant} may lose {limit:g} of {what} (release.litert.max_auc_loss), but loses "
            f"{', '.join(said)}. Use another variant ({', '.join(kept) or 'none of them'} keeps the limit), or raise "
            "it in project.yml."
        )
    return (
        f"The LiteRT variant {one.variant} has {(one.bytes or 0) / 1e3:,.1f} kB and loses {', '.join(said)} of {what}; "
        f"{limit:g} is allowed."
    )


def _most_lost(one: Measured) -> float:
    return max((lost for lost in (one.lost, one.worst_lost) if lost is not None), default=0.0)
