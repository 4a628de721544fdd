"""Write the file of `kit export local`: `kit.export.pipeline` with one chain's parameter values at its head."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from kit.batch.plan import PlannedNotebook
from kit.errors import UsageError
from kit.training.config import PROJECT, Training, chosen

NOTEBOOKS = ("01_data", "03_train")
"""Those whose parameters a pipeline takes; of the others none changes a step."""
_TEMPLATE = Path(__file__).with_name("pipeline.py")
_OWN = ("train_spans", "eval_spans", "stop_after_steps")
_ELSEWHERE = {"workspace", "project_name", "hyperparameters"}


def pipeline_text(plan: Sequence[PlannedNotebook], project: str, workspace: Path) -> str:
    """Return the pipeline as Python.

    Args:
        plan: the notebooks of `NOTEBOOKS`, with their given parameters.
        project: name of a project, or its absolute folder.
        workspace: folder of all results, absolute.

    Raises:
        UsageError: when the pipeline has no place for a given parameter.
    """
    values = {name: value for one in plan for name, value in one.parameters.items()}
    _check(plan)
    text = _TEMPLATE.read_text(encoding="utf-8")
    for name, value in {
        "WORKSPACE": str(workspace),
        "PROJECT": project,
        **{name.upper(): values[name] for name in _OWN},
        "TRAINING": chosen({name: values.get(name) for name in Training.model_fields}),
    }.items():
        text = _with(text, name, value)
    return text


def _check(plan: Sequence[PlannedNotebook]) -> None:
    given = {name: value for one in plan for name, value in one.given.items()}
    if given.get("hyperparameters", PROJECT) != PROJECT:
        raise UsageError(
            f"A pipeline trains with the settings of project.yml, but hyperparameters is {given['hyperparameters']!r}, "
            "which is a search of one workspace. Write the values of its best trial into project.yml, or give them "
            "with -p."
        )
    taken = [name for one in plan for name in one.specs if name in {*_OWN, *Training.model_fields}]
    if left := given.keys() - {*taken, *_ELSEWHERE}:
        raise UsageError(
            f"A pipeline takes the parameters that change a step: {', '.join(taken)}; but {', '.join(sorted(left))} "
            "was given, which is for the checks of a notebook. Leave it out."
        )


def _with(text: str, name: str, value: object) -> str:
    """Replace the value of a constant, and keep its comment."""
    line = re.compile(rf"^({name}: [^=]+ = ).*?(  # .*)?$", re.MULTILINE)
    # JSON of texts, numbers and dicts of them is valid Python.
    written = json.dumps(value, ensure_ascii=False)
    return line.sub(lambda found: f"{found[1]}{written}{found[2] or ''}", text, count=1)
