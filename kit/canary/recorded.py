"""How experiments ended, in ML Metadata: an execution with both pushed versions as inputs, the evidence as output.

    kit.Experiment            who decided what, when and why; the settings. Inputs `control` and `candidate`
    kit.ExperimentEvidence    the folder of the experiment, with what was counted and the last look at it

The records are made from the experiments' files, which come first: an end must not wait for ML Metadata's libraries,
and when a command was killed before it recorded one, the next command does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml_metadata.proto import metadata_store_pb2 as mlmd
from tfx import types
from tfx.orchestration import metadata

from kit.canary.actions import alone, folder_of
from kit.canary.judge import looks
from kit.release.pushed_model import VERSION
from kit.serving.experiments.counts import FAILED, OTHERS, REQUESTS, SLOW, total
from kit.serving.experiments.experiment import ENDED, Experiment
from kit.serving.experiments.split import CANDIDATE, CONTROL
from kit.session import Session
from kit.steps.history import executions, values_of

EXPERIMENT_TYPE, EVIDENCE_TYPE = "kit.Experiment", "kit.ExperimentEvidence"

_FACTS = ("name", "verdict", "control", "candidate", "started", "ended", "who", "why", "settings")
_EVIDENCE = ("looks", "last_look", "requests")


def record(session: Session) -> list[str]:
    """Record a project's ended experiments in ML Metadata; return the names of the newly recorded ones.

    If ML Metadata does not know the candidate, which was pushed by other means, the experiment stays in its files only.
    """
    folder = folder_of(session.workspace, session.project)
    with alone(session.workspace, session.project):  # or two watchers would both find it not recorded yet
        ended = sorted(
            (Experiment.from_json(path.read_text()) for path in folder.glob(f"*/{ENDED}")),
            key=lambda one: one.ended,
        )
        known, pushes = recorded(session), _pushes(session)
        new = [one for one in ended if one.name not in known and one.candidate in pushes]
        if new:
            with metadata.Metadata(session.metadata_connection_config) as handle:
                for one in new:
                    _put(handle.store, session.pipeline_name, one, folder / one.name, pushes)
    return [one.name for one in new]


def recorded(session: Session) -> dict[str, Mapping[str, str]]:
    """Return what ML Metadata knows about a project's experiments, by name, the oldest first."""
    with metadata.Metadata(session.metadata_connection_config) as handle:
        found = executions(handle.store, session.pipeline_name)
    facts = [values_of(one.properties) for one in found if one.type == EXPERIMENT_TYPE]
    return {one["name"]: one for one in facts}


def is_recorded(session: Session, one: Experiment) -> bool:
    """Return whether ML Metadata knows how an experiment ended."""
    return one.name in recorded(session)


def _pushes(session: Session) -> dict[int, types.Artifact]:
    """Return the pushed models that ML Metadata knows, by version."""
    made = [outputs["pushed_model"][0] for _, outputs in session.history("Pusher")]
    return {int(one.get_string_custom_property(VERSION)): one for one in made}


def _put(
    store: Any, pipeline: str, one: Experiment, folder: Path, pushes: Mapping[int, types.Artifact]
) -> None:
    context = store.get_context_by_type_and_name("pipeline", pipeline)
    execution = mlmd.Execution(
        type_id=_type(store.put_execution_type, mlmd.ExecutionType(name=EXPERIMENT_TYPE), _FACTS),
        last_known_state=mlmd.Execution.COMPLETE,
    )
    _fill(execution.properties, _facts(one))
    evidence = mlmd.Artifact(
        type_id=_type(store.put_artifact_type, mlmd.ArtifactType(name=EVIDENCE_TYPE), _EVIDENCE),
        uri=str(folder),
        state=mlmd.Artifact.LIVE,
    )
    _fill(evidence.properties, _evidence(folder))
    inputs = {"control": one.control, "candidate": one.candidate}
    taken = {name: pushes[version].id for name, version in inputs.items() if version in pushes}
    whole = {proto.id: proto for proto in store.get_artifacts_by_id(list(taken.values()))}
    pairs = [(whole[id_], _event(mlmd.Event.INPUT, name, id_)) for name, id_ in taken.items()]
    store.put_execution(
        execution, [*pairs, (evidence, _event(mlmd.Event.OUTPUT, "evidence"))], [context] if context else []
    )


def _facts(one: Experiment) -> dict[str, str]:
    return {
        "name": one.name,
        "verdict": one.state,
        "control": str(one.control),
        "candidate": str(one.candidate),
        "started": one.started,
        "ended": one.ended,
        "who": one.who,
        "why": one.why,
        "settings": one.settings.model_dump_json(),
    }


def _evidence(folder: Path) -> dict[str, str]:
    """Return what was known at the end: all counts, and the last look where there was one."""
    past, counts = looks(folder), total(folder)
    requests = {
        name: {
            word: int(counts.table[arm, :, kind].sum())
            for word, kind in (("all", REQUESTS), ("failed", FAILED), ("slow", SLOW))
        }
        for name, arm in (("control", CONTROL), ("candidate", CANDIDATE))
    }
    others = dict(zip(OTHERS, map(int, counts.others), strict=True))
    return {
        "looks": str(len(past)),
        "last_look": json.dumps(asdict(past[-1])) if past else "",
        "requests": json.dumps({**requests, "no evidence": others}),
    }


def _type(put: Any, kind: Any, names: tuple[str, ...]) -> int:
    """Create a type, or find it: ML Metadata returns an existing type that is put again."""
    for name in names:
        kind.properties[name] = mlmd.STRING
    return int(put(kind))


def _fill(properties: Any, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        properties[name].string_value = value


def _event(kind: Any, name: str, artifact: int | None = None) -> Any:
    event = mlmd.Event(type=kind, artifact_id=artifact)
    event.path.steps.add(key=name)
    event.path.steps.add(index=0)
    return event
