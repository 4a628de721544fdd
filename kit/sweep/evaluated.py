"""Read Evaluator's results in a process that has TensorFlow; called through `kit.warm.start_call`."""

from __future__ import annotations

import json
from collections.abc import Callable

from kit.evaluation.gate_checks import slice_name
from kit.evaluation.results import load_slices
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace


def read_evaluated(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Return the metrics of the latest evaluation: for each slice its columns, and its values by name.

    Args:
        payload: JSON with the path of a workspace and the name of a project.
    """
    asked = json.loads(payload)
    session = Session(Workspace(asked["workspace"]), Project.load(asked["project"], asked["workspace"]))
    slices = load_slices(session.path("Evaluator", "evaluation"))
    found = [
        {"slice": slice_name(key), "columns": {name: str(value) for name, value in key}, "values": values}
        for key, values in slices
    ]
    return json.dumps(found).encode()
