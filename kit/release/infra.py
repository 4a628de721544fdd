"""InfraValidator: turns a blessed model into a package that a fresh server must load and answer from before a push.

The package is the model with `assets.extra`: requests and answers, the warm-up file, and what it needs (see
`kit.release.package_samples` and `kit.release.package_facts`). It lies where TFX's InfraValidator leaves a model with
warm-up requests, in the InfraBlessing, and Pusher pushes that very copy.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.orchestration import metadata
from tfx.types import artifact_utils, component_spec, standard_artifacts
from tfx.utils import path_utils

from kit.data.records import first_records
from kit.errors import InfraCheckError, StepOrderError
from kit.evaluation.blessing import BLESSED
from kit.evaluation.latest import evaluated_inputs
from kit.project import Project
from kit.release.config import Release
from kit.release.contract import (
    changes,
    check_compatible,
    check_promised,
    promised_by,
    read_meta_graph,
    signatures_of,
)
from kit.release.few_requests import for_few_requests
from kit.release.infra_check import check_package
from kit.release.operations import parse_target, preflight, used_by
from kit.release.package_facts import model_digest, write_package_file
from kit.release.package_samples import make_samples, write_samples
from kit.release.signatures import MODEL_FOLDER, column_of
from kit.release.versions import numbers, read_package
from kit.serving.errors import ServingError
from kit.serving.servable import Servable
from kit.session import Session
from kit.steps.history import ENDED_WELL, executions, outputs_of
from kit.steps.progress import report
from kit.versions import lock_digest
from kit.workspace import Workspace

MEASURED = "measured.json"
MODEL_DIGEST = "model_digest"
# Names of TFX's InfraValidator, which its Pusher looks at.
_HAS_MODEL, _BLESSED_FILE = "has_model", "INFRA_BLESSED"


class InfraValidatorExecutor(base_executor.BaseExecutor):
    """Makes the package and checks it; faults are raised, so that nothing unchecked can be found later."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        settings = json.loads(exec_properties["settings"])
        project = Project.load(settings["project"])
        release = Release.model_validate(settings["release"])
        blessing = artifact_utils.get_single_instance(output_dict["blessing"])
        package = Path(path_utils.stamped_model_path(blessing.uri))
        source = Path(artifact_utils.get_single_uri(input_dict["model"])) / MODEL_FOLDER
        shutil.copytree(source, package)

        report("signatures and operations")
        meta_graph = read_meta_graph(package)
        found, used = signatures_of(meta_graph), used_by(meta_graph)
        said = [check_promised(promised_by(settings["signatures"]), found)]
        base = Path(settings["base"])
        # Not in `settings`: in a pipeline the model does not exist yet when its component is made.
        if against := newest_other(base, model_digest(source)):
            old = signatures_of(read_meta_graph(base / against))
            breaking = release.breaking
            declared = (breaking.version, breaking.why) if breaking else None
            said.append(check_compatible(changes(old, found), int(against), declared))
        said.append(preflight(used, [parse_target(target) for target in release.targets]))

        report("requests for each signature")
        examples = Path(artifact_utils.get_single_uri(input_dict["examples"]))
        _add_samples(package, project, first_records(examples, "eval", release.sample_rows))
        facts = write_package_file(package, project, used, said)

        report("a fresh server loads the package")
        measured = check_package(package, project.name, release)
        content = json.dumps({**measured.as_dict(), "checks": said}, indent=1, ensure_ascii=False)
        (Path(blessing.uri) / MEASURED).write_text(content + "\n")
        (Path(blessing.uri) / _BLESSED_FILE).touch()
        blessing.set_int_custom_property(BLESSED, 1)
        blessing.set_int_custom_property(_HAS_MODEL, 1)
        blessing.set_string_custom_property(MODEL_DIGEST, facts["model"])


def _add_samples(package: Path, project: Project, records: list[bytes]) -> None:
    try:
        servable = Servable.load(project.name, 0, package, config=for_few_requests())
    except ServingError as error:
        raise InfraCheckError(
            f"The model must be a SavedModel, but it cannot be loaded: {error}. Train again."
        ) from error
    try:
        write_samples(package, make_samples(servable, records, column_of(project)))
    finally:
        servable.close()


class InfraValidatorSpec(component_spec.ComponentSpec):
    """Inputs and outputs of TFX's InfraValidatorSpec; `settings` is JSON of what the checks depend on."""

    PARAMETERS = {"settings": component_spec.ExecutionParameter(type=str)}  # noqa: RUF012  TFX's way
    INPUTS = {  # noqa: RUF012
        "model": component_spec.ChannelParameter(type=standard_artifacts.Model),
        "examples": component_spec.ChannelParameter(type=standard_artifacts.Examples),
    }
    OUTPUTS = {  # noqa: RUF012
        "blessing": component_spec.ChannelParameter(type=standard_artifacts.InfraBlessing)
    }


