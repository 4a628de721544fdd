"""Everything up- and downstream of something, with what became of the models on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from kit.errors import StepOrderError
from kit.lineage.graph import Graph, key_of
from kit.lineage.pushes import Push, find_pushes
from kit.lineage.store import opened
from kit.lineage.subjects import Subject, find_subject
from kit.workspace import Workspace

Ways = Literal["upstream", "downstream", "both"]

BASELINE = "baseline_model"  # the input by which one model's chain is joined to that of the model before it


@dataclass(frozen=True)
class Lineage:
    """The answer to one question.

    Attributes:
        subject: what was asked about.
        graph: of all that was reached, with the subject's own nodes.
        own: keys of those.
        upstream: keys of what it comes from; empty when nobody asked.
        downstream: keys of what comes from it; the same.
        pushes: the pushed versions among all of them, the oldest first.
        metrics: of what executions made, by their keys; empty when nobody asked.
    """

    subject: Subject
    graph: Graph
    own: tuple[str, ...]
    upstream: frozenset[str]
    downstream: frozenset[str]
    pushes: tuple[Push, ...]
    metrics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """The newest pushed version in it, as `project/number`.

        Raises:
            StepOrderError: when nothing in it was pushed.
        """
        if not self.pushes:
            raise StepOrderError(
                f"Something of {self.subject.name} must have been pushed, but nothing was. Run 05_release first, or "
                "choose a version."
            )
        return f"{self.pushes[-1].project}/{self.pushes[-1].version}"

    def own_chain(self) -> set[str]:
        """Return the keys upstream that are not there only because a model was judged against a baseline."""
        found, waiting = set[str](), list(self.own)
        while waiting:
            here = waiting.pop()
            for source, name in self.graph.inputs(here).items():
                if source in self.upstream and source not in found:
                    found.add(source)
                    if name != BASELINE:
                        waiting.append(source)
        made = {key for run in found if run.startswith("execution") for key in self.graph.outputs(run)}
        return (found | (made & self.upstream)) - set(self.own)


def trace(workspace: Workspace, name: str, ways: Ways = "both") -> Lineage:
    """Return everything up- and downstream of a name.

    Args:
        workspace: where it is.
        name: see `kit.lineage.subjects.find_subject`.
        ways: what is asked for.

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
        up = store.walk(own, "upstream") - own if ways != "downstream" else set[int]()
        down = store.walk(own, "downstream") - own if ways != "upstream" else set[int]()
        # What a step made beside what was asked about tells of it too, such as the evaluation beside the blessing.
        up |= store.made_by({node for node in up if node < 0}) - own
        graph = store.graph(own | up | down)
        pushes = find_pushes(workspace, store, graph)
    upstream, downstream = (frozenset(map(key_of, nodes)) for nodes in (up, down))
    return Lineage(subject, graph, tuple(map(key_of, subject.nodes)), upstream, downstream, pushes)
