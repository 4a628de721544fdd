"""Propose drift thresholds from history: how far each feature moves from day to day when nothing is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import yaml

from kit.checks.distances import Statistics
from kit.checks.drift import Moved, compare
from kit.errors import InputDataError, ProjectError
from kit.project import Project
from kit.project.read import read_project_text
from kit.workspace import write_atomically
from kit.yaml_edit import with_value

FEWEST_SPANS = 3
_LEAST = 0.02  # a change below this has never mattered
_MARGIN = 1.5  # times the farthest seen
_SECTION = ("checks", "drift")


@dataclass(frozen=True)
class Proposal:
    """The threshold of one feature.

    Attributes:
        feature: its name.
        measure: as TFDV measures it.
        usual: the median of the distances in the history.
        farthest: the largest of them.
        beyond_chance: the largest of them less what chance explains.
        now: the threshold that project.yml has.
        threshold: the proposed threshold; what chance explains is allowed on top.
    """

    feature: str
    measure: str
    usual: float
    farthest: float
    beyond_chance: float
    now: float
    threshold: float


def propose(project: Project, history: Sequence[Statistics]) -> list[Proposal]:
    """Propose a threshold for each feature: 1.5 times the farthest it ever went beyond chance, and at least 0.02.

    Each span is compared with the one before it and with the first of all, as the checks compare them.

    Args:
        project: the project whose features they are.
        history: statistics of spans without faults, oldest first.

    Raises:
        InputDataError: when there are too few spans to say what is usual.
    """
    if len(history) < FEWEST_SPANS:
        raise InputDataError(
            f"What is usual is seen in {FEWEST_SPANS} spans or more, but there are {len(history)}. Name more spans, or "
            "wait until they are delivered."
        )
    pairs = [*pairwise(history), *((history[0], later) for later in history[2:])]
    moved: dict[str, list[Moved]] = {}
    for before, now in pairs:
        for one in compare(project, before, now, looks=len(pairs)):
            moved.setdefault(one.distance.feature, []).append(one)
    return [_proposal(feature, several) for feature, several in moved.items()]


def write(project: Project, proposals: Sequence[Proposal]) -> Path:
    """Write the thresholds into project.yml, and leave all else as it is, comments included.

    Raises:
        ProjectError: when the project is built in, or the file cannot be changed so that it reads well; nothing is
            written then, and the message says what to write by hand.
    """
    file = project.folder / "project.yml"
    found = {one.feature: one.threshold for one in proposals}
    by_hand = yaml.safe_dump({"checks": {"drift": {"features": found}}}, sort_keys=False, allow_unicode=True)
    if project.is_built_in:
        raise ProjectError(
            f"Thresholds are written into a project of your own, but {project.name} is built in: the next installation "
            f"would replace its project.yml. Copy {project.folder} under another name, or keep its thresholds."
        )
    try:
        text = _written(file.read_text(encoding="utf-8"), project, found)
        _require_same_but_for(text, project, found)
    except (ValueError, ProjectError) as error:
        raise ProjectError(
            f"{file} must take the thresholds, but they could not be added automatically: {error}. Write there:\n"
            f"{by_hand}"
        ) from None
    write_atomically(file, text)
    return file


def _proposal(feature: str, moved: Sequence[Moved]) -> Proposal:
    values, beyond = [one.distance.value for one in moved], max(one.excess for one in moved)
    threshold = min(max(_LEAST, math.ceil(100 * _MARGIN * beyond) / 100), 1.0)
    return Proposal(
        feature, moved[0].distance.measure, median(values), max(values), beyond, moved[0].threshold, threshold
    )


def _written(text: str, project: Project, found: dict[str, float]) -> str:
    content = yaml.safe_load(text)
    drift = (content.get("checks") or {}).get("drift")
    # `drift: warn`, which YAML reads as a text, or off as False
    if drift is not None and not isinstance(drift, dict):
        severity = project.spec.checks.drift.severity
        return with_value(text, _SECTION, {"severity": severity, "features": found})
    if not (drift or {}).get("features"):
        return with_value(text, (*_SECTION, "features"), found)
    for feature, threshold in found.items():
        text = with_value(text, (*_SECTION, "features", feature), threshold)
    return text


def _require_same_but_for(text: str, project: Project, found: dict[str, float]) -> None:
    """Refuse a text that changes anything else.

    Raises:
        ProjectError: when it is not a project.
        ValueError: when it says something else.
    """
    before = project.spec.checks
    drift = before.drift.model_copy(update={"features": {**before.drift.features, **found}})
    checks = before.model_copy(update={"drift": drift})
    if read_project_text(text) != project.spec.model_copy(update={"checks": checks}):
        raise ValueError("the file would say something else")
