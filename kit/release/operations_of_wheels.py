"""Regenerate operations.json: the operations and attributes that each TensorFlow release knows.

A wheel holds a generated Python function for every public operation (`gen_*.py`), and the number of its graph format
(`TF_GRAPH_DEF_VERSION`). Both are read as text, so that releases of any age can be read without installing them:

    pip download --no-deps --only-binary=:all: --python-version 3.11 -d wheels tensorflow-cpu==2.20.0   # each release
    python -m kit.release.operations_of_wheels wheels/*.whl
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kit.errors import UsageError
from kit.release.operations import TABLE, Known, Release, parse_release, release_text
from kit.workspace import write_atomically

_WHEEL = re.compile(r"tensorflow(?:_cpu)?-(\d+\.\d+)\.")
_GENERATED = re.compile(r"tensorflow/.*/gen_\w+\.py")
_HEADER = "tensorflow/include/tensorflow/core/public/version.h"
_GRAPH_FORMAT = re.compile(r"#define TF_GRAPH_DEF_VERSION (\d+)")
# def f(…): … _apply_op_helper("Op", …) … _attrs = ("T", _op._get_attr_type("T"), …)
_OPERATION = re.compile(r'_apply_op_helper\(\s*"(\w+)"')
_ATTRIBUTE = re.compile(r'"(\w+)",\s*_op\.')


@dataclass(frozen=True)
class Wheel:
    """What one wheel knows: for each operation the attributes that its function names."""

    release: Release
    graph_format: int
    operations: dict[str, set[str]]


def read_wheel(path: Path) -> Wheel:
    """Read the operations of a wheel.

    Raises:
        UsageError: when the file is not a wheel of TensorFlow.
    """
    if not (match := _WHEEL.match(path.name)) or not zipfile.is_zipfile(path):
        raise UsageError(
            f"{path} must be a wheel named tensorflow-VERSION….whl or tensorflow_cpu-VERSION….whl, but is not. "
            "Download it with pip; see the head of this module."
        )
    with zipfile.ZipFile(path) as wheel:
        sources = [wheel.read(name).decode() for name in wheel.namelist() if _GENERATED.fullmatch(name)]
        header = _GRAPH_FORMAT.search(wheel.read(_HEADER).decode())
    if header is None:
        raise UsageError(
            f"{_HEADER} in {path} must define TF_GRAPH_DEF_VERSION, but does not. Read it by hand."
        )
    operations = {name: names for source in sources for name, names in _operations(source)}
    return Wheel(parse_release(match[1]), int(header[1]), operations)


def _operations(source: str) -> Iterable[tuple[str, set[str]]]:
    parts = _OPERATION.split(source)  # text, name, text, name, text …
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        body = text.partition("\ndef ")[0]
        yield name, set(_ATTRIBUTE.findall(body))


def known_from(wheels: Iterable[Wheel]) -> Known:
    """Return since when operations and attributes are known.

    What the oldest wheel knows is as old as that wheel, or older. Attributes are listed if they are younger than their
    operation.
    """
    ordered = sorted(wheels, key=lambda wheel: wheel.release)
    since: dict[str, Release] = {}
    attributes: dict[str, Release] = {}
    before: dict[str, set[str]] = {}
    for wheel in ordered:
        for name, names in wheel.operations.items():
            since.setdefault(name, wheel.release)
            for attribute in names - before.get(name, names):
                attributes.setdefault(f"{name}.{attribute}", wheel.release)
        before |= wheel.operations
    return Known({wheel.release: wheel.graph_format for wheel in ordered}, since, attributes)


def _as_json(known: Known) -> str:
    def texts(times: dict[str, Release]) -> dict[str, str]:
        return {name: release_text(release) for name, release in sorted(times.items())}

    content = {
        "graph_format": {release_text(release): number for release, number in known.graph_format.items()},
        "since": texts(known.since),
        "attribute_since": texts(known.attribute_since),
    }
    return json.dumps(content, indent=1) + "\n"


if __name__ == "__main__":
    write_atomically(TABLE, _as_json(known_from(read_wheel(Path(name)) for name in sys.argv[1:])))
