"""The data files at the root of a lineage, and whether their bytes are still the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kit.data.data_file import files_of
from kit.digests import of_file
from kit.errors import DataAnomalyError
from kit.lineage.query import Lineage

FileState = Literal["the same bytes", "changed since", "gone"]


@dataclass(frozen=True)
class SourceFile:
    """A file that ExampleGen read, and what became of it.

    Attributes:
        path: its path at that time.
        split: the split that it went into; `all`: its rows were split by a hash.
        sha256: the SHA-256 of its bytes at that time.
        state: its state now.
    """

    path: str
    split: str
    sha256: str
    state: FileState


def data_files(lineage: Lineage) -> list[SourceFile]:
    """Return the data files that something comes from; each is read to see whether it has changed."""
    graph = lineage.graph
    chain = lineage.upstream | set(lineage.own)
    read = [node.properties for key, node in graph.nodes.items() if key in chain]
    files = {file.path: file for properties in read for file in files_of(properties)}
    return [
        SourceFile(str(file.path), file.split, file.sha256, _state(file.path, file.sha256))
        for file in files.values()
    ]


def check_sources(files: Sequence[SourceFile]) -> str:
    """Return one sentence on the state of the data files; changed or missing ones are reported, not an error.

    Raises:
        DataAnomalyError: when it does not lead back to any data.
    """
    if not files:
        raise DataAnomalyError(
            "A model must lead back to data files, but no ExampleGen is upstream of it. Run the chain from 01_data: "
            "kit run."
        )
    other = [f"{Path(file.path).name} ({file.state})" for file in files if file.state != "the same bytes"]
    but = f", but for {', '.join(other)}" if other else ""
    count = "one data file" if len(files) == 1 else f"{len(files)} data files"
    return f"It leads back to {count}, with the same bytes as then{but}."


def _state(path: Path, sha256: str) -> FileState:
    try:
        return "the same bytes" if of_file(path) == sha256 else "changed since"
    except OSError:
        return "gone"
