"""The version that was pushed last and what it was made of, traced back through ML Metadata."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx.orchestration import metadata

from kit.data.data_file import files_of
from kit.errors import StepOrderError
from kit.release.pushed_model import DESTINATION, VERSION
from kit.session import CHAIN, Session
from kit.steps.history import ENDED_WELL, Artifacts, executions, inputs_of, outputs_of, properties_of


@dataclass(frozen=True)
class PushedVersion:
    """One pushed version.

    Attributes:
        version: its number.
        folder: the folder with its SavedModel; it may be gone.
        statistics: folder of the ExampleStatistics of the examples that it was trained on.
        schema: folder of the Schema that those examples followed.
        transform_graph: folder of its TransformGraph.
        evaluation: folder of its latest ModelEvaluation.
        spans: the spans it was trained and evaluated on, by split; empty where the data have none.
    """

    version: int
    folder: Path
    statistics: Path
    schema: Path
    transform_graph: Path
    evaluation: Path
    spans: Mapping[str, tuple[int, ...]]


def last_push(session: Session) -> PushedVersion:
    """Return the version that was pushed last.

    Raises:
        StepOrderError: when none was, or what it was made of is no longer known.
    """
    session.latest("Pusher", "pushed_model")
    with metadata.Metadata(session.metadata_connection_config) as handle:
        past = _Past(handle.store, session.pipeline_name)
        push = past.find("Pusher", lambda _: True)
        model = push.inputs["model"][0].id
        training = past.making("Trainer", "model", model)
        transform = past.making("Transform", "transform_graph", training.inputs["transform_graph"][0].id)
        examples = transform.inputs["examples"][0].id
        statistics = past.find("StatisticsGen", lambda step: step.inputs["examples"][0].id == examples)
        evaluation = past.find("Evaluator", lambda step: step.inputs["model"][0].id == model)
        spans = _spans(past.making("ExampleGen", "examples", examples))
    [version] = push.outputs["pushed_model"]
    return PushedVersion(
        version=int(version.get_string_custom_property(VERSION)),
        folder=Path(version.get_string_custom_property(DESTINATION)),
        statistics=Path(statistics.outputs["statistics"][0].uri),
        schema=Path(transform.inputs["schema"][0].uri),
        transform_graph=Path(training.inputs["transform_graph"][0].uri),
        evaluation=Path(evaluation.outputs["evaluation"][0].uri),
        spans=spans,
    )


@dataclass(frozen=True)
class _Step:
    """An execution that ended well."""

    execution: Any
    inputs: Artifacts
    outputs: Artifacts


class _Past:
    """The executions of a pipeline that ended well, the latest first."""

    def __init__(self, store: Any, pipeline: str) -> None:
        self._store, self._pipeline = store, pipeline

    def find(self, component: str, is_meant: Callable[[_Step], bool]) -> _Step:
        for execution in reversed(executions(self._store, self._pipeline, component)):
            if execution.last_known_state in ENDED_WELL:
                taken, made = inputs_of(self._store, execution), outputs_of(self._store, execution)
                step = _Step(execution, taken, made)
                if is_meant(step):
                    return step
        raise StepOrderError(
            f"The pushed model must come from a {component} in this workspace, but there is none that fits it. Run "
            f"{CHAIN[component]} and the notebooks after it again."
        )

    def making(self, component: str, key: str, artifact: int) -> _Step:
        return self.find(component, lambda step: artifact in {one.id for one in step.outputs.get(key, ())})


def _spans(reading: _Step) -> dict[str, tuple[int, ...]]:
    """Return which spans ExampleGen read into each split."""
    found: dict[str, set[int]] = {}
    for file in files_of(properties_of(reading.execution)):
        if file.span is not None:
            found.setdefault(file.split, set()).add(file.span)
    return {split: tuple(sorted(numbers)) for split, numbers in found.items()}
