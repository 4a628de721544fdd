"""Small stores of ML Metadata, written as TFX writes them, so that tests of lineage need no chain that has run."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from typing import Any

from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from kit.steps.origin import PREFIX
from kit.workspace import Workspace, write_atomically

PROJECT, VERSION = "shop", 1_700_000_000
TRAINING = {"epochs": 3, "learning_rate": 0.1, "seed": 1}
FILES = {"span-1/clicks.csv": "a" * 64, "span-2/clicks.csv": "b" * 64}
ORIGIN = {"code_commit": "c" * 40, "host": "one", "user": "ada", "python": "3.12.1"}

Made = dict[str, int]


class Writer:
    """Puts executions with their events and contexts into the store of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        config = mlmd.ConnectionConfig()
        config.sqlite.filename_uri = str(workspace.metadata_path)
        config.sqlite.connection_mode = mlmd.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        self.store = metadata_store.MetadataStore(config)
        self._numbers = itertools.count(1 + len(self.store.get_executions()))
        self._pipeline = self._context("pipeline", PROJECT, {})

    def step(  # noqa: PLR0913  a step has that many sides
        self,
        component: str,
        inputs: Mapping[str, int],
        outputs: Mapping[str, str],
        *,
        told: Mapping[str, str] | None = None,
        origin: Mapping[str, str] | None = None,
        known: Mapping[str, Mapping[str, str]] | None = None,
        cached: Mapping[str, int] | None = None,
    ) -> Made:
        """Put one execution; return the artifacts that it made by the output.

        Args:
            component: its id.
            inputs: artifacts by the input.
            outputs: types by the output.
            told: its properties.
            origin: where it ran.
            known: custom properties of what it makes, by the output.
            cached: artifacts that it took from the cache instead, by the output.
        """
        number = next(self._numbers)
        kind = mlmd.ExecutionType(name=f"tests.{component}")
        told = {"component_id": component, **(told or {})}
        for name in told:
            kind.properties[name] = mlmd.STRING
        execution = mlmd.Execution(
            type_id=self.store.put_execution_type(kind, can_add_fields=True, can_omit_fields=True),
            last_known_state=mlmd.Execution.CACHED if cached else mlmd.Execution.COMPLETE,
        )
        for name, value in told.items():
            execution.properties[name].string_value = value
        old = {**inputs, **(cached or {})}
        by_id = {one.id: one for one in (self.store.get_artifacts_by_id(list(old.values())) if old else [])}
        pairs = [(by_id[id_], _event(mlmd.Event.INPUT, name)) for name, id_ in inputs.items()]
        pairs += [(by_id[id_], _event(mlmd.Event.OUTPUT, name)) for name, id_ in (cached or {}).items()]
        for name, type_name in outputs.items():
            artifact = self._artifact(component, name, type_name, number, (known or {}).get(name, {}))
            pairs.append((artifact, _event(mlmd.Event.OUTPUT, name)))
        facts = {PREFIX + name: value for name, value in (ORIGIN if origin is None else origin).items()}
        contexts = [self._pipeline, self._context("component_run", f"{PROJECT}.{number}.{component}", facts)]
        _, ids, _ = self.store.put_execution(execution, pairs, contexts)
        return dict(zip(outputs, ids[len(old) :], strict=True))

    def run_file(self, run: str) -> None:
        """Write the record of a batch that ended well."""
        record = {
            "run_id": run, "project": PROJECT, "workspace": "", "state": "done", "exit_code": 0,
            "started": "2026-01-01T00:00:00Z", "ended": "2026-01-01T00:01:00Z", "notebooks": [],
            "versions": {}, "python": "3.12", "git_commit": None, "host": "one", "pid": 1, "pid_started": 0.0,
        }  # fmt: skip
        write_atomically(self.workspace.runs / run / "run.json", json.dumps(record))

    def _artifact(
        self, component: str, name: str, type_name: str, number: int, known: Mapping[str, str]
    ) -> Any:
        folder = self.workspace.artifacts(PROJECT) / component / name / str(number)
        folder.mkdir(parents=True)
        (folder / "content").write_text(f"{component} {number}")
        artifact = mlmd.Artifact(
            type_id=self.store.put_artifact_type(mlmd.ArtifactType(name=type_name)),
            uri=str(folder),
            state=mlmd.Artifact.LIVE,
        )
        for key, value in known.items():
            artifact.custom_properties[key].string_value = value
        return artifact

    def _context(self, type_name: str, name: str, facts: Mapping[str, str]) -> Any:
        kind = self.store.put_context_type(mlmd.ContextType(name=type_name))
        if there := self.store.get_context_by_type_and_name(type_name, name):
            return there
        context = mlmd.Context(type_id=kind, type=type_name, name=name)
        for key, value in facts.items():
            context.custom_properties[key].string_value = value
        [context.id] = self.store.put_contexts([context])
        return context


def chain(  # noqa: PLR0913  what two runs can differ in
    writer: Writer,
    *,
    version: int | None = None,
    files: Mapping[str, str] = FILES,
    schema: str = "5" * 64,
    training: Mapping[str, Any] = TRAINING,
    code: str = "0123456789abcdef",
    origin: Mapping[str, str] = ORIGIN,
    baseline: int | None = None,
    blessed: bool = True,
    folder: str = "/data/",
    known: Mapping[str, Mapping[str, str]] | None = None,
) -> Made:
    """Put the steps from data to a push, or to a blessing without one; return all artifacts by their outputs."""
    data = [
        {"path": f"{folder}{name}", "split": "train", "span": 1, "sha256": digest}
        for name, digest in files.items()
    ]
    made = writer.step(
        "ExampleGen", {}, {"examples": "Examples"}, told={"files": json.dumps(data)}, origin=origin
    )
    taken = {"examples": made["examples"]}
    made |= writer.step("StatisticsGen", taken, {"statistics": "ExampleStatistics"}, origin=origin)
    made |= writer.step("SchemaGen", {}, {"schema": "Schema"}, told={"sha256": schema}, origin=origin)
    config = {"code": code, "checkpoint": "/somewhere", "training": training}
    made |= writer.step(
        "Trainer",
        {**taken, "schema": made["schema"]},
        {"model": "Model", "model_run": "ModelRun"},
        told={"custom_config": json.dumps(config)},
        origin=origin,
        known=known,
    )
    judged = {**taken, "model": made["model"], **({"baseline_model": baseline} if baseline else {})}
    specs = [{"label_key": "bought"}, *([{"is_baseline": True}] if baseline else [])]
    made |= writer.step(
        "Evaluator",
        judged,
        {"evaluation": "ModelEvaluation", "blessing": "ModelBlessing"},
        told={"eval_config": json.dumps({"model_specs": specs})},
        origin=origin,
        known={"blessing": {"blessed": str(int(blessed))}},
    )
    if version is None:
        return made
    place = writer.workspace.serving(PROJECT) / str(version)
    pushed = {"pushed_version": str(version), "pushed_destination": str(place)}
    return made | writer.step(
        "Pusher",
        {"model": made["model"], "model_blessing": made["blessing"]},
        {"pushed_model": "PushedModel"},
        origin=origin,
        known={"pushed_model": pushed},
    )


def _event(kind: int, name: str) -> Any:
    event = mlmd.Event(type=kind)
    event.path.steps.add().key = name
    event.path.steps.add().index = 0
    return event
