"""A lineage as lines of text for a terminal, and as one JSON object for programs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from kit.data.data_file import FILES, files_of
from kit.lineage.compare import metrics_of
from kit.lineage.graph import Node
from kit.lineage.pushes import Push
from kit.lineage.query import Lineage
from kit.steps.origin import COMMIT, HOST, RUN, USER
from kit.texts import shorten

if TYPE_CHECKING:
    from kit.lineage.answers import Answer


_LETTERS = 60  # of a parameter; JSON has all
_EMPTY = frozenset({"", "None", "null", "{}", "[]"})
_ANSWERS = 3  # to a request
_PARAMETERS = 8  # of a step, likewise


def with_metrics(lineage: Lineage) -> Lineage:
    """Return the same with the metrics of its executions' outputs; reading them imports TensorFlow."""
    runs = [node.key for node in lineage.graph.nodes.values() if node.kind == "execution"]
    found = {run: metrics for run in runs if (metrics := metrics_of(lineage.graph, run))}
    return replace(lineage, metrics=found)


def as_json(lineage: Lineage) -> str:
    """Return everything: the subject, the nodes up- and downstream, the edges between them, and the pushes."""
    graph = lineage.graph
    content: dict[str, Any] = {
        "subject": asdict(lineage.subject) | {"nodes": list(lineage.own)},
        "nodes": [asdict(graph.nodes[key]) for key in lineage.own if key in graph.nodes],
        "upstream": [asdict(node) for node in graph.nodes.values() if node.key in lineage.upstream],
        "downstream": [asdict(node) for node in graph.nodes.values() if node.key in lineage.downstream],
        "edges": [asdict(edge) for edge in graph.edges],
        "pushes": [asdict(push) for push in lineage.pushes],
        "predictions": [asdict(one) for one in lineage.predictions],
        "metrics": lineage.metrics,
        "linked only by a baseline": lineage.behind,
    }
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain)


def as_text(lineage: Lineage) -> str:
    """Return what a person wants to know first; JSON has every parameter."""
    nodes = lineage.graph.nodes
    lines = [headline(lineage)]
    for heading, keys in (
        ("It is", set(lineage.own)),
        ("Upstream: what it comes from", lineage.upstream),
        ("Downstream: what comes from it", lineage.downstream),
    ):
        found = [node for node in nodes.values() if node.key in keys]
        if found:
            lines += ["", f"{heading} ({len(found)})"]
            lines += [line for node in found for line in _node_lines(lineage, node)]
    if lineage.behind:
        lines += ["", f"And {lineage.behind:,} more that are linked only by a baseline: --all shows them."]
    return "\n".join(lines)


def headline(lineage: Lineage) -> str:
    """Return what was asked about, which version answered, the fate of the versions, and how much they answered."""
    lines = [f"{lineage.subject.kind} {lineage.subject.name}"]
    lines += _answer_lines(lineage.subject.answers)
    # A version whose push ran twice is in ML Metadata twice.
    return "\n".join(
        [*lines, *dict.fromkeys("\n".join(_push_lines(push, lineage)) for push in lineage.pushes)]
    )


def _answer_lines(answers: Sequence[Answer]) -> Iterator[str]:
    """Yield one line per version and time, with the first few answers: a request may have many rows."""
    rows: dict[Answer, list[str]] = {}
    for answer in answers:
        rows.setdefault(replace(answer, said=""), []).append(answer.said)
    for answer, said in rows.items():
        more = f" and {len(said) - _ANSWERS} more" if len(said) > _ANSWERS else ""
        yield f"  answered {replace(answer, said=', '.join(filter(None, said[:_ANSWERS])) + more)}"


def _push_lines(push: Push, lineage: Lineage) -> Iterator[str]:
    verdicts = [f"gates: {push.gates or 'not known'}", f"infra check: {push.infra or 'not known'}"]
    if push.override:
        verdicts.append(f"gates overridden by {push.override}")
    yield f"  version {push.version} of {push.project} ({push.state}); {'; '.join(verdicts)}"
    served = [str(time) for time in push.served]
    yield (
        f"    served {', '.join(served)}"
        if served
        else "    never the version that answers, by what was recorded"
    )
    for one in lineage.predictions:
        if (one.project, one.version) == (push.project, push.version):
            what = "requests through the gateway" if one.log == "gateway" else "rows that monitoring has"
            yield f"    answered {one.count:,} {what}, {one.first:%Y-%m-%d %H:%M} to {one.last:%Y-%m-%d %H:%M} UTC"


def _node_lines(lineage: Lineage, node: Node) -> Iterator[str]:
    graph = lineage.graph
    if node.kind == "artifact":
        yield f"  {node.key:<15}{node.type}, {node.state}  {node.uri}"
        return
    began = f"{dt.datetime.fromtimestamp(node.began, dt.UTC):%Y-%m-%d %H:%M:%S} UTC" if node.began else ""
    yield f"  {node.key:<15}{node.name}, {node.state}  {began}{_where(node)}"
    taken = ", ".join(f"{name} {key.split()[1]}" for key, name in graph.inputs(node.key).items())
    made = ", ".join(f"{name} {key.split()[1]}" for key, name in graph.outputs(node.key).items())
    yield f"    took {taken or 'no artifacts'}; made {made or 'none'}"
    for file in files_of(node.properties):
        yield f"    file {file.path}, sha256 {file.sha256}"
    told = [(name, value) for name, value in node.properties.items() if name != FILES and value not in _EMPTY]
    for name, value in told[:_PARAMETERS]:
        yield f"    {name} = {shorten(value, _LETTERS)}"
    if len(told) > _PARAMETERS:
        yield f"    and more parameters: {len(told) - _PARAMETERS}"
    if metrics := lineage.metrics.get(node.key):
        yield f"    {', '.join(f'{name} {value}' for name, value in metrics.items())}"


def _where(node: Node) -> str:
    said = {"on": HOST, "by": USER, "in run": RUN, "with code": COMMIT}
    return "".join(f", {word} {node.origin[key]}" for word, key in said.items() if key in node.origin)


def _plain(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise TypeError(value)
