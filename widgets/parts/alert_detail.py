"""The evidence of one alert: what was found and expected, the picture, and the rows."""

from __future__ import annotations

import base64

from widgets.parts.formats import count, moment
from widgets.parts.markup import Child, Markup, join, tag
from widgets.values_alerts import Alert


def evidence(alert: Alert) -> Markup:
    facts = {
        "Expected": alert.expected,
        "What to do": alert.what_to_do,
        "Seen": f"{count(alert.times, 'time')}, {moment(alert.first_seen)} to {moment(alert.last_seen)} UTC",
        "Decided": alert.decided,
        "Notebook": _link(alert.notebook),
    }
    lines = [[tag("dt", name), tag("dd", value)] for name, value in facts.items() if value]
    return join([tag("p", alert.found), tag("dl", lines), _picture(alert), _rows(alert)])


def _picture(alert: Alert) -> Markup | None:
    """As a picture, in which a browser runs no script: it was read from a file."""
    if not alert.picture:
        return None
    data = base64.b64encode(alert.picture.encode()).decode()
    text = f"How {alert.subject} is spread"
    return tag("img", src=f"data:image/svg+xml;base64,{data}", alt=text)


def _rows(alert: Alert) -> Markup | None:
    if not alert.rows:
        return None
    names = list(dict.fromkeys(name for row in alert.rows for name in row))
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in names]))
    body = [tag("tr", [tag("td", row.get(name, "")) for name in names]) for row in alert.rows]
    table = tag("table", tag("caption", "Some of the rows"), head, tag("tbody", body))
    return tag("div", table, class_="kit-scroll-x", tabindex=0, role="group", aria_label="Some of the rows")


def _link(notebook: str) -> Child:
    return tag("a", notebook.rpartition("/")[2], href=notebook) if notebook.startswith("file:") else notebook
