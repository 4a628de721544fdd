"""Everything up- and downstream of a node, and the fate of the models on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kit.errors import StepOrderError
from kit.lineage.graph import Graph, key_of
from kit.lineage.predictions import Predictions, count_predictions
from kit.lineage.pushes import Push, find_pushes
from kit.lineage.store import Store, opened
from kit.lineage.subjects import Subject, find_subject
from kit.lineage.walk import Direction
from kit.workspace import Workspace

Directions = Literal["upstream", "downstream", "both"]


@dataclass(frozen=True)
class Lineage:
    """The answer to one question.

    Attributes:
        subject: what was asked about.
        graph: the graph of all that was reached, with the subject's own nodes.
        own: the keys of the subject's own nodes.
        upstream: keys of what it comes from; empty when nobody asked.
        downstream: keys of what comes from it; likewise.
        pushes: the pushed versions among all of them, the oldest first.
        predictions: what the pushed versions among its own and downstream nodes have answered.
        behind: how many more nodes are related only through models that were compared with each other.
        metrics: the metrics of the outputs of executions, by their keys; empty when nobody asked.
    """

    subject: Subject
    graph: Graph
    own: tuple[str, ...]
    upstream: frozenset[str]
    downstream: frozenset[str]
    pushes: tuple[Push, ...]
    predictions: tuple[Predictions, ...] = ()
    behind: int = 0
    metrics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The newest pushed version in it, as `project/number`.

        Raises:
            StepOrderError: when nothing in it was pushed.
        """
        if not self.pushes:
            raise StepOrderError(
                f"A version of {self.subject.name} must have been pushed, but nothing was. Run 05_release first, or "
                "choose a version."
            )
        return f"{self.pushes[-1].project}/{self.pushes[-1].version}"


def trace(
    workspace: Workspace, name: str, directions: Directions = "both", *, baselines: bool = False
) -> Lineage:
    """Return everything up- and downstream of a name.

    Args:
        workspace: the workspace to look in.
        name: see `kit.lineage.subjects.find_subject`.
        directions: what is asked for.
        baselines: also what is there only because one model was compared with another: what the baseline was made of,
            and the verdicts on models that were compared with this one. Otherwise the baseline itself is there, and the
            others are counted.

    Raises:
        StepOrderError: when nothing has run in the workspace.
        SubjectError: when the name means nothing there, or several things.
    """
    with opened(workspace) as store:
        if store is None:
            raise StepOrderError(
                f"Lineage is of what has run, but nothing has in {workspace.path}. Run the notebooks first: kit run."
            )
        subject = find_subject(workspace, store, name)
        own = set(subject.nodes)
        up = (
            _walked(store, own, "upstream", baselines=baselines) if directions != "downstream" else set[int]()
        )
        down = (
            _walked(store, own, "downstream", baselines=baselines) if directions != "upstream" else set[int]()
        )
        graph = store.graph(own | up | down)
        pushes = find_pushes(workspace, store, graph)
        behind = 0 if baselines else _behind(store, own, up, down)
    subjects, upstream, downstream = (frozenset(map(key_of, nodes)) for nodes in (own, up, down))
    asked = directions != "upstream" and subject.kind != "request"
    versions = {
        (push.project, push.version) for push in pushes if asked and push.key in subjects | downstream
    }
    predictions = count_predictions(workspace, versions)
    own_keys = tuple(map(key_of, subject.nodes))
    return Lineage(subject, graph, own_keys, upstream, downstream, pushes, predictions, behind)


def _walked(store: Store, own: set[int], direction: Direction, baselines: bool) -> set[int]:
    found = store.walk(own, direction, baselines=baselines)
    if direction == "upstream":
        # Other outputs of a step say something about it too, such as the evaluation beside the blessing.
        found |= store.made_by({node for node in found - own if node < 0}) | store.baselines_of(found)
    return found - own


def _behind(store: Store, own: set[int], up: set[int], down: set[int]) -> int:
    """Return only counts: reading the properties of thousands of nodes would take a second."""
    whole = set[int]()
    whole |= _walked(store, own, "upstream", baselines=True) if up else set()
    whole |= _walked(store, own, "downstream", baselines=True) if down else set()
    return len(whole - up - down)
