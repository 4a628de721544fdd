"""Properties of executions and artifacts as texts: what a component was told, and what changed. Imports no TFX."""

from __future__ import annotations

import json
from collections.abc import Mapping

NOT_SET = "not set"
# What TFX writes beside the parameters of a component.
_BOOKKEEPING = frozenset({"component_id", "pipeline_name", "pipeline_root", "run_id", "state"})


def told_parameters(properties: Mapping[str, str]) -> dict[str, str]:
    """Return what a component was told; each entry of a JSON object for itself, as `custom_config.training.epochs`."""
    told = {name: value for name, value in properties.items() if name not in _BOOKKEEPING}
    return dict(pair for name, value in sorted(told.items()) for pair in _flattened(name, value))


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """Return the name, the old and the new value of everything that differs."""
    pairs = [(name, old.get(name, NOT_SET), new.get(name, NOT_SET)) for name in {**old, **new}]
    return [pair for pair in pairs if pair[1] != pair[2]]


def _flattened(name: str, value: str) -> list[tuple[str, str]]:
    try:
        content = json.loads(value)
    except ValueError:
        content = None
    if not isinstance(content, dict) or not content:
        return [(name, value)]
    texts = {
        f"{name}.{key}": inner if isinstance(inner, str) else json.dumps(inner)
        for key, inner in sorted(content.items())
    }
    return [pair for inner_name, inner in texts.items() for pair in _flattened(inner_name, inner)]
