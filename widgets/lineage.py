"""Lineage: a navigable graph of artifacts and executions, and two runs of a step compared."""

from __future__ import annotations

from functools import partial
from typing import Any

import traitlets

from widgets.face import room
from widgets.paged_view import SearchedView
from widgets.parts import controls
from widgets.parts.budget import fit, left_out_note
from widgets.parts.formats import count, found_of, number
from widgets.parts.language import marked, say, say_each
from widgets.parts.lineage_detail import comparison, facts, neighbours, run_choice, title
from widgets.parts.lineage_picture import Picture, edges_among
from widgets.parts.lineage_rows import cells, legend, table, zooms
from widgets.parts.markup import Markup, join, tag
from widgets.parts.modules import extended, script, source, styles
from widgets.parts.tables import scrollable
from widgets.values.lineage import Compare, Graph, Node

_STATIC_NODES = 120  # in the picture of a static face; more would not be readable on a page
_STATIC_ROWS = 300  # that a static face tries to hold
_HEAD_BYTES = 60_000  # of a static face without its rows, but with the picture
_NAMED = 3  # executions named by the text face
_DIRECTIONS = {
    "both": marked("upstream and downstream"),
    "upstream": marked("upstream"),
    "downstream": marked("downstream"),
}
_KEYS = marked(
    "Arrow keys walk along the lines, + and - zoom, 0 shows all; or drag, and turn the wheel with Ctrl."
)