class InfraValidator(base_component.BaseComponent):
    """Like TFX's InfraValidator, but with a process of this machine instead of Docker or Kubernetes."""

    SPEC_CLASS = InfraValidatorSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(InfraValidatorExecutor)

    def __init__(self, model: types.BaseChannel, examples: types.BaseChannel, settings: str) -> None:
        blessing = types.Channel(type=standard_artifacts.InfraBlessing)
        super().__init__(
            InfraValidatorSpec(model=model, examples=examples, settings=settings, blessing=blessing)
        )


def infra_validator(session: Session) -> InfraValidator:
    """Return the InfraValidator of the model that was evaluated last.

    Its signatures are compared with those of the newest version that servers see and that is a different model: so a
    model that is already pushed is not checked again.
    """
    inputs, project = evaluated_inputs(session), session.project
    model = inputs["model"][0]
    base = session.workspace.serving(project.name)
    return infra_validator_of(
        project,
        base,
        model=session.as_channel([model]),
        examples=session.as_channel(inputs["examples"]),
        against=newest_other(base, model_digest(Path(model.uri) / MODEL_FOLDER)),
    )


def infra_validator_of(
    project: Project, base: Path, *, model: types.BaseChannel, examples: types.BaseChannel, against: str
) -> InfraValidator:
    """Return the InfraValidator for a project, wherever its inputs come from.

    Args:
        project: the project whose signatures and limits are taken.
        base: folder of the versions that servers see.
        model: channel of the Model to check.
        examples: channel of raw Examples; the split eval gives the sample requests.
        against: the newest version in that folder that is a different model, as far as known; if it has changed, the
            check runs again instead of coming from the cache.
    """
    settings = {
        "project": str(project.folder),
        "release": project.spec.release.model_dump(mode="json", exclude={"keep_versions", "litert"}),
        "signatures": {name: one.model_dump(mode="json") for name, one in project.spec.signatures.items()},
        "base": str(base),
        "against": against,
        "code": project.code_digest("release", "serving"),
        "requirements.lock": lock_digest(),
    }
    return InfraValidator(model=model, examples=examples, settings=json.dumps(settings, sort_keys=True))


def evaluated_model(session: Session) -> types.Artifact:
    """Return the model that was evaluated last.

    Raises:
        StepOrderError: when none was.
    """
    return evaluated_inputs(session)["model"][0]


def newest_other(base: Path, digest: str) -> str:
    """Return the newest version in a folder whose model has another digest; empty: there is none."""
    others = [number for number in numbers(base) if read_package(base / str(number)).get("model") != digest]
    return str(max(others)) if others else ""


def newest_other_than_trained(workspace: Workspace, project: Project) -> str:
    """Return the newest version that servers see and that is not Trainer's latest model; empty: none.

    For a pipeline, whose own model does not exist yet: either it comes from the cache and is the latest one, or it is
    new, and checked anyway.
    """
    config = metadata.sqlite_metadata_connection_config(str(workspace.metadata_path))
    with metadata.Metadata(config) as handle:
        past = [
            run
            for run in executions(handle.store, project.name, "Trainer")
            if run.last_known_state in ENDED_WELL
        ]
        model = outputs_of(handle.store, past[-1])["model"][0].uri if past else ""
    folder = Path(model) / MODEL_FOLDER
    return newest_other(
        workspace.serving(project.name), model_digest(folder) if model and folder.is_dir() else ""
    )


def infra_blessing(session: Session) -> types.Artifact:
    """Return the latest InfraBlessing of the model that was evaluated last.

    Raises:
        StepOrderError: when there is none.
    """
    model = evaluated_model(session)
    for inputs, outputs in session.history("InfraValidator"):
        if inputs["model"][0].id == model.id:
            return outputs["blessing"][0]
    raise StepOrderError(
        "InfraValidator must have loaded the model that was evaluated last in a fresh server, but it has not. "
        "Run 05_release from its top."
    )


def infra_table(session: Session) -> pd.DataFrame:
    """Return the times of the fresh server: one row per signature, with its milliseconds by gRPC and REST."""
    return pd.DataFrame(_measured(session)["signatures"])


def check_infra(session: Session) -> str:
    """Return what each check of the package said, one sentence per line."""
    measured = _measured(session)
    memory = f" with {measured['memory_mb']:.0f} MB" if measured["memory_mb"] else ""
    ways = "gRPC and REST" if any(one["rest_ms"] is not None for one in measured["signatures"]) else "gRPC"
    count = len(measured["signatures"])
    signatures = "1 signature" if count == 1 else f"{count} signatures"
    server = (
        f"A fresh server was ready in {measured['load_seconds']:.1f} s{memory}, "
        f"and answered {signatures} by {ways} as the model does."
    )
    return "\n".join([*measured["checks"], server])


def _measured(session: Session) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((Path(infra_blessing(session).uri) / MEASURED).read_text())
    return content
