"""BlindSpotFinder: the search for blind spots as a cached TFX component that runs beside Evaluator.

found.json    what was found, the slice that costs most first
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.types.artifact import Artifact

from kit.evaluation.blind_spots.rows import judge, searched
from kit.evaluation.blind_spots.search import Searched
from kit.project import Project
from kit.session import Session
from kit.versions import lock_digest
from kit.workspace import write_atomically

FOUND_FILE = "found.json"
_SEARCHED = TypeAdapter(Searched)


class BlindSpotsFound(Artifact):
    """The result of a search, in `FOUND_FILE`."""

    TYPE_NAME = "BlindSpotsFound"


class BlindSpotFinderExecutor(base_executor.BaseExecutor):
    """Scores the rows of the evaluation split with the model, and searches them."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        project = Project.load(json.loads(exec_properties["settings"])["project"])
        model, examples = (
            Path(artifact_utils.get_single_uri(input_dict[name])) for name in ("model", "examples")
        )
        found = searched(project, judge(project, model, examples))
        write_found(Path(artifact_utils.get_single_uri(output_dict["blind_spots"])), found)


class BlindSpotFinderSpec(component_spec.ComponentSpec):
    """`settings` is JSON of what the search depends on besides its inputs."""

    PARAMETERS = {"settings": component_spec.ExecutionParameter(type=str)}  # noqa: RUF012  TFX's way
    INPUTS = {  # noqa: RUF012
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {"blind_spots": component_spec.ChannelParameter(type=BlindSpotsFound)}  # noqa: RUF012


class BlindSpotFinder(base_component.BaseComponent):
    """Searches the rows of the evaluation split for slices in which a model is worse than it has to be."""

    SPEC_CLASS = BlindSpotFinderSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(BlindSpotFinderExecutor)

    def __init__(self, model: types.BaseChannel, examples: types.BaseChannel, settings: str) -> None:
        found = types.Channel(type=BlindSpotsFound)
        super().__init__(
            BlindSpotFinderSpec(model=model, examples=examples, settings=settings, blind_spots=found)
        )


def blind_spot_finder(
    project: Project, *, model: types.BaseChannel, examples: types.BaseChannel
) -> BlindSpotFinder:
    """Return the component for a project; it needs Evaluator's inputs, but nothing of its results.

    Args:
        project: the project whose columns the examples have, and to whose slices and gates an entry for
            project.yml adds.
        model: channel of the Model.
        examples: channel of raw Examples with a split eval.
    """
    settings = {
        "project": str(project.folder),
        "project.yml": hashlib.sha256(project.spec.model_dump_json().encode()).hexdigest()[:16],
        "code": project.code_digest("evaluation", "checks", "data"),
        "requirements.lock": lock_digest(),
    }
    return BlindSpotFinder(model, examples, json.dumps(settings, sort_keys=True))


def found_blind_spots(session: Session) -> Searched:
    """Return what BlindSpotFinder found last.

    Raises:
        StepOrderError: when it has not run.
    """
    return read_found(session.path("BlindSpotFinder", "blind_spots"))


def write_found(folder: Path, found: Searched) -> None:
    """Write the result of a search; NaN, the AUC of outcomes of one kind, as in Python's JSON."""
    write_atomically(folder / FOUND_FILE, json.dumps(asdict(found), ensure_ascii=False, indent=1) + "\n")


def read_found(folder: Path) -> Searched:
    """Return what `write_found` wrote."""
    return _SEARCHED.validate_python(json.loads((folder / FOUND_FILE).read_text(encoding="utf-8")))
