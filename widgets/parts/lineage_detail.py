"""What is known about one node of a lineage, and two runs of one component side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from widgets.parts import controls
from widgets.parts.formats import MISSING, count, moment, number, shorten
from widgets.parts.language import marked, say
from widgets.parts.lineage_picture import number_of
from widgets.parts.markup import Child, Markup, join, tag
from widgets.parts.tables import scrollable
from widgets.values.lineage import Difference, Graph, Node

LETTERS = 240  # of a value
_PROPERTIES, _NEIGHBOURS, _RUNS, _DIFFERENCES = 40, 20, 100, 60  # shown at once
_KINDS = {"execution": marked("an execution"), "artifact": marked("an artifact")}
_STATES = (  # of executions, and of artifacts, in ML Metadata
    *(marked("unknown"), marked("new"), marked("running"), marked("complete"), marked("failed")),
    *(marked("cached"), marked("canceled"), marked("pending"), marked("live"), marked("marked_for_deletion")),
    *(marked("deleted"), marked("abandoned"), marked("reference")),
)
_PARTS = {"parameter": marked("Parameter"), "input": marked("Input"), "metric": marked("Metric")}


def title(node: Node) -> str:
    return f"{node.name} {number_of(node)}"


def facts(node: Node) -> Markup:
    """State, time, folder, where and by what code it ran, and properties, as a table of two columns."""
    told = {
        say("Kind"): f"{say(_KINDS[node.kind])}, {node.type}",
        say("State"): say(node.state),
        say("Project"): node.project,
        say("Began") if node.kind == "execution" else say("Made"): moment(node.began) if node.began else "",
        say("Time"): _duration(node),
        say("Folder"): node.uri,
        **{say("Origin: {name}", name=name.replace("_", " ")): value for name, value in node.origin.items()},
    }
    rows = [_row(name, value) for name, value in told.items() if value]
    rows += [_row(name, value) for name, value in list(node.properties.items())[:_PROPERTIES]]
    left_out = len(node.properties) - _PROPERTIES
    more = (
        tag("p", f"{count(left_out, 'more property', 'more properties')}", class_="note")
        if left_out > 0
        else None
    )
    table = tag("table", tag("tbody", rows), class_="facts")
    return join(
        [
            scrollable(table, say("Properties"), class_="kit-scroll-x"),
            more,
        ]
    )


def neighbours(graph: Graph, key: str, *, live: bool) -> Markup:
    """The direct neighbours of a node; in the live face, buttons that lead there."""
    node = graph.nodes[key]
    before, after = (
        (say("Took"), say("Made")) if node.kind == "execution" else (say("Made by"), say("Taken by"))
    )
    return join(
        [
            _listed(before, graph, graph.inputs(key), live=live),
            _listed(after, graph, graph.outputs(key), live=live),
        ]
    )


def run_choice(graph: Graph, key: str, other: str) -> Markup | None:
    """A list of the other runs of the same component to compare with; None where there are none."""
    runs = graph.runs_like(key)[:_RUNS]
    if not runs:
        return None
    options = [tag("option", say("no other run"), value="", selected=not other)]
    options += [tag("option", _run(graph.nodes[run]), value=run, selected=run == other) for run in runs]
    select = tag("select", options, data_trait="other", data_key="other")
    return tag("p", tag("label", say("Compare with "), select), class_="compare-with")


def comparison(first: Node, second: Node, differences: Sequence[Difference]) -> Markup:
    """What differs between two runs, and what does not, folded away."""
    differing = [one for one in differences if one.differs]
    same = [one for one in differences if not one.differs]
    heads = ("", title(first), title(second))
    caption = say("{differences} between two runs", differences=count(len(differing), "difference"))
    equal = _compared(heads, same, say("The same in both")) if same else None
    summary = tag("summary", say("{number} the same in both", number=number(len(same))))
    return join(
        [
            _compared(heads, differing, caption)
            if differing
            else tag("p", say("✓ Nothing differs."), class_="good"),
            tag("details", summary, equal) if equal else None,
        ]
    )


def _row(name: str, value: str) -> Markup:
    return tag("tr", tag("th", shorten(name, LETTERS), scope="row"), tag("td", shorten(value, LETTERS)))


def _duration(node: Node) -> str:
    if node.kind != "execution" or node.began is None or node.ended is None:
        return ""
    return f"{node.ended - node.began:.1f} s"


def _listed(words: str, graph: Graph, keys: Mapping[str, str], *, live: bool) -> Markup | None:
    if not keys:
        return None
    names = [(key, title(graph.nodes[key])) for key in list(keys)[:_NEIGHBOURS]]
    places: list[Child] = (
        [controls.button("chosen", key, name, key=f"go {key}", class_="link") for key, name in names]
        if live
        else [join([name for _, name in names], ", ")]
    )
    more = (
        say(" and {number} more", number=number(len(keys) - _NEIGHBOURS)) if len(keys) > _NEIGHBOURS else ""
    )
    return tag("p", tag("span", f"{words} ", class_="note"), places, more)


def _run(node: Node) -> str:
    return f"{title(node)}, {moment(node.began) if node.began else MISSING}, {say(node.state)}"


def _compared(heads: Sequence[str], rows: Sequence[Difference], caption: str) -> Markup:
    head = tag("tr", [tag("th", text, scope="col") if text else tag("td") for text in heads])
    body = [
        tag(
            "tr",
            tag("th", tag("small", say(_PARTS[row.part])), " ", shorten(row.name, LETTERS), scope="row"),
            tag("td", shorten(row.first, LETTERS)),
            tag("td", shorten(row.second, LETTERS)),
        )
        for row in rows[:_DIFFERENCES]
    ]
    more = say(" (the first {listed})", listed=_DIFFERENCES) if len(rows) > _DIFFERENCES else ""
    table = tag(
        "table", tag("caption", f"{caption}{more}"), tag("thead", head), tag("tbody", body), class_="facts"
    )
    return scrollable(table, caption, class_="kit-scroll-x")
