"""Properties of executions and artifacts as texts: a component's parameters, and what changed. Imports no TFX."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

NOT_SET = "not set"
_STRUCTURE = "mlmd-struct::"  # prefix of a text that encodes a structure
# What TFX writes beside the parameters of a component.
_BOOKKEEPING = frozenset({"component_id", "pipeline_name", "pipeline_root", "run_id", "state"})


def told_parameters(properties: Mapping[str, str]) -> dict[str, str]:
    """Return a component's parameters; each entry of a JSON object separately, as `custom_config.training.epochs`.

    Parameters that were not given are left out: a session writes them as a text, a pipeline not at all.
    """
    told = {
        name: value for name, value in properties.items() if name not in _BOOKKEEPING and value != str(None)
    }
    return dict(pair for name, value in sorted(told.items()) for pair in _flattened(name, value))


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the name, the old and the new value of everything that differs."""
    pairs = [(name, old.get(name, NOT_SET), new.get(name, NOT_SET)) for name in {**old, **new}]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _flattened(name: str, value: str) -> list[tuple[str, str]]:
    try:
        # Most values are none: to let the parser find that out takes a fifth of reading a large store.
        content = json.loads(value) if value.lstrip().startswith("{") else None
    except ValueError:
        content = None
    if not isinstance(content, dict) or not content:
        return [(name, value)]
    texts = {
        f"{name}.{key}": inner if isinstance(inner, str) else json.dumps(inner)
        for key, inner in sorted(content.items())
    }
    return [pair for inner_name, inner in texts.items() for pair in _flattened(inner_name, inner)]


def text_of(value: Any) -> str:
    """Return the value of a property in ML Metadata's file as text.

    A structure is stored there as a special text: a prefix, and its bytes in base64.
    """
    text = str(value)
    if not text.startswith(_STRUCTURE):
        return text
    from google.protobuf import json_format, struct_pb2  # noqa: PLC0415  few artifacts have one

    content = struct_pb2.Struct.FromString(base64.b64decode(text.removeprefix(_STRUCTURE)))
    return json.dumps(json_format.MessageToDict(content), sort_keys=True)
