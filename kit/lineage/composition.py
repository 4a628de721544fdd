"""What a run, a version or a model was made of, in a form in which two of them can be compared."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from kit.batch.record import RunRecord
from kit.data.data_file import FILES, files_of
from kit.digests import of_file
from kit.lineage.graph import Graph, Node
from kit.lineage.query import Lineage
from kit.reasons import DECISION_TYPE
from kit.workspace import Workspace

# The digest in a JSON text, which may itself be quoted inside another; the digest of packages after it is not the
# code's.
_CODE = re.compile(r'(\\*"code\\*": *\\*")([0-9a-f]{16})(?:\+[0-9a-f]{16})?(\\*")')
# What follows from something else that is compared, or only says where the workspace is.
_DERIVED = frozenset(
    {
        "files", "quarantine", "schema_file", "sha256", "custom_config.checkpoint", "custom_config.checkpoints",
        "custom_config.data.all", "custom_config.data.train", "custom_config.data.eval", "custom_config.project",
        "settings.against", "settings.base", "settings.project", "settings.requirements.lock", "project", "workspace",
        "days", "push_destination.filesystem.base_directory",
    }
)  # fmt: skip

PROJECT_FILE = "settings.project.yml"
"""A parameter that says only that something in the project's file is another; mostly a parameter or a gate is named."""


class Made:
    """What one of the two was made of: the last execution of each component, its own before those that it comes from.

    A run has steps of its own, and comes from those whose notebooks it skipped. A baseline's chain is in neither.
    """

    def __init__(self, workspace: Workspace, lineage: Lineage) -> None:
        subject, graph = lineage.subject, lineage.graph
        self.name = (
            subject.name if subject.kind in {"artifact", "execution"} else f"{subject.kind} {subject.name}"
        )
        self.graph = graph
        own, before = _steps(graph, lineage.own), _steps(graph, lineage.upstream)
        # Its own come last, since the last step has the commit and the packages.
        self.steps: Mapping[str, Node] = {name: before[name] for name in before if name not in own} | own
        self.notebooks = _notebook_parameters(workspace, subject.name) if subject.kind == "run" else {}

    def parameters(self, step: str) -> dict[str, str]:
        """Return a step's parameters that nothing else covers, without digests of code."""
        told = self.steps[step].properties
        return {name: _plain(name, value) for name, value in told.items() if _is_parameter(name)}

    def seeds(self) -> dict[str, str]:
        """Return the seeds by the step and the parameter."""
        return {
            f"{step}, {name}": value
            for step, node in self.steps.items()
            for name, value in node.properties.items()
            if leaf(name) == "seed"
        }

    def codes(self, step: str) -> set[str]:
        """Return the digests of code among a step's parameters."""
        told = self.steps[step].properties
        nested = {match[2] for value in told.values() for match in _CODE.finditer(value)}
        return {value.partition("+")[0] for name, value in told.items() if leaf(name) == "code"} | nested

    def last_origin(self, fact: str) -> str | None:
        """Return what its last step recorded of where it ran; None: no step did."""
        return next(reversed(self.origins(fact)), None)

    def origins(self, fact: str) -> list[str]:
        """Return where its executions ran, the latest last."""
        return [node.origin[fact] for node in self.steps.values() if fact in node.origin]

    def files(self) -> dict[str, str] | None:
        """Return the digests of the data files by what a person calls them; None: there is no such step."""
        step = self.steps.get("ExampleGen")
        if step is None or FILES not in step.properties:
            return None
        return {f"{file.short_path} {file.split}": file.sha256 for file in files_of(step.properties)}

    @property
    def has_curated_schema(self) -> bool:
        """Whether its schema is a file of the project, not one that was inferred from the statistics."""
        step = self.steps.get("SchemaGen")
        return step is not None and "sha256" in step.properties

    def schema_digest(self) -> str:
        """Return the recorded digest of a curated schema; an inferred one is read, if it still exists."""
        step = self.steps.get("SchemaGen")
        if step is None:
            return ""
        if recorded := step.properties.get("sha256"):
            return recorded
        for key in self.graph.outputs(step.key):
            path = Path(self.graph.nodes[key].uri) / "schema.pbtxt"
            if path.is_file():
                return of_file(path)
        return ""


def _steps(graph: Graph, keys: Collection[str]) -> dict[str, Node]:
    """Return the last execution of each component among some nodes."""
    wanted = {*keys}
    nodes = [node for node in graph.nodes.values() if node.key in wanted and node.kind == "execution"]
    return {node.name: node for node in nodes if node.name != DECISION_TYPE}


def _notebook_parameters(workspace: Workspace, run: str) -> dict[str, str]:
    record = RunRecord.read(workspace.runs / run)
    return {
        f"{notebook.name}.{name}": str(value)
        for notebook in (record.notebooks if record else ())
        for name, value in notebook.parameters.items()
    }


def _is_parameter(name: str) -> bool:
    return name not in _DERIVED and leaf(name) not in {"seed", "code"}


def _plain(name: str, value: str) -> str:
    """Drop the baseline, which is not a setting, and digests of code, which are compared separately."""
    if name == "eval_config.model_specs":
        specs = [spec for spec in json.loads(value) if not spec.get("is_baseline")]
        value = json.dumps([{key: spec[key] for key in sorted(spec) if key != "name"} for spec in specs])
    return _CODE.sub(r"\1\3", value)


def leaf(name: str) -> str:
    """Return the last part of a parameter's name, such as `epochs` of `custom_config.training.epochs`."""
    return name.rpartition(".")[2]
