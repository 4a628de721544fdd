"""The question to a cluster's worker before it gets a point: does it have the same code and the same folder?

It is sent as source code, so it must need nothing but Python: a worker without the kit, or with another one, would
otherwise answer with an error of pickle.
"""

from __future__ import annotations

from typing import Any


def look(sweep: str) -> dict[str, Any]:
    """Return the worker's code and whether it sees the folder of the sweep.

    Args:
        sweep: folder of the sweep, in which sweep.json is.
    """
    from pathlib import Path  # noqa: PLC0415  where the worker is

    facts: dict[str, Any] = {"sees": (Path(sweep) / "sweep.json").exists(), "code": "", "checkout": ""}
    try:
        from kit.sweep.code import code_digest  # noqa: PLC0415
        from kit.workspace import CHECKOUT  # noqa: PLC0415
    except ImportError as error:
        return {**facts, "error": str(error)}
    return {**facts, "code": code_digest(), "checkout": str(CHECKOUT), "error": ""}
