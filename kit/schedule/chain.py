"""The notebooks of a schedule, planned as a run would, and the secrets that a scheduler has to give them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from kit.batch.plan import PlannedNotebook, choose_notebooks, plan_chain, secret_variables
from kit.project import Project
from kit.projects import SAMPLE
from kit.schedule.schedule import Schedule
from kit.secret import PREFIX, file_variable_of


def planned(schedule: Schedule, workspace: Path) -> list[PlannedNotebook]:
    """Return the notebooks with their parameters, for the time when the schedule was made.

    Raises:
        UsageError: when a notebook or parameter is not valid.
    """
    notebooks = choose_notebooks(schedule.notebooks)
    return plan_chain(notebooks, schedule.given(schedule.created), {"workspace": str(workspace)})


def project_of(schedule: Schedule, workspace: Path) -> Project:
    """Return the project that the notebooks are about.

    Raises:
        ProjectError: when there is no such project, or its project.yml is not valid.
    """
    return Project.load(str(schedule.given(schedule.created).get("project_name") or SAMPLE), workspace)


def secrets_to_add(schedule: Schedule, plan: Iterable[PlannedNotebook], workspace: Path, where: str) -> str:
    """Return comments that say which secrets a scheduler has to give; empty where the chain needs none.

    Args:
        schedule: the schedule whose project sends alerts.
        plan: its notebooks, which declare secrets.
        workspace: the workspace where the project is looked up.
        where: the place where the scheduler has its variables.
    """
    variables = secret_variables(plan, project_of(schedule, workspace).spec.alerts.variables)
    return "".join(
        f"# {where}: {name}{_or_file(name)}{'' if required else ' (optional)'}.\n"
        for name, required in variables.items()
    )


def _or_file(variable: str) -> str:
    """Say that a notebook's secret may also come from a file; secrets of alerts may not."""
    if not variable.startswith(PREFIX):
        return ""
    return f", or {file_variable_of(variable.removeprefix(PREFIX))} with the path of a file that holds it"
