"""The data files that ExampleGen reads, as its execution in ML Metadata names them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from kit.digests import of_file
from kit.span_files import InputFile

FILES = "files"
"""ExampleGen's parameter, and so the property of its execution."""


@dataclass(frozen=True)
class DataFile(InputFile):
    """A data file and the SHA-256 of its bytes when ExampleGen was given it."""

    sha256: str

    @classmethod
    def of(cls, file: InputFile) -> Self:
        """Digest a file that is going to be read."""
        return cls(file.path, file.split, file.span, of_file(file.path))

    @property
    def short_path(self) -> str:
        """Its name and folder: they identify a file anywhere, while the rest of its path is this machine's."""
        return "/".join(self.path.parts[-2:])

    def plain(self) -> dict[str, Any]:
        """Return what stands for it in JSON."""
        return {"path": str(self.path), "split": self.split, "span": self.span, "sha256": self.sha256}


def to_json(files: Iterable[DataFile]) -> str:
    """Write files as ExampleGen's parameter."""
    return json.dumps([file.plain() for file in files])


def in_json(path: str) -> str:
    """Return how a path, or a part of one, stands in that parameter."""
    return json.dumps(path)[1:-1]


def files_of(properties: Mapping[str, Any]) -> list[DataFile]:
    """Read the files from an execution's properties or a component's parameters; only those of ExampleGen have any."""
    return [
        DataFile(Path(file["path"]), file["split"], file["span"], file["sha256"])
        for file in json.loads(properties.get(FILES) or "[]")
    ]
