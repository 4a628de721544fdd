"""What a project's experiment can be split by and judged on: derived from its columns before it starts."""

from __future__ import annotations

from kit.errors import ProjectError
from kit.monitoring.log import has_keys
from kit.project import Project
from kit.serving.experiments.config import ExperimentSettings
from kit.serving.headers import REQUEST_ID


def fitted(project: Project, settings: ExperimentSettings) -> ExperimentSettings:
    """Return settings that suit a project: what project.yml leaves open follows from its columns.

    A model whose requests name no user is split by requests. Clicks are judged if labels can be joined to predictions,
    and predictions to users.

    Raises:
        ProjectError: when project.yml asks for something that its columns do not allow.
    """
    said, file = settings.model_fields_set, project.folder / "project.yml"
    known = {REQUEST_ID, *project.columns, *_inputs(project)}
    unit = settings.unit if settings.unit in known or "unit" in said else REQUEST_ID
    if unit not in known:
        raise ProjectError(
            f"{file}: experiment.unit must be an input or a column, but {unit!r} is neither. Name one of "
            f"{', '.join(sorted(known))}."
        )
    can_click = unit != REQUEST_ID and has_keys(project)
    if settings.clicks and "clicks" in said and not can_click:
        raise ProjectError(
            f"{file}: experiment.clicks needs monitoring.keys, by which labels find their predictions, and a unit that "
            f"is a user, but the keys are {'known' if has_keys(project) else 'not known'} and the unit is {unit}. Name "
            "them, or set experiment.clicks to false."
        )
    return settings.model_copy(update={"unit": unit, "clicks": settings.clicks and can_click})


def _inputs(project: Project) -> set[str]:
    return {name for signature in project.spec.signatures.values() for name in signature.inputs}