class Lineage(SearchedView):
    """Shows a graph of artifacts and executions.

    Args:
        graph: the nodes and edges.
        compare: compares two runs of one component; None: they cannot be compared here.
        state: traits to begin with, such as `chosen="execution 12"`.
    """

    title = "Lineage"
    page_rows = 10
    _esm = extended(script("view.js"), "lineage/picture.js")
    _css = styles("lineage/lineage.css")

    direction = traitlets.Enum(list(_DIRECTIONS), "both", help="what is highlighted").tag(
        sync=True, redraw=True
    )
    chosen = traitlets.Unicode(help="key of the chosen node").tag(sync=True, redraw=True)
    other = traitlets.Unicode(help="key of the run that it is compared with").tag(sync=True, redraw=True)
    picture = traitlets.Unicode(help="SVG of the graph, drawn once").tag(sync=True)
    picked = traitlets.Int(-1, help="number of the chosen node in the picture; -1: none").tag(sync=True)
    marks = traitlets.Dict(help="numbers of the nodes that are `on` or `found`, and `lines` as a path").tag(
        sync=True
    )

    def __init__(self, graph: Graph, compare: Compare | None = None, **state: Any) -> None:
        self.graph, self._compare = graph, compare
        self._picture = Picture(graph)
        self._words = {key: _searched(node) for key, node in graph.nodes.items()}
        super().__init__(picture=self._picture.svg(say("Lineage")), **state)
        self._mark(None)
        self.on_msg(_walk)

    def found(self) -> list[str]:
        """Keys of the nodes that contain all words, the newest first."""
        return self.having_words(reversed(list(self.graph.nodes)), self._words.__getitem__)

    def highlighted(self) -> set[str]:
        """Keys of what the chosen node comes from, of what comes from it, or both."""
        if self.chosen not in self.graph.nodes:
            return set()
        above = self.graph.upstream(self.chosen) if self.direction != "downstream" else set()
        below = self.graph.downstream(self.chosen) if self.direction != "upstream" else set()
        return above | below

    @traitlets.observe("picked")
    def _choose(self, _change: object) -> None:
        if 0 <= self.picked < len(self._picture.keys):
            self.chosen = self._picture.keys[self.picked]

    def walk(self, way: str) -> None:
        """Move the choice: left to what a node took or was made by, right to what it led to, or within its layer."""
        if not self._picture.keys:
            return
        if self.chosen not in self._picture.index:
            self.chosen = self._picture.keys[0]
            return
        if way in {"up", "down"}:
            self.chosen = self._picture.neighbour(self.chosen, -1 if way == "up" else 1)
        else:
            near = self.graph.inputs(self.chosen) if way == "left" else self.graph.outputs(self.chosen)
            self.chosen = next((key for key in near if key in self._picture.index), self.chosen)

    @traitlets.observe("chosen")
    def _forget_comparison(self, _change: object) -> None:
        if self.chosen not in self.graph.nodes or self.other not in self.graph.runs_like(self.chosen):
            self.other = ""

    @traitlets.observe("chosen", "direction", "search")
    def _mark(self, _change: object) -> None:
        on = self.highlighted()
        index = self._picture.index
        lit = edges_among({self.chosen, *on}, self._picture.edges) if on else []
        with self.hold_sync():
            self.picked = index.get(self.chosen, -1)
            self.marks = {
                "on": [index[key] for key in on if key in index],
                "found": [index[key] for key in self.found() if key in index] if self.search.strip() else [],
                "lines": self._picture.lines(lit),
            }

    def draw_controls(self) -> Markup:
        return join(
            [
                legend(),
                controls.search_box(),
                controls.choice("direction", say("Highlight"), say_each(_DIRECTIONS)),
                zooms(),
                tag("small", say(_KEYS), class_="hint"),
            ]
        )

    def draw_content(self) -> Markup:
        found = self.found()
        shown, pager = self.on_page(found)
        rows = [self._live_row(self.graph.nodes[key]) for key in shown]
        listed = join([table(rows), pager])
        columns = tag("div", tag("div", listed), tag("div", self._details(live=True)), class_="columns")
        return join([tag("p", self._place(len(found)), role="status"), columns])

    def html_face(self) -> Markup:
        found = self.found()
        fitted = fit(
            [self.graph.nodes[key] for key in found[:_STATIC_ROWS]],
            [_static_row, partial(_static_row, detailed=True)],
            room(_HEAD_BYTES),
        )
        left_out = len(found) - len(fitted.rows)
        return join(
            [
                tag("style", Markup(source("lineage/lineage.css"))),
                tag("p", legend(), f" {self._place(len(found))}"),
                self._static_picture(),
                self._details(live=False) if self.chosen else None,
                table(fitted.rows),
                left_out_note(left_out, count(left_out, "node")),
            ]
        )

    def text_face(self) -> str:
        runs = [node for node in self.graph.nodes.values() if node.kind == "execution"]
        artifacts = len(self.graph.nodes) - len(runs)
        lines = [
            f"{count(len(runs), 'execution')}, {count(artifacts, 'artifact')}, {count(len(self.graph.edges), 'link')}"
        ]
        if runs:
            lines.append(
                say("latest: ")
                + ", ".join(f"{title(run)} {say(run.state)}" for run in runs[: -_NAMED - 1 : -1])
            )
        if self.chosen in self.graph.nodes:
            ways = (self.graph.upstream(self.chosen), self.graph.downstream(self.chosen))
            name = title(self.graph.nodes[self.chosen])
            lines.append(
                say(
                    "{name}: {upstream} upstream, {downstream} downstream",
                    name=name,
                    upstream=number(len(ways[0])),
                    downstream=number(len(ways[1])),
                )
            )
        return "\n".join(lines)

    def _place(self, found: int) -> str:
        drawn = len(self._picture.keys)
        place = found_of(found, len(self.graph.nodes), "node")
        newest = (
            say("; the picture has the newest {number}", number=number(drawn))
            if drawn < len(self.graph.nodes)
            else ""
        )
        on = (
            say("; {number} highlighted", number=number(len(self.highlighted())))
            if self.chosen in self.graph.nodes
            else ""
        )
        return f"{place}{newest}{on}"

    def _details(self, *, live: bool) -> Markup:
        node = self.graph.nodes.get(self.chosen)
        if node is None:
            return tag(
                "p", say("Press a box, or a name in the list, to see what is known about it."), class_="note"
            )
        choice = run_choice(self.graph, node.key, self.other) if live and self._compare else None
        return join(
            [
                tag("p", tag("b", title(node)), class_="name"),
                neighbours(self.graph, node.key, live=live),
                choice,
                self._comparison(node),
                facts(node),
            ]
        )

    def _comparison(self, node: Node) -> Markup | None:
        if self._compare is None or self.other not in self.graph.runs_like(node.key):
            return None
        return comparison(node, self.graph.nodes[self.other], self._compare(node.key, self.other))

    def _static_picture(self) -> Markup | None:
        if not self.graph.nodes:
            return None
        on = self.highlighted()
        near = {self.chosen, *on} if len(self.graph.nodes) > _STATIC_NODES and on else None
        picture = Picture(self.graph, near, _STATIC_NODES)
        drawing = picture.svg(say("Lineage"), self.chosen, on)
        box = scrollable(drawing, say("Picture"), class_="kit-scroll graph")
        left_out = len(near or self.graph.nodes) - len(picture.keys)
        note = say("The picture has the newest {number} nodes.", number=number(len(picture.keys)))
        return join([box, tag("p", note, class_="note") if left_out else None])

    def _live_row(self, node: Node) -> Markup:
        pressed = "true" if node.key == self.chosen else "false"
        name = controls.button(
            "chosen", node.key, title(node), key=f"choose {node.key}", class_="link", aria_pressed=pressed
        )
        return tag("tr", tag("th", name, scope="row", class_="whole"), cells(node))


def _walk(view: Lineage, message: object, _buffers: object) -> None:
    """Take an arrow key, such as `{"walk": "left"}`."""
    if isinstance(message, dict) and "walk" in message:
        view.walk(message["walk"])


def _searched(node: Node) -> str:
    texts = [node.key, title(node), node.type, node.state, node.project, node.uri, *node.properties.values()]
    return " ".join(texts)


def _static_row(node: Node, *, detailed: bool = False) -> Markup:
    name = tag("details", tag("summary", title(node)), facts(node)) if detailed else title(node)
    return tag("tr", tag("th", name, scope="row"), cells(node))
