"""What a notebook declares about its place in a chain: the object `kit` in its metadata.

    "kit": {
     "needs": ["02_features"],           notebooks that must have ended well before it; [] for none
     "after": ["tune"],                  those that it waits for when they run too, however they end
     "reads": ["tuning/{project}"],      what it reads in the workspace beside what steps made, as patterns
     "usual_seconds": 40,                that it takes on two cores
     "peak_memory_mb": 1500,             that it and its step take
     "timeout_seconds": 3600             after which it is stopped
    }

A notebook without `needs` needs all that come before it in the run, so that your own notebooks run in the order in
which they are named. One without `reads` may read anything, and is never skipped.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from kit.errors import UsageError
from kit.os_errors import reason_of
from kit.project_section import said_of

KEY = "kit"
Positive = Annotated[float, Field(gt=0)]
_PROJECT = {
    (None, None, None),
    ("project", "", None),
}  # field, format and conversion of what `{project}` may be in


def _check_pattern(pattern: str) -> str:
    parts = Path(pattern).parts
    if not parts or Path(pattern).is_absolute() or ".." in parts:
        raise ValueError(f"{pattern!r} must be a path in the workspace")
    try:
        fields = {field[1:] for field in Formatter().parse(pattern)}
        next(Path(os.devnull).glob(pattern), None)
    except (ValueError, NotImplementedError) as error:
        raise ValueError(f"{pattern!r} must be a pattern of paths: {error}") from None
    if not fields <= _PROJECT:
        raise ValueError(f"{pattern!r} must have nothing in braces but {{project}}")
    return pattern


class NotebookFacts(BaseModel):
    """What the metadata says; see above. None: it says nothing about that."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    needs: tuple[str, ...] | None = None
    after: tuple[str, ...] = ()
    reads: tuple[Annotated[str, AfterValidator(_check_pattern)], ...] | None = None
    usual_seconds: Positive | None = None
    peak_memory_mb: Positive | None = None
    timeout_seconds: Positive | None = None


def read_facts(notebook: Path) -> NotebookFacts:
    """Return what a notebook declares.

    Raises:
        UsageError: when the file is not a notebook, or its metadata holds anything else under `kit`.
    """
    try:
        content = json.loads(notebook.read_text(encoding="utf-8"))["metadata"].get(KEY, {})
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(
            f"{notebook} must be a Jupyter notebook, but it cannot be read: {reason_of(error)}."
        ) from None
    try:
        return NotebookFacts.model_validate(content)
    except ValidationError as error:
        [problem, *_] = error.errors()
        where = ".".join(str(part) for part in problem["loc"]) or "it"
        found = said_of(problem)
        raise UsageError(
            f"The metadata of {notebook.name} may say under `{KEY}` {', '.join(NotebookFacts.model_fields)}, but "
            f"{where}: {found}. Correct it (the Property Inspector of JupyterLab shows it)."
        ) from None
