"""Compare the signatures of two models: what would a client of one meet at the other?

A change breaks clients when a request that was valid is refused, or when an answer lacks something that it had. The
rules follow what TensorFlow Serving checks: a request has every input of its signature and no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.saved_model.constants import INIT_OP_SIGNATURE_KEY

from kit.errors import InfraCheckError
from kit.os_errors import reason_of


@dataclass(frozen=True)
class TensorShape:
    """The name of the dtype, and the sizes; None in `sizes`: any size; None instead of it: any shape."""

    dtype: str
    sizes: tuple[int | None, ...] | None

    def __str__(self) -> str:
        if self.sizes is None:
            return f"{self.dtype} of any shape"
        return f"{self.dtype} [{', '.join('any' if size is None else str(size) for size in self.sizes)}]"


@dataclass(frozen=True)
class SignatureShape:
    """One signature: inputs, outputs, and the method that it is for, such as `predict`."""

    inputs: Mapping[str, TensorShape]
    outputs: Mapping[str, TensorShape]
    method: str = "predict"


@dataclass(frozen=True)
class Change:
    """One difference: the signature, the change, and whether clients break."""

    signature: str
    what: str
    breaks: bool

    def __str__(self) -> str:
        return f"{self.signature}: {self.what}"


def read_meta_graph(folder: Path) -> Any:
    """Read the MetaGraphDef for serving of a SavedModel, without building its graph.

    Raises:
        InfraCheckError: when there is none.
    """
    try:
        saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    except (OSError, DecodeError) as error:
        raise InfraCheckError(
            f"{folder} must be a SavedModel, but saved_model.pb cannot be read: {reason_of(error)}. Train again."
        ) from error
    for meta_graph in saved.meta_graphs:
        if "serve" in meta_graph.meta_info_def.tags:
            return meta_graph
    raise InfraCheckError(
        f"{folder} must have a graph tagged serve, but has {len(saved.meta_graphs)} of other tags. Train again."
    )


def signatures_of(meta_graph: Any) -> dict[str, SignatureShape]:
    """Return the signatures of a MetaGraphDef that a client can ask."""
    return {
        name: SignatureShape(
            {key: _tensor(info) for key, info in sorted(signature.inputs.items())},
            {key: _tensor(info) for key, info in sorted(signature.outputs.items())},
            method_of(signature),
        )
        for name, signature in sorted(meta_graph.signature_def.items())
        if name != INIT_OP_SIGNATURE_KEY
    }


def method_of(signature: Any) -> str:
    """Return what a SignatureDef is for: `predict`, `classify` or `regress`."""
    return str(signature.method_name.rpartition("/")[2])


def _tensor(info: Any) -> TensorShape:
    dtype = {"float": "float32", "double": "float64"}.get(
        name := types_pb2.DataType.Name(info.dtype).removeprefix("DT_").lower(), name
    )
    if info.tensor_shape.unknown_rank:
        return TensorShape(dtype, None)
    return TensorShape(dtype, tuple(None if dim.size < 0 else dim.size for dim in info.tensor_shape.dim))


def promised_by(signatures: Mapping[str, Mapping[str, Any]]) -> dict[str, SignatureShape]:
    """Read the signatures of project.yml, as their `model_dump` gives them."""

    def tensors(found: Mapping[str, Mapping[str, Any]]) -> dict[str, TensorShape]:
        return {name: TensorShape(one["dtype"], tuple(one["shape"])) for name, one in sorted(found.items())}

    return {
        name: SignatureShape(tensors(one["inputs"]), tensors(one["outputs"]), one["method"])
        for name, one in signatures.items()
    }


def check_promised(promised: Mapping[str, SignatureShape], found: Mapping[str, SignatureShape]) -> str:
    """Return one sentence when a model has every signature that project.yml promises, tensor for tensor.

    The sentence names the signatures that it does not promise.

    Raises:
        InfraCheckError: otherwise; the message names the signature and the tensors.
    """
    for name, wanted in promised.items():
        if name not in found:
            raise InfraCheckError(
                f"The model must have the signature {name} of project.yml, but has {', '.join(sorted(found))}. "
                "Add it to model.py, or change project.yml."
            )
        if found[name].method != wanted.method:
            raise InfraCheckError(
                f"Signature {name} must be for {wanted.method}, as project.yml says, but is for {found[name].method}. "
                "Change model.py, or project.yml and every client."
            )
        for kind in ("inputs", "outputs"):
            tensors: dict[str, TensorShape] = getattr(found[name], kind)
            if tensors != getattr(wanted, kind):
                raise InfraCheckError(
                    f"Signature {name} must have the {kind} {_words(getattr(wanted, kind))} of project.yml, but has "
                    f"{_words(tensors)}. Change model.py, or project.yml and every client."
                )
    # Not refused: every model that the kit saves has some, such as transform_features, that are not for clients.
    count = "1 signature" if len(promised) == 1 else f"{len(promised)} signatures"
    if more := sorted(found.keys() - promised.keys()):
        return (
            f"The model keeps the contract of {count} in project.yml, and has {len(more)} that it does not promise: "
            f"{', '.join(more)}."
        )
    return f"The model keeps the contract of {count} in project.yml."


def _words(tensors: Mapping[str, TensorShape]) -> str:
    return ", ".join(f"{name}: {tensor}" for name, tensor in sorted(tensors.items()))


def changes(old: Mapping[str, SignatureShape], new: Mapping[str, SignatureShape]) -> list[Change]:
    """Return every difference between the signatures of two models; the first model is the one that clients know."""
    found = []
    for name in sorted({*old, *new}):
        if name not in new:
            found.append(Change(name, "the signature is gone", breaks=True))
        elif name not in old:
            found.append(Change(name, "a new signature", breaks=False))
        else:
            found += [Change(name, what, breaks) for what, breaks in _differences(old[name], new[name])]
    return found


def _differences(old: SignatureShape, new: SignatureShape) -> list[tuple[str, bool]]:
    found = []
    if old.method != new.method:
        found.append((f"it is for {new.method}, was for {old.method}", True))
    found += [(f"input {name} is gone", True) for name in old.inputs if name not in new.inputs]
    found += [
        (f"input {name} ({tensor}) is new, and a request without it is refused", True)
        for name, tensor in new.inputs.items()
        if name not in old.inputs
    ]
    found += [(f"output {name} is gone", True) for name in old.outputs if name not in new.outputs]
    # REST gives the values themselves where there is one output, and an object of names where there are several.
    renamed_by_rest = len(old.outputs) == 1 < len(new.outputs)
    found += [
        (
            f"output {name} ({tensor}) is new{', so REST answers get names' if renamed_by_rest else ''}",
            renamed_by_rest,
        )
        for name, tensor in new.outputs.items()
        if name not in old.outputs
    ]
    for kind, before, after in (("input", old.inputs, new.inputs), ("output", old.outputs, new.outputs)):
        for name in sorted(before.keys() & after.keys()):
            if before[name] != after[name]:
                # Inputs may become wider and outputs narrower.
                wide, narrow = (after, before) if kind == "input" else (before, after)
                breaks = not _holds(wide[name], narrow[name])
                found.append((f"{kind} {name} is {after[name]}, was {before[name]}", breaks))
    return found


def _holds(wide: TensorShape, narrow: TensorShape) -> bool:
    """Return whether every tensor of one shape also fits the other."""
    if wide.dtype != narrow.dtype:
        return False
    if wide.sizes is None or narrow.sizes is None:
        return wide.sizes is None
    return len(wide.sizes) == len(narrow.sizes) and all(
        outer is None or outer == inner for outer, inner in zip(wide.sizes, narrow.sizes, strict=True)
    )


def check_compatible(found: list[Change], version: int, declared: tuple[int, str] | None) -> str:
    """Return one sentence when no client of a version breaks, or breaking some is declared.

    Args:
        found: differences from that version's signatures.
        version: the version that clients use now.
        declared: the version against which a breaking change is declared, and why.

    Raises:
        InfraCheckError: otherwise; the message names every breaking change, and the lines that would declare it.
    """
    breaking = [change for change in found if change.breaks]
    if not breaking:
        more = f"; {'; '.join(map(str, found))}" if found else ""
        return f"Clients of version {version} can use this model as it is{more}."
    words = "; ".join(map(str, breaking))
    if declared and declared[0] == version:
        return f"Clients of version {version} must change, as declared ({declared[1]}): {words}."
    other = f" (declared is a break with version {declared[0]})" if declared else ""
    raise InfraCheckError(
        f"Clients of version {version} must be able to use this model, but {words}{other}. Change model.py back, or "
        f'declare it in project.yml: release: {{breaking: {{version: {version}, why: "…"}}}}.'
    )
