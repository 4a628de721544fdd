"""The notebooks of a schedule, planned as a run would, and the secrets that a scheduler has to give them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kit.batch.plan import PlannedNotebook, choose_notebooks, plan_chain, secrets_of
from kit.schedule.schedule import Schedule
from kit.secret import file_variable_of, variable_of


def planned(schedule: Schedule, workspace: Path) -> list[PlannedNotebook]:
    """Return the notebooks with what they are given, for the time when the schedule was made.

    Raises:
        UsageError: when a notebook or parameter is not valid.
    """
    notebooks = choose_notebooks(schedule.notebooks)
    return plan_chain(notebooks, schedule.given(schedule.created), {"workspace": str(workspace)})


def secrets_to_add(plan: Iterable[PlannedNotebook], where: str) -> str:
    """Return comments that say which secrets a scheduler has to give; empty where no notebook takes any.

    Args:
        plan: the notebooks, which declare them.
        where: in which place the scheduler has its variables.
    """
    return "".join(
        f"# {where}: {variable_of(name)}, or {file_variable_of(name)} with the path of a file that holds it"
        f"{'' if required else ' (optional)'}.\n"
        for name, required in secrets_of(plan).items()
    )
