"""Check Dockerfiles without Docker: what would stop a build, and what should not be in an image.

The rules are those of https://docs.docker.com/reference/dockerfile/ as far as these files use it. It is not a build:
what a RUN does is not known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kit.checks.check import Finding

WORDS = frozenset(
    [
        *(
            "ADD",
            "ARG",
            "CMD",
            "COPY",
            "ENTRYPOINT",
            "ENV",
            "EXPOSE",
            "FROM",
            "HEALTHCHECK",
            "LABEL",
            "ONBUILD",
        ),
        *("RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"),
    ]
)
_FROM = re.compile(r"(?:--platform=\S+\s+)?(?P<image>\S+)(?:\s+AS\s+(?P<stage>[a-z0-9._-]+))?", re.IGNORECASE)
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)[^}]*\}|(?P<plain>\w+))")
_CHECK = "dockerfile"


@dataclass(frozen=True)
class Line:
    """One instruction, with the number of its first line."""

    number: int
    word: str
    value: str


def check_dockerfile(
    text: str, context: Path, named: Mapping[str, Sequence[str]] | None = None
) -> list[Finding]:
    """Return one finding per fault, or a single one that says that all is well.

    Args:
        text: the text of the Dockerfile.
        context: folder that COPY copies from.
        named: files of further contexts by their names (`docker build --build-context`).
    """
    lines = list(read(text))
    checks = (_words, _stages, _bases, _user, _arrays, _installs)
    faults = [fault for check in checks for fault in check(lines)]
    faults += _copies(lines, context, named or {})
    found = [
        Finding(_CHECK, f"line {number}: {what}", "fail", "Correct that line.") for number, what in faults
    ]
    return found or [Finding(_CHECK, f"{len(lines)} instructions have the right form.", "ok")]


def read(text: str) -> Iterator[Line]:
    """Read the instructions; one may continue on the next line, with comments in between."""
    pending, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        first = first or number
        pending += line.removesuffix("\\")
        if line.endswith("\\"):
            continue
        word, _, value = pending.partition(" ")
        yield Line(first, word, value.strip())
        pending, first = "", 0
    if pending:
        word, _, value = pending.partition(" ")
        yield Line(first, word, value.strip())


Fault = tuple[int, str]


def _words(lines: Sequence[Line]) -> Iterator[Fault]:
    for line in lines:
        if line.word.upper() not in WORDS:
            yield line.number, f"{line.word!r} is no instruction"
        elif not line.value:
            yield line.number, f"{line.word} needs a value"
    first = next((line for line in lines if line.word != "ARG"), None)
    if first is None or first.word != "FROM":
        yield (first.number if first else 1), "a Dockerfile begins with FROM, and only ARG may come before"


def _stages(lines: Sequence[Line]) -> Iterator[Fault]:
    """Check that each stage that files are copied from comes earlier."""
    known: set[str] = set()
    for line in lines:
        if line.word == "FROM" and (found := _FROM.fullmatch(line.value)):
            if found["stage"] in known:
                yield line.number, f"the stage {found['stage']} is there already"
            known |= {found["stage"]} - {None}
        elif line.word == "FROM":
            yield line.number, f"{line.value!r} is no image with a name of a stage"


def _bases(lines: Sequence[Line]) -> Iterator[Fault]:
    """Check that images have a version: without one they change unnoticed."""
    values: dict[str, str] = {}
    stages: set[str] = set()
    for line in lines:
        if line.word == "ARG":
            name, _, value = line.value.partition("=")
            values[name] = value
        if line.word == "FROM" and (found := _FROM.fullmatch(line.value)):
            unknown = [name for name in _variables(found["image"]) if name not in values]
            for name in unknown:
                yield line.number, f"{name} is not among the ARGs before it"
            image = _VARIABLE.sub(lambda match: values.get(_name(match), ""), found["image"])
            last = image.rpartition("/")[2]
            fixed = "@sha256:" in image or (":" in last and not last.endswith(":latest"))
            if not unknown and image not in {*stages, "scratch"} and not fixed:
                yield line.number, f"the image {image!r} has no fixed version"
            stages |= {found["stage"]} - {None}


def _variables(text: str) -> list[str]:
    return [_name(match) for match in _VARIABLE.finditer(text)]


def _name(match: re.Match[str]) -> str:
    return match["braced"] or match["plain"]


def _user(lines: Sequence[Line]) -> Iterator[Fault]:
    """Check the user of the last stage, which is the image."""
    start = max((index for index, line in enumerate(lines) if line.word == "FROM"), default=0)
    users = [line for line in lines[start:] if line.word == "USER"]
    if not users:
        yield lines[start].number, "the image runs as root: it has no USER"
    elif users[-1].value.partition(":")[0] in {"0", "root"}:
        yield users[-1].number, "the image runs as root"
    elif not users[-1].value.partition(":")[0].isdecimal():
        yield users[-1].number, "USER must be a number: Kubernetes cannot tell whether a name is root"
    if not any(line.word in {"ENTRYPOINT", "CMD"} for line in lines[start:]):
        yield lines[start].number, "the image has no ENTRYPOINT and no CMD"


def _arrays(lines: Sequence[Line]) -> Iterator[Fault]:
    """Check for brackets: without them a shell is the first process, and the program never gets the signal to end."""
    for line in lines:
        if line.word not in {"ENTRYPOINT", "CMD", "VOLUME"}:
            continue
        try:
            value = json.loads(line.value)
        except ValueError:
            value = None
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or not value:
            yield line.number, f"{line.word} must be a list of texts in JSON"


def _installs(lines: Sequence[Line]) -> Iterator[Fault]:
    """Check that what is installed follows the lock: by hash, or the checkout itself without dependencies."""
    for line in lines:
        for command in line.value.split("&&") if line.word == "RUN" else ():
            if "pip install" in command and "--no-deps" not in command:
                yield line.number, "an install without --no-deps takes packages that the lock does not have"
            if "pip install" in command and " -r " in command and "--require-hashes" not in command:
                yield line.number, "an install of a lock needs --require-hashes"


def _copies(lines: Sequence[Line], context: Path, named: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    stages: set[str] = set()
    for line in lines:
        if line.word == "FROM" and (found := _FROM.fullmatch(line.value)):
            stages |= {found["stage"]} - {None}
        if line.word not in {"COPY", "ADD"}:
            continue
        words = line.value.split()
        flags = dict(word.removeprefix("--").partition("=")[::2] for word in words if word.startswith("--"))
        paths = [word for word in words if not word.startswith("--")]
        source = flags.get("from")
        if len(paths) < 2:  # noqa: PLR2004  from where to where
            yield line.number, f"{line.word} needs a source and a destination"
        elif source is None:
            yield from (
                (line.number, f"{path} is not in {context}")
                for path in paths[:-1]
                if not (context / path).exists()
            )
        elif source in named:
            missing = [path for path in paths[:-1] if path not in named[source]]
            yield from ((line.number, f"{path} is not in the context {source}") for path in missing)
        elif source not in stages:
            yield line.number, f"there is no stage {source} before it"
