"""The surroundings of the lineage picture: legend, zoom, and the list of nodes."""

from __future__ import annotations

from collections.abc import Sequence

from widgets.parts.formats import moment, shorten
from widgets.parts.language import say
from widgets.parts.lineage_detail import LETTERS
from widgets.parts.markup import Markup, join, tag
from widgets.parts.tables import listing
from widgets.values.lineage import Node


def legend() -> Markup:
    """The meaning of the boxes' looks."""
    kinds = {
        "e": say("an execution"),
        "c": say("from the cache"),
        "f": say("failed"),
        "a": say("an artifact"),
    }
    keys = [tag("span", tag("i", class_=f"box {sign}"), name, class_="key") for sign, name in kinds.items()]
    return tag("span", keys, class_="legend")


def zooms() -> Markup:
    """The buttons that change how much of the picture is seen; picture.js knows them by `data-zoom`."""
    ways = {
        "in": ("+", say("Zoom in")),
        "out": ("-", say("Zoom out")),
        "fit": (say("all"), say("Show all")),
    }
    buttons = [
        tag("button", text, type="button", data_zoom=way, aria_label=label, title=label)
        for way, (text, label) in ways.items()
    ]
    return tag("span", buttons, role="group", aria_label=say("Zoom"))


def table(rows: Sequence[Markup]) -> Markup:
    """The rows below a header."""
    titles = (say("Name"), say("Type"), say("State"), say("When"))
    return listing(titles, rows, say("Nodes"), class_="nodes")


def cells(node: Node) -> Markup:
    """The cells of a node, but for its name."""
    kind = shorten(node.type.rpartition(".")[2], LETTERS)
    texts = (kind, say(node.state), moment(node.began) if node.began else "")
    return join([tag("td", text, class_="whole") for text in texts])
