"""Find the files behind a pattern such as `day-{SPAN}.csv` or `{YYYY}/{MM}-{DD}/*.csv`, grouped by span."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.errors import ProjectError
from kit.spans import Chosen, span_of

SPAN = "{SPAN}"
DATE = ("{YYYY}", "{MM}", "{DD}")
_GROUPS = {SPAN: "[0-9]+", "{YYYY}": "[0-9]{4}", "{MM}": "[0-9]{2}", "{DD}": "[0-9]{2}"}
# The glob for each; the regular expression then reads it exactly.
_GLOBS = {SPAN: "[0-9]*", "{YYYY}": "[0-9]" * 4, "{MM}": "[0-9]" * 2, "{DD}": "[0-9]" * 2}
_TOKENS = re.compile(r"(\{SPAN\}|\{YYYY\}|\{MM\}|\{DD\}|\*\*/|\*|\?|\[!?\]?[^\]]*\])")


BY_HASH = "all"
"""In place of a split: ExampleGen assigns each row of the file by a hash."""


@dataclass(frozen=True)
class InputFile:
    """One data file and the split and span that its rows belong to (no span: a project without {SPAN})."""

    path: Path
    split: str
    span: int | None


@dataclass(frozen=True)
class Inputs:
    """The files to read, and by split the spans that were chosen (none: a project without spans)."""

    files: tuple[InputFile, ...]
    chosen: Mapping[str, Chosen]

    @property
    def missing(self) -> str:
        """The missing spans that were asked for, in words."""
        return "; ".join(
            f"{split} {those.asked}: {those.lack}" for split, those in self.chosen.items() if those.lack
        )


def is_dated(pattern: str) -> bool:
    """Return whether the spans of a pattern are dates."""
    return any(token in pattern for token in DATE)


def has_spans(pattern: str) -> bool:
    """Return whether each span of a pattern has files of its own."""
    return SPAN in pattern or is_dated(pattern)


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that is not valid for spans.

    Raises:
        ValueError: when a date is incomplete, or there are both a number and a date.
    """
    if not is_dated(pattern):
        return
    if missing := [token for token in DATE if token not in pattern]:
        raise ValueError(f"a date needs {', '.join(DATE)}, but {', '.join(missing)} is not in files")
    if SPAN in pattern:
        raise ValueError(f"a span is a number or a date, but files have {SPAN} and {', '.join(DATE)}")


def files_by_span(base: Path, pattern: str) -> dict[int, list[Path]]:
    """Find the files that were delivered, by span, oldest first.

    A number may have zeros before it, as in `day-007.csv`.

    Args:
        base: the folder that the pattern begins at.
        pattern: a relative glob with the places of the span in it.

    Raises:
        ProjectError: when a file is named by a day that is not in the calendar.
    """
    expression = re.compile("".join(_expressions(pattern)), re.DOTALL)
    found: dict[int, list[Path]] = defaultdict(list)
    for path in sorted(base.glob(_glob(pattern))):
        match = expression.fullmatch(path.relative_to(base).as_posix())
        if match and path.is_file():
            found[_span(match, path)].append(path)
    return dict(sorted(found.items()))


def _glob(pattern: str) -> str:
    pattern = re.sub(r"\{SPAN\}\**", SPAN, pattern)  # two stars in a row would match folders
    for token, glob in _GLOBS.items():
        pattern = pattern.replace(token, glob)
    return pattern


def _expressions(pattern: str) -> Iterator[str]:
    """Yield the parts of a regular expression that says what the glob says, and keeps the places of the span."""
    simple = {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}
    seen: set[str] = set()
    for part in _TOKENS.split(pattern):
        if part in _GROUPS:
            name = part.strip("{}")
            yield f"(?P={name})" if part in seen else f"(?P<{name}>{_GROUPS[part]})"
            seen.add(part)
        elif part in simple:
            yield simple[part]
        elif _TOKENS.fullmatch(part):
            inner = part[1:-1].replace("\\", r"\\").replace("[", r"\[")
            yield f"[^/{inner[1:]}]" if inner.startswith("!") else f"[{inner}]"
        else:
            yield re.escape(part)


def _span(match: re.Match[str], path: Path) -> int:
    found = match.groupdict()
    if "SPAN" in found:
        return int(found["SPAN"])
    try:
        return span_of(dt.date(*(int(found[token.strip("{}")]) for token in DATE)))
    except ValueError:
        raise ProjectError(
            f"Files are named by days of the calendar, but {path} is not. Rename the file, or move it elsewhere."
        ) from None
