"""The operations of a SavedModel: the oldest TensorFlow that knows them, and those that a given server lacks.

Otherwise a server says "Op type not registered" after the push. `operations.json` says since when TensorFlow knows an
operation, from the wheels of its releases (see `kit.release.operations_of_wheels`). TensorFlow Serving x.y is built
with TensorFlow x.y, so one table serves both.

It does not say for which types an operation has a kernel. Nor does it say when one was removed: within a major
version TensorFlow removes none (its version compatibility guide). Operations whose names begin with _ are the runtime's
own; they have no Python function and are left out.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.errors import InfraCheckError, UsageError

TABLE = Path(__file__).with_name("operations.json")
PRODUCTS = {"tensorflow": "TensorFlow", "tensorflow_serving": "TensorFlow Serving"}

Release = tuple[int, int]


@dataclass(frozen=True)
class Known:
    """What the releases of TensorFlow know.

    Attributes:
        graph_format: TF_GRAPH_DEF_VERSION of each release.
        since: the first release with an operation; the oldest one in the table also stands for all before it.
        attribute_since: likewise for attributes younger than their operation, as `Operation.attribute`.
    """

    graph_format: dict[Release, int]
    since: dict[str, Release]
    attribute_since: dict[str, Release]

    @property
    def oldest(self) -> Release:
        return min(self.graph_format)

    @property
    def newest(self) -> Release:
        return max(self.graph_format)


@dataclass(frozen=True)
class Used:
    """What a SavedModel uses.

    Attributes:
        operations: the operations, sorted, including those inside its functions.
        attributes: those with a value other than their default, as `Operation.attribute`.
        producer: TF_GRAPH_DEF_VERSION of the TensorFlow that wrote it.
        min_consumer: the lowest version that can read it, according to the writer.
    """

    operations: tuple[str, ...]
    attributes: tuple[str, ...]
    producer: int
    min_consumer: int


@dataclass(frozen=True)
class Target:
    """A server, or a TensorFlow, that must be able to load the model."""

    product: str
    release: Release

    def __str__(self) -> str:
        return f"{PRODUCTS[self.product]} {release_text(self.release)}"


def parse_release(text: str) -> Release:
    """Read 2.20, or 2.20.1, whose last number is ignored.

    Raises:
        ValueError: when it is not written like that.
    """
    numbers = text.strip().split(".")
    if len(numbers) not in {2, 3} or not all(number.isdecimal() for number in numbers):
        raise ValueError(f"a release is written 2.20 or 2.20.1, not {text!r}")
    return int(numbers[0]), int(numbers[1])


def release_text(release: Release) -> str:
    return f"{release[0]}.{release[1]}"


def parse_target(text: str) -> Target:
    """Read a target such as `tensorflow_serving 2.20`.

    Raises:
        UsageError: when it is not written like that, or not among the releases of the table.
    """
    product, _, version = text.strip().partition(" ")
    try:
        release = parse_release(version)
    except ValueError:
        release = (0, 0)
    known = known_releases()
    if product not in PRODUCTS or not known.oldest <= release <= known.newest:
        raise UsageError(
            f"A target must be tensorflow_serving or tensorflow and a release from {release_text(known.oldest)} to "
            f"{release_text(known.newest)}, but is {text!r}. Write for example: tensorflow_serving 2.20."
        )
    return Target(product, release)


@functools.cache
def known_releases() -> Known:
    """Read the table."""
    content = json.loads(TABLE.read_text())

    def times(part: str) -> dict[str, Release]:
        return {name: parse_release(release) for name, release in content[part].items()}

    formats = {parse_release(release): number for release, number in content["graph_format"].items()}
    return Known(formats, times("since"), times("attribute_since"))


def used_by(meta_graph: Any) -> Used:
    """Return what a MetaGraphDef uses, in its graph and in the functions of its library."""
    graph = meta_graph.graph_def
    functions = {function.signature.name for function in graph.library.function}
    defaults = {
        f"{operation.name}.{attribute.name}": attribute.default_value
        for operation in meta_graph.meta_info_def.stripped_op_list.op
        for attribute in operation.attr
        if attribute.HasField("default_value")
    }
    operations, attributes = set(), set()
    for node in _nodes(graph):
        if node.op in functions:  # a call of one of the functions by name
            continue
        operations.add(node.op)
        for name, value in node.attr.items():
            key = f"{node.op}.{name}"
            # A server drops an unknown attribute if its value is the default.
            if not name.startswith("_") and (key not in defaults or value != defaults[key]):
                attributes.add(key)
    versions = graph.versions
    return Used(
        tuple(sorted(operations)), tuple(sorted(attributes)), versions.producer, versions.min_consumer
    )


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for function in graph.library.function:
        yield from function.node_def


def custom_operations(used: Used, known: Known) -> tuple[str, ...]:
    """Return the operations that no release of TensorFlow in the table knows."""
    return tuple(name for name in used.operations if name not in known.since and not name.startswith("_"))


def lowest_release(used: Used, known: Known) -> Release:
    """Return the oldest release that knows all that is used; the oldest in the table also stands for older ones.

    Custom operations are left out: no release knows them.
    """
    return next(
        (release for release in sorted(known.graph_format) if not _lacks(used, known, release)), known.newest
    )


def _lacks(used: Used, known: Known, release: Release) -> list[str]:
    """List what a release lacks, each with the first release that has it."""
    lacking = [
        f"{name} (since {release_text(since)})"
        for name in used.operations
        if (since := known.since.get(name, known.oldest)) > release
    ]
    for name in used.attributes:
        operation = name.partition(".")[0]
        since = known.attribute_since.get(name, known.oldest)
        if since > release >= known.since.get(operation, known.oldest):
            lacking.append(f"attribute {name} (since {release_text(since)})")
    if used.min_consumer > (number := known.graph_format.get(release, used.min_consumer)):
        lacking.append(f"graph format {used.min_consumer} (it reads {number} and lower)")
    return lacking


def preflight(used: Used, targets: Sequence[Target] = (), known: Known | None = None) -> str:
    """Return one sentence when no operation is custom and every target knows all that is used.

    Raises:
        InfraCheckError: otherwise; the message names every operation at fault, of all targets.
    """
    known = known or known_releases()
    if custom := custom_operations(used, known):
        raise InfraCheckError(
            f"A model must use TensorFlow's own operations, but {', '.join(custom)} {_are(custom)} custom: no "
            f"TensorFlow from {release_text(known.oldest)} to {release_text(known.newest)} has "
            f"{'it' if len(custom) == 1 else 'them'}, and a server says 'Op type not registered'. Leave custom "
            "operations out of features.py and model.py; a release of TensorFlow that is newer than this table needs "
            "the table made again (kit.release.operations_of_wheels)."
        )
    lowest = lowest_release(used, known)
    if short := [target for target in targets if _lacks(used, known, target.release)]:
        missing = _lacks(used, known, min(target.release for target in short))  # the others lack some of that
        raise InfraCheckError(
            f"{', '.join(map(str, short))} must know all {len(used.operations)} operations of the model, but these are "
            f"missing: {', '.join(missing)}. Serve with {release_text(lowest)} or newer, or do without them in "
            "features.py and model.py."
        )
    older = " or older" if lowest == known.oldest else ""
    return (
        f"The model uses {len(used.operations)} operations; TensorFlow and TensorFlow Serving know all of them since "
        f"{release_text(lowest)}{older}."
    )


def _are(names: tuple[str, ...]) -> str:
    return "is" if len(names) == 1 else "are"
