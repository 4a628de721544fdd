"""Kubernetes objects as YAML that people can read and compare."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

_WIDTH = 110


def as_documents(objects: Sequence[Any]) -> str:
    """Return one document per object, keys in their order, files within a ConfigMap line by line."""
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=_WIDTH, explicit_start=True)


class _Dumper(yaml.SafeDumper):
    """Writes no YAML anchors and aliases, which are hard to read for people and some tools."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
