"""Validate objects against Kubernetes's schemas, offline: the schemas come in a package."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import kubernetes_validate

from kit.checks.check import Finding

OLDEST = (
    "1.30"  # the first with `sleep` before a stop and autoscaling by a container's cores enabled by default
)
_CHECK = "schema"


def versions() -> tuple[str, ...]:
    """Return the releases of Kubernetes to check against: the oldest supported and the newest known."""
    return OLDEST, ".".join(str(kubernetes_validate.latest_version()).split(".")[:2])


def check_schemas(objects: Iterable[dict[str, Any]], releases: Sequence[str] | None = None) -> list[Finding]:
    """Return one finding per object and fault: unknown fields, wrong types, missing fields; or one if all is well.

    Args:
        objects: the objects of Kubernetes.
        releases: such as 1.30; `versions()` unless given.
    """
    chosen = tuple(releases or versions())
    every = list(objects)
    found = [finding for one in every for release in chosen if (finding := _fault(one, release))]
    words = " and ".join(chosen)
    return found or [Finding(_CHECK, f"{len(every)} objects fit the schemas of Kubernetes {words}.", "ok")]


def _fault(one: dict[str, Any], release: str) -> Finding | None:
    try:
        kubernetes_validate.validate(one, release, strict=True)
    except kubernetes_validate.ValidationError as error:
        place = ".".join(map(str, error.absolute_path)) or "the whole"
        return _finding(one, f"{place} does not fit Kubernetes {release}: {error.message}")
    except kubernetes_validate.SchemaNotFoundError as error:
        return _finding(one, f"Kubernetes {release} has no such kind: {error.message}")
    except KeyError as error:
        return _finding(one, f"it has no {error.args[0]}")
    return None


def _finding(one: dict[str, Any], what: str) -> Finding:
    return Finding(_CHECK, what, "fail", "Correct that field.", name_of(one))


def name_of(one: dict[str, Any]) -> str:
    """Return kind and name, as `kubectl` writes them."""
    return f"{one.get('kind', 'object')}/{(one.get('metadata') or {}).get('name', '')}"
