"""Defaults for lineage questions: the last answered request, the last push, the last two trainings."""

from __future__ import annotations

from kit.lineage.answers import latest_request
from kit.lineage.read import read_graph
from kit.lineage.why import why
from kit.release.pushed_model import VERSION
from kit.session import Session
from kit.workspace import Workspace


def latest_subject(session: Session) -> str:
    """Return the name of the latest request in monitoring; if nothing was served, that of the pushed version.

    Raises:
        StepOrderError: when nothing was pushed.
    """
    pushed = session.latest("Pusher", "pushed_model").get_string_custom_property(VERSION)
    request = latest_request(session.workspace, session.project)
    return f"request:{request}" if request else f"version:{session.project.name}/{pushed}"


def latest_trainings(workspace: Workspace, project: str) -> list[str]:
    """Return the keys of the trainings that made a model and did not come from the cache, the earliest first."""
    nodes = read_graph(workspace, project).nodes.values()
    return [node.key for node in nodes if node.name == "Trainer" and node.state == "complete"]


def why_latest(workspace: Workspace, project: str, first: str = "", second: str = "") -> str:
    """Say why two runs differ.

    Args:
        workspace: the workspace where the runs are recorded.
        project: the name of the project whose trainings are compared when no run is named.
        first: one run; by default the last training but one.
        second: the other run; by default the last training.

    Raises:
        SubjectError: when a name means nothing, or several things.
        NothingToCompareError: when they have no step in common.
    """
    trainings = [] if first and second else latest_trainings(workspace, project)
    first = first or next(iter(trainings[-2:-1]), "")
    second = second or next(iter(trainings[-1:]), "")
    if first and second:
        return why(workspace, first, second).in_words()
    return "One model has been trained so far. Train again with another seed to see here what differs."
