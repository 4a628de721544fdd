"""The evidence of one alert: what was found and expected, the picture, and the rows."""

from __future__ import annotations

import base64

from widgets.parts.formats import count, moment
from widgets.parts.language import say
from widgets.parts.markup import Child, Markup, join, tag
from widgets.parts.tables import scrollable, titled_table
from widgets.values.alerts import Alert


def evidence(alert: Alert) -> Markup:
    facts = {
        say("Expected"): alert.expected,
        say("What to do"): alert.what_to_do,
        say("Seen"): say(
            "{times}, {first_seen} to {last_seen} UTC",
            times=count(alert.times, "time"),
            first_seen=moment(alert.first_seen),
            last_seen=moment(alert.last_seen),
        ),
        say("Decided"): alert.decided,
        say("Notebook"): _link(alert.notebook),
    }
    lines = [[tag("dt", name), tag("dd", value)] for name, value in facts.items() if value]
    return join([tag("p", alert.found), tag("dl", lines), _picture(alert), _rows(alert)])


def _picture(alert: Alert) -> Markup | None:
    """As an image, in which a browser runs no script: it was read from a file."""
    if not alert.picture:
        return None
    data = base64.b64encode(alert.picture.encode()).decode()
    text = say("How {subject} is spread", subject=alert.subject)
    return tag("img", src=f"data:image/svg+xml;base64,{data}", alt=text)


def _rows(alert: Alert) -> Markup | None:
    if not alert.rows:
        return None
    names = list(dict.fromkeys(name for row in alert.rows for name in row))
    body = [tag("tr", [tag("td", row.get(name, "")) for name in names]) for row in alert.rows]
    table = titled_table(names, body, caption=say("Some of the rows"))
    return scrollable(table, say("Some of the rows"), class_="kit-scroll-x")


def _link(notebook: str) -> Child:
    return tag("a", notebook.rpartition("/")[2], href=notebook) if notebook.startswith("file:") else notebook
