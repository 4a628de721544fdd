"""Defaults for lineage questions: the last answered request, the last push, the last two trainings."""

from __future__ import annotations

from kit.lineage.answers import latest_request
from kit.lineage.read import read_graph
from kit.lineage.why import why
from kit.session import Session
from kit.workspace import Workspace


def latest_subject(session: Session) -> str:
    """Return the name of the latest request that monitoring has; where nothing was served, of the pushed version.

    Raises:
        StepOrderError: when nothing was pushed.
    """
    pushed = session.latest("Pusher", "pushed_model").get_string_custom_property("pushed_version")
    request = latest_request(session.workspace, session.project)
    return f"request:{request}" if request else f"version:{session.project.name}/{pushed}"


def latest_pair(workspace: Workspace, project: str) -> tuple[str, str] | None:
    """Return the keys of the last two trainings that made a model, the earlier first; None: there are no two yet."""
    trainings = [
        node.key
        for node in read_graph(workspace, project).nodes.values()
        if node.name == "Trainer" and node.state == "complete"
    ]
    return (trainings[-2], trainings[-1]) if len(trainings) > 1 else None


def why_latest(workspace: Workspace, project: str, first: str = "", second: str = "") -> str:
    """Say why two runs differ, by default the last two trainings.

    Raises:
        SubjectError: when a name means nothing, or several things.
        NothingToCompareError: when they have no step in common.
    """
    pair = (first, second) if first and second else latest_pair(workspace, project)
    if pair is None:
        return "One model has been trained so far. Train again with another seed to see here what differs."
    return why(workspace, *pair).in_words()
