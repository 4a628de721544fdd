"""A recording of parameters and decisions, which can be played again in another workspace, unattended."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kit.batch.parameters import Value
from kit.batch.plan import read_parameter_file
from kit.errors import UsageError
from kit.project_section import said_of
from kit.workspace import write_atomically

_HEAD = "# Parameters and decisions, to be repeated in another workspace: kit replay THIS_FILE --workspace FOLDER\n"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MadeDecision(_Part):
    """A decision, without what is valid only in the workspace where it was taken."""

    what: str
    subject: str = ""
    who: Annotated[str, Field(min_length=1)]
    why: Annotated[str, Field(min_length=1)]


class Round(_Part):
    """Decisions that were taken on the results of one run of a notebook; the notebook was run again then."""

    after: str
    decisions: tuple[MadeDecision, ...]


class Recording(_Part):
    """Notebooks in order, their parameters, and what people decided in between."""

    notebooks: Annotated[tuple[str, ...], Field(min_length=1)]
    parameters: dict[str, Value] = {}
    rounds: tuple[Round, ...] = ()

    def save(self, path: Path) -> None:
        content = yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        write_atomically(path, _HEAD + content)


def read_recording(path: Path) -> Recording:
    """Return what a file records.

    Raises:
        UsageError: when it is not a recording.
    """
    content = read_parameter_file(path)
    try:
        recording = Recording.model_validate(content)
    except ValidationError as error:
        [problem, *_] = error.errors()
        where = ".".join(str(part) for part in problem["loc"]) or "its content"
        raise UsageError(
            f"{path} must be a recording of the parameters panel, but {where}: {said_of(problem)}. "
            "Copy it again, or run a plain file of parameters with `kit run -f`."
        ) from None
    for one in recording.rounds:
        if one.after not in recording.notebooks:
            raise UsageError(
                f"{path}: a decision is taken after one of {', '.join(recording.notebooks)}, but found "
                f"{one.after!r}. Correct it."
            )
    return recording
