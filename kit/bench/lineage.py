"""How long a question about lineage takes in a store of 50,000 artifacts, and how long checking an audit pack takes."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as mlmd

from kit.audit.seal import sealed
from kit.audit.verify import verify
from kit.bench.chain import kit_command
from kit.bench.figure import Figure
from kit.data.data_file import FILES, DataFile, to_json
from kit.errors import StepFailedError
from kit.lineage.graph import BASELINE
from kit.lineage.query import trace
from kit.lineage.render import as_text
from kit.release.pushed_model import DESTINATION, VERSION
from kit.retention.config import Retention
from kit.retention.plan import make_plan
from kit.workspace import Workspace

ARTIFACTS = 50_000
PROJECT, FIRST_VERSION = "bench", 1_700_000_000
_REPEATS, _PACK_BYTES = 3, 20_000_000
_GOAL_SECONDS = 1.0
_A_YEAR = 365 * 86_400

# One chain: its steps with their inputs and outputs; the Evaluator also takes the previous chain's model.
_STEPS: Sequence[tuple[str, Sequence[str], Mapping[str, str]]] = (
    ("ExampleGen", (), {"examples": "Examples"}),
    ("StatisticsGen", ("examples",), {"statistics": "ExampleStatistics"}),
    ("SchemaGen", (), {"schema": "Schema"}),
    ("ExampleValidator", ("statistics", "schema"), {"anomalies": "ExampleAnomalies"}),
    ("Transform", ("examples", "schema"), {"transform_graph": "TransformGraph", "transformed_examples": "Examples"}),
    ("Trainer", ("transformed_examples", "transform_graph", "schema"), {"model": "Model", "model_run": "ModelRun"}),
    ("Evaluator", ("examples", "model"), {"evaluation": "ModelEvaluation", "blessing": "ModelBlessing"}),
    ("InfraValidator", ("model", "examples"), {"infra_blessing": "InfraBlessing"}),
    ("Pusher", ("model", "blessing", "infra_blessing"), {"pushed_model": "PushedModel"}),
)  # fmt: skip
_MADE = sum(len(made) for _, _, made in _STEPS)


def lineage(folder: Path, artifacts: int = ARTIFACTS) -> Iterable[Figure]:
    """Measure; takes about a minute on two cores, most of it to make the store.

    Args:
        folder: the folder for the store.
        artifacts: the least number of artifacts in it.

    Raises:
        StepFailedError: when an answer is not what the store holds.
    """
    workspace = Workspace(folder / "ws")
    chains = -(-artifacts // _MADE)
    make_store(workspace, chains)
    version, file = str(FIRST_VERSION + chains - 1), f"span-{chains // 2}.csv"
    of = f"in a store of {chains * _MADE:,} artifacts"
    name = f"kit lineage of a version {of}, from the command to the answer"
    yield Figure(name, _command(workspace, version), "s", _GOAL_SECONDS, "less")
    for what, subject in (("a version", version), ("a data file", file)):
        seconds = _seconds(partial(_ask, workspace, subject))
        yield Figure(f"lineage of {what} {of}, in a process that runs", seconds, "s", _GOAL_SECONDS, "less")
    rule, later = Retention(keep_models=10), time.time() + _A_YEAR
    yield Figure(f"kit gc looks {of}", _seconds(lambda: make_plan(workspace, PROJECT, rule, later)), "s")
    yield Figure(f"check of an audit pack of {_PACK_BYTES // 1_000_000} MB", _check_of_pack(), "s")


def _ask(workspace: Workspace, subject: str) -> str:
    return as_text(trace(workspace, subject))


def make_store(workspace: Workspace, chains: int) -> None:
    """Write a store with a number of chains from data to push, each judged against the one before."""
    store = _open(workspace)
    runs, artifacts = list(_executions(store, chains)), list(_artifacts(store, workspace, chains))
    run_ids, artifact_ids = store.put_executions(runs), store.put_artifacts(artifacts)
    store.put_events(list(_events(run_ids, artifact_ids, chains)))
    pipeline = store.put_context_type(mlmd.ContextType(name="pipeline"))
    [context] = store.put_contexts([mlmd.Context(type_id=pipeline, name=PROJECT)])
    store.put_attributions_and_associations(
        [], [mlmd.Association(execution_id=run, context_id=context) for run in run_ids]
    )
    _origins(store, run_ids)


def _open(workspace: Workspace) -> Any:
    config = mlmd.ConnectionConfig()
    config.sqlite.filename_uri = str(workspace.metadata_path)
    config.sqlite.connection_mode = mlmd.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
    return metadata_store.MetadataStore(config)


def _executions(store: Any, chains: int) -> Iterator[Any]:
    kinds = {}
    for component, _, _ in _STEPS:
        kind = mlmd.ExecutionType(name=f"bench.{component}")
        for name in ("component_id", FILES, "custom_config"):
            kind.properties[name] = mlmd.STRING
        kinds[component] = store.put_execution_type(kind)
    for number in range(chains):
        files = [DataFile(Path(f"/data/span-{number}.csv"), "train", number, f"{number:064x}")]
        config = {"code": "0" * 16, "training": {"epochs": 8, "learning_rate": 0.02, "seed": number}}
        for component, _, _ in _STEPS:
            run = mlmd.Execution(type_id=kinds[component], last_known_state=mlmd.Execution.COMPLETE)
            run.properties["component_id"].string_value = component
            if component == "ExampleGen":
                run.properties[FILES].string_value = to_json(files)
            run.properties["custom_config"].string_value = json.dumps(config)
            yield run


def _artifacts(store: Any, workspace: Workspace, chains: int) -> Iterator[Any]:
    made = [(component, name, kind) for component, _, outputs in _STEPS for name, kind in outputs.items()]
    kinds = {kind: store.put_artifact_type(mlmd.ArtifactType(name=kind)) for _, _, kind in made}
    base = workspace.serving(PROJECT)
    for number in range(chains):
        for component, name, kind in made:
            uri = workspace.artifacts(PROJECT) / component / name / str(number)
            artifact = mlmd.Artifact(type_id=kinds[kind], uri=str(uri), state=mlmd.Artifact.LIVE)
            told = {"name": f"{name}:{number}", "producer_component": component, "tfx_version": "1.21.0"}
            if kind == "PushedModel":
                version = str(FIRST_VERSION + number)
                told |= {VERSION: version, DESTINATION: str(base / version)}
            for key, value in told.items():
                artifact.custom_properties[key].string_value = value
            if kind == "ModelBlessing":
                artifact.custom_properties["blessed"].int_value = number % 2
            yield artifact


def _events(runs: Sequence[int], artifacts: Sequence[int], chains: int) -> Iterator[Any]:
    before: int | None = None
    for number in range(chains):
        ids, made = iter(artifacts[number * _MADE : (number + 1) * _MADE]), dict[str, int]()
        for (component, taken, outputs), run in zip(_STEPS, runs[number * len(_STEPS) :], strict=False):
            for name in taken:
                yield _event(mlmd.Event.INPUT, run, made[name], name)
            if component == "Evaluator" and before is not None:
                yield _event(mlmd.Event.INPUT, run, before, BASELINE)
            for name in outputs:
                made[name] = next(ids)
                yield _event(mlmd.Event.OUTPUT, run, made[name], name)
        before = made["model"]


def _event(kind: int, run: int, artifact: int, name: str) -> Any:
    event = mlmd.Event(type=kind, execution_id=run, artifact_id=artifact)
    event.path.steps.add().key = name
    event.path.steps.add().index = 0
    return event


def _origins(store: Any, runs: Sequence[int]) -> None:
    kind = store.put_context_type(mlmd.ContextType(name="component_run"))
    contexts = []
    for run in runs:
        context = mlmd.Context(type_id=kind, name=f"{PROJECT}.{run}")
        for name in ("code_commit", "host", "user", "run", "packages"):
            context.custom_properties[f"kit_{name}"].string_value = f"{name} {run // len(_STEPS)}"
        contexts.append(context)
    pairs = zip(runs, store.put_contexts(contexts), strict=True)
    store.put_attributions_and_associations(
        [], [mlmd.Association(execution_id=run, context_id=context) for run, context in pairs]
    )


def _command(workspace: Workspace, version: str) -> float:
    """Return the seconds of the whole command, from its process's start; the best of some, as others only add to it."""
    command = kit_command("lineage", version, "--workspace", str(workspace.path))

    def ask() -> None:
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        if ended.returncode or "Trainer, complete" not in ended.stdout:
            raise StepFailedError(f"`kit lineage` must show the training of {version}, but: {ended.stderr}")

    return _seconds(ask)


def _seconds(work: Callable[[], object]) -> float:
    taken = []
    for _ in range(_REPEATS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def _check_of_pack() -> float:
    member = os.urandom(_PACK_BYTES // 20)
    pack = sealed(
        {"of": "bench"}, {f"{number}.bin": member for number in range(20)}, Ed25519PrivateKey.generate()
    )
    return _seconds(lambda: verify(pack))
