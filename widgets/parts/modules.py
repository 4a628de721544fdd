"""Bundle small ES modules into the single text that anywidget sends to the browser."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) )", re.MULTILINE)


@cache
def script(name: str) -> str:
    """A module and those that it imports, each once, before the one that needs it.

    The browser gets a widget's code as one text without an address, so that a relative import would have no base.
    Joining is the whole build: `import { a } from "./b.js";` on one line is replaced by that module itself. The modules
    then share one scope, so names are unique among them.
    """
    return "\n".join(_without_links(path) for path in _in_order(name, []))


@cache
def extended(script: str, *names: str) -> str:
    """A script whose default export is replaced by that of the modules that wrap it: a text can have only one.

    Raises:
        ValueError: when the script has no default export of the form `{ render: … };`.
    """
    start = script.rindex("export default { render")
    rest = script[script.index("};", start) + len("};") :]
    return script[:start] + rest + "".join(source(name) for name in names)


@cache
def styles(*names: str) -> str:
    """The style sheet of all views, with those of one kind of view."""
    return "".join(source(name) for name in ("view.css", *names))


def source(name: str) -> str:
    """A file as it is, by its path under `static`."""
    return (STATIC / name).read_text(encoding="utf-8")


def _in_order(name: str, before: list[str]) -> list[str]:
    for neighbour in _IMPORT.findall(source(name)):
        _in_order(neighbour, before)
    if name not in before:
        before.append(name)
    return before


def _without_links(name: str) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", source(name)))
