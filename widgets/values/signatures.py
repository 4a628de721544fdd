"""The plain values of the signatures view: a model's inputs and outputs, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Texts: TypeAlias = Mapping[str, str]

Take: TypeAlias = Callable[[str, str, int], Texts]
"""Takes a signature, a split ('': an empty form) and a row from 0; gives the text of each field."""

Answered: TypeAlias = tuple[Texts, Sequence[tuple[str, str, str]], float]

Send: TypeAlias = Callable[[str, Texts], Answered]
"""Takes a signature and the text of each field; gives what is wrong with each (under '': with the answer), name, shape
and values of each output, and the milliseconds that it took."""


@dataclass(frozen=True)
class Tensor:
    """An input or an output; the shape reads as `[any, 100]`."""

    name: str
    dtype: str
    shape: str


@dataclass(frozen=True)
class Field:
    """One field to fill in, and how: empty, or a few words about how several values are written."""

    name: str
    dtype: str
    hint: str = ""


@dataclass(frozen=True)
class Signature:
    """A signature and its form, whose fields are not the inputs where these are serialized examples."""

    name: str
    inputs: Sequence[Tensor]
    outputs: Sequence[Tensor]
    fields: Sequence[Field]

    @property
    def is_serialized(self) -> bool:
        """Whether what is filled in is not the inputs themselves."""
        return [field.name for field in self.fields] != [tensor.name for tensor in self.inputs]


def signature(record: Mapping[str, Any]) -> Signature:
    """Return one signature from a plain record, whose inputs, outputs and fields are lists of records."""
    return Signature(
        record["name"],
        [Tensor(**tensor) for tensor in record["inputs"]],
        [Tensor(**tensor) for tensor in record["outputs"]],
        [Field(**field) for field in record["fields"]],
    )
