"""Gate components of a pipeline: they have no outputs, and raise what the notebooks would raise.

TFX's ExampleValidator and Evaluator write what they found and succeed, and everything after them runs. People's
decisions about anomalies and verdicts are made in notebooks and hold there: a pipeline asks nobody.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfx import types
from tfx.components.evaluator import constants
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import artifact_utils, component_spec, standard_artifacts

from kit.data.data_file import FILES
from kit.data.quarantine import QUARANTINED, QuarantinedRows
from kit.data.validation import check_anomalies
from kit.errors import UsageError
from kit.evaluation.results import not_blessed
from kit.ledger import check_rows
from kit.project import Project
from kit.release.litert.component import LiteRTModels
from kit.release.litert.judge import judge
from kit.release.litert.made import read_measured


@dataclass(frozen=True)
class GateInputs:
    """The results of the steps before a gate, with the interface of a session (see `kit.steps.made`).

    Attributes:
        project: the project whose steps they are.
        folders: the folders of the inputs, by the names of the outputs that they come from.
        example_gen: the properties that ExampleGen ran with.
    """

    project: Project
    folders: dict[str, Path]
    example_gen: dict[str, str]

    def path(self, component_id: str, key: str) -> Path:
        """Return the folder of an input; the component is not needed, since no two make one of the same name."""
        if key not in self.folders:
            raise UsageError(  # not StepOrderError, from which the ledger concludes that the chain ends here
                f"The gate must be given {key} of {component_id}, but has only {', '.join(sorted(self.folders))}. "
                "Write the pipeline again with `kit export local`."
            )
        return self.folders[key]

    def follows(self, component_id: str, before: str) -> bool:
        """Return True: in one run of a pipeline every step took what the one before it made."""
        del component_id, before
        return True

    def properties(self, component_id: str) -> dict[str, str]:
        """Return ExampleGen's properties, the only ones that are asked for."""
        del component_id
        return self.example_gen


def _check_data(made: GateInputs) -> None:
    check_anomalies(made.path("ExampleValidator", "anomalies"))


def _check_model(made: GateInputs) -> None:
    if not (made.path("Evaluator", "blessing") / constants.BLESSED_FILE_NAME).exists():
        raise not_blessed(made.path("Evaluator", "evaluation"), made.project)


def _check_litert(made: GateInputs) -> None:
    spec = made.project.spec
    judge(read_measured(made.path("LiteRTConverter", "litert")), spec.release.litert, spec.task)


def _check_rows(made: GateInputs) -> None:
    check_rows(made)


_CHECKS: dict[str, Callable[[GateInputs], None]] = {
    "Data": _check_data,
    "Model": _check_model,
    "LiteRT": _check_litert,
    "Rows": _check_rows,
}


class GateExecutor(base_executor.BaseExecutor):
    """Raises a KitError if something is wrong; otherwise everything that waits for the gate runs."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del output_dict
        settings = json.loads(exec_properties["settings"])
        folders = {
            name: Path(artifact_utils.get_single_uri(artifacts))
            for name, artifacts in input_dict.items()
            if artifacts
        }
        made = GateInputs(Project.load(settings["project"]), folders, settings["example_gen"])
        _CHECKS[exec_properties["check"]](made)


def _optional(kind: type[types.Artifact]) -> Any:
    return component_spec.ChannelParameter(type=kind, optional=True)


class _Spec(types.ComponentSpec):
    PARAMETERS = {  # noqa: RUF012  TFX's own form
        "check": component_spec.ExecutionParameter(type=str),
        "settings": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "examples": _optional(standard_artifacts.Examples),
        QUARANTINED: _optional(QuarantinedRows),
        "statistics": _optional(standard_artifacts.ExampleStatistics),
        "anomalies": _optional(standard_artifacts.ExampleAnomalies),
        "transformed_examples": _optional(standard_artifacts.Examples),
        "model_run": _optional(standard_artifacts.ModelRun),
        "evaluation": _optional(standard_artifacts.ModelEvaluation),
        "blessing": _optional(standard_artifacts.ModelBlessing),
        "litert": _optional(LiteRTModels),
    }
    OUTPUTS: dict[str, Any] = {}  # noqa: RUF012


class Gate(base_component.BaseComponent):
    """Stops a pipeline.

    Args:
        check: `Data` (no anomaly), `Model` (blessed), `LiteRT` (the chosen file keeps its limit) or `Rows` (none lost).
        project: the project whose limits hold.
        steps: the judged steps.
        before: the steps that must not run if it fails.
    """

    SPEC_CLASS = _Spec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(GateExecutor)

    def __init__(
        self, check: str, project: Project, *steps: base_component.BaseComponent, before: Sequence[Any]
    ) -> None:
        made = {
            name: channel for step in steps for name, channel in step.outputs.items() if name in _Spec.INPUTS
        }
        known = [step.exec_properties for step in steps if FILES in step.exec_properties]
        example_gen: dict[str, Any] = known[0] if known else {}
        settings = {
            "project": str(project.folder),
            "example_gen": {name: example_gen.get(name, "") for name in (FILES, "quarantine")},
            "litert": project.spec.release.litert.model_dump(mode="json"),
            "code": project.code_digest("data", "evaluation", "export"),
        }
        super().__init__(_Spec(check=check, settings=json.dumps(settings, sort_keys=True), **made))
        self.with_id(f"{check}Gate")
        for step in before:
            step.add_upstream_node(self)
