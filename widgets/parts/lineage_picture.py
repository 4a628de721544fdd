"""The picture of a lineage: boxes in layers from left to right, and one path for all lines between them.

Shapes get their sizes from the style sheet, so that a box takes some 80 bytes: even a graph of 2,000 nodes has to fit
the limit of a view.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from widgets.parts.formats import shorten
from widgets.parts.layered import layered
from widgets.parts.markup import Markup, tag
from widgets.values.lineage import Edge, Graph, Node

MOST_NODES = 2_500  # in one picture
BOX_WIDTH, BOX_HEIGHT = 140, 24  # the same as in lineage.css
_ACROSS, _DOWN, _MARGIN = 172, 36, 8  # pixels from layer to layer, from row to row, and around everything
_LETTERS = 19  # of a name with its number
_STATES = {"failed": "f", "canceled": "f", "running": "r", "cached": "c"}


class Picture:
    """Where each node of a graph is drawn.

    Args:
        graph: the nodes and edges.
        keys: the nodes to draw; only the newest if they are too many.
    """

    def __init__(self, graph: Graph, keys: Collection[str] | None = None, most: int = MOST_NODES) -> None:
        wanted = [key for key in graph.nodes if keys is None or key in keys]
        self.keys = wanted[-most:][::-1]  # newer nodes are above older ones where nothing else decides
        self.index = {key: index for index, key in enumerate(self.keys)}
        self._nodes = [graph.nodes[key] for key in self.keys]
        self.edges = [edge for edge in graph.edges if edge.source in self.index and edge.target in self.index]
        places = layered(self.keys, [(edge.source, edge.target) for edge in self.edges])
        self._corners = [_corner(*places[key]) for key in self.keys]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        across = max((x for x, _ in self._corners), default=0) + BOX_WIDTH + _MARGIN
        return across, max((y for _, y in self._corners), default=0) + BOX_HEIGHT + _MARGIN

    def neighbour(self, key: str, turn: int) -> str:
        """The key of the node above (-1) or below (1) in the same layer, or the same key at the end."""
        x, y = self._corners[self.index[key]]
        column = [
            (there, other) for (here, there), other in zip(self._corners, self.keys, strict=True) if here == x
        ]
        beyond = [one for one in column if (one[0] - y) * turn > 0]
        return min(beyond, key=lambda one: abs(one[0] - y))[1] if beyond else key

    def svg(self, label: str, chosen: str = "", marked: Collection[str] = ()) -> Markup:
        """The whole picture; with marks if it cannot be marked later, as in a static face."""
        width, height = self.size
        plain = tag("path", d=self.lines(self.edges))
        bright = tag("path", d=self.lines(edges_among({chosen, *marked}, self.edges)), class_="bright")
        boxes = [
            _box(node, corner, _marks(node.key, chosen, marked))
            for node, corner in zip(self._nodes, self._corners, strict=True)
        ]
        return tag(
            "svg",
            tag("g", plain, bright, tag("g", boxes, class_="boxes")),
            width=width,
            style=f"height:{height}px",  # hosts set the height of pictures by their width
            viewBox=f"0 0 {width} {height}",
            role="img",
            aria_label=label,
            class_="dim" if marked else None,
        )

    def lines(self, edges: Iterable[Edge]) -> str:
        """One path for all edges, each a curve with horizontal ends."""
        return "".join(
            _curve(self._corners[self.index[edge.source]], self._corners[self.index[edge.target]])
            for edge in edges
        )


def edges_among(keys: Collection[str], edges: Sequence[Edge]) -> list[Edge]:
    return [edge for edge in edges if edge.source in keys and edge.target in keys]


def number_of(node: Node) -> str:
    """What distinguishes a node from others of its name: the number at the end of its key."""
    return f"#{node.key.rpartition(' ')[2]}"


def _corner(layer: int, row: float) -> tuple[int, int]:
    return _MARGIN + layer * _ACROSS, _MARGIN + round(row * _DOWN)


def _curve(start: tuple[int, int], end: tuple[int, int]) -> str:
    across, down = end[0] - start[0] - BOX_WIDTH, end[1] - start[1]
    bend = max(across // 2, 20)
    return f"M{start[0] + BOX_WIDTH} {start[1] + BOX_HEIGHT // 2}c{bend} 0 {across - bend} {down} {across} {down}"


def _box(node: Node, corner: tuple[int, int], marks: str) -> Markup:
    kind = "e" if node.kind == "execution" else "a"
    classes = " ".join(filter(None, [kind, _STATES.get(node.state), marks]))
    text = tag("text", _label(node))
    return tag("g", tag("rect"), text, class_=classes, transform=f"translate({corner[0]} {corner[1]})")


def _label(node: Node) -> str:
    number = f" {number_of(node)}"
    return f"{shorten(node.name, max(_LETTERS - len(number), 2))}{number}"


def _marks(key: str, chosen: str, marked: Collection[str]) -> str:
    if key == chosen:
        return "on chosen"
    return "on" if key in marked else ""
