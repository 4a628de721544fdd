"""Which model and version a request is for."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, Self

from tensorflow_serving.apis import model_pb2


class Spec(NamedTuple):
    """A ModelSpec: name, and version or label (None: not given)."""

    name: str
    version: int | None
    label: str | None

    @classmethod
    def of(cls, spec: Any) -> Self:
        """Read the message."""
        choice = spec.WhichOneof("version_choice")
        return cls(
            spec.name,
            spec.version.value if choice == "version" else None,
            spec.version_label if choice == "version_label" else None,
        )


@lru_cache(maxsize=1024)
def read_spec(serialized: bytes) -> Spec:
    """Read a serialized ModelSpec; most requests of a model have the same."""
    return Spec.of(model_pb2.ModelSpec.FromString(serialized))
