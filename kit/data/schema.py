"""The schema that examples must follow: curated with the project, or inferred from the training split."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from itertools import takewhile
from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx import types
from tfx.components.schema_gen import component
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts

from kit.data.statistics import load_statistics
from kit.errors import ProjectError
from kit.project import BUILT_IN, Project
from kit.project_yaml import read_project_file
from kit.workspace import Workspace, write_atomically

SCHEMA_FILE = "schema.pbtxt"
# Share of rows whose value must be a known one. New values are daily life for ids and rare for categories.
_CATEGORY_MASS = 0.98


class InferredSchemaExecutor(base_executor.BaseExecutor):
    """Infers a schema from the training split, never from the rows that it is to judge."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del exec_properties
        [statistics], [schema] = input_dict["statistics"], output_dict["schema"]
        inferred = tfdv.infer_schema(
            load_statistics(Path(statistics.uri), "train"), infer_feature_shape=False
        )
        loosen(inferred)
        tfdv.write_schema_text(inferred, str(Path(schema.uri) / SCHEMA_FILE))


class SchemaGen(component.SchemaGen):
    """TFX's SchemaGen, looking at the training split only."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(InferredSchemaExecutor)


class CuratedSchemaExecutor(base_executor.BaseExecutor):
    """Copies the curated schema into the workspace."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        del input_dict
        [schema] = output_dict["schema"]
        Path(schema.uri).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(exec_properties["schema_file"], Path(schema.uri) / SCHEMA_FILE)


class _CuratedSpec(types.ComponentSpec):
    PARAMETERS = {  # noqa: RUF012  TFX's own form
        "schema_file": types.component_spec.ExecutionParameter(type=str),
        "sha256": types.component_spec.ExecutionParameter(type=str),
    }
    INPUTS: dict[str, Any] = {}  # noqa: RUF012
    OUTPUTS = {"schema": types.component_spec.ChannelParameter(type=standard_artifacts.Schema)}  # noqa: RUF012


class CuratedSchemaGen(base_component.BaseComponent):
    """Gives a schema file as an artifact.

    TFX's ImportSchemaGen knows the file by its path alone, so that an edited schema would be a cache hit; here the
    digest is a property too.
    """

    SPEC_CLASS = _CuratedSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(CuratedSchemaExecutor)

    def __init__(self, file: Path) -> None:
        read_schema(file)
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        schema = types.Channel(type=standard_artifacts.Schema)
        super().__init__(_CuratedSpec(schema_file=str(file), sha256=digest, schema=schema))
        self.with_id("SchemaGen")


def loosen(schema: schema_pb2.Schema) -> None:
    """Allow the few new values that every day brings, so that inference from one sample does not cry wolf."""
    for feature in schema.feature:
        if feature.HasField("domain") or feature.HasField("string_domain"):
            feature.distribution_constraints.min_domain_mass = _CATEGORY_MASS


def schema_gen(project: Project, statistics: Any, workspace: Workspace | None = None) -> Any:
    """Return the component that gives the schema: a curated one, or else one inferred from the statistics.

    With a workspace, a schema that was saved there for a built-in project goes before the project's own.
    """
    file = file_in_force(project, workspace)
    return CuratedSchemaGen(file) if file else SchemaGen(statistics=statistics).with_id("SchemaGen")


def load_schema(path: Path) -> schema_pb2.Schema:
    """Load the schema from the folder of a Schema artifact."""
    return tfdv.load_schema_text(str(path / SCHEMA_FILE))


def read_schema(file: Path) -> schema_pb2.Schema:
    """Read a curated schema.

    Raises:
        ProjectError: when the file is no schema; the message names the line.
    """
    try:
        return text_format.Parse(file.read_text(encoding="utf-8"), schema_pb2.Schema())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"{file} must be a schema in protobuf's text format, but is not: {error}. Correct it there, or take it "
            "from version control."
        ) from None


def curated_file(project: Project, workspace: Workspace) -> Path:
    """Return where the curated schema of a project is saved, whether or not it is there yet.

    It is in the project's folder, but for built-in projects in the workspace: the package is the same for all
    workspaces, and the next installation would replace it.
    """
    if is_built_in(project):
        return workspace.path / "schemas" / project.name / SCHEMA_FILE
    return project.folder / (project.spec.schema_file or SCHEMA_FILE)


def file_in_force(project: Project, workspace: Workspace | None) -> Path | None:
    """Return the curated schema that SchemaGen takes; None: it infers one."""
    saved = curated_file(project, workspace) if workspace and is_built_in(project) else None
    if saved and saved.is_file():
        return saved
    return project.folder / project.spec.schema_file if project.spec.schema_file else None


def is_built_in(project: Project) -> bool:
    return project.folder.is_relative_to(BUILT_IN)


def save_schema(project: Project, workspace: Workspace, schema: schema_pb2.Schema) -> Path:
    """Write a schema where `curated_file` says; the comment at its head is kept. A project.yml comes to name it.

    Raises:
        ProjectError: when project.yml cannot be made to name the file; nothing is written then.
    """
    file = curated_file(project, workspace)
    named = project.spec.schema_file is not None or is_built_in(project)
    before = file_in_force(project, workspace)
    lines = before.read_text(encoding="utf-8").splitlines(keepends=True) if before else []
    head = "".join(takewhile(lambda line: line.startswith("#"), lines))
    project_text = None if named else _naming_schema(project)
    write_atomically(file, head + text_format.MessageToString(schema, as_utf8=True))
    if project_text is not None:
        write_atomically(project.folder / "project.yml", project_text)
        project.spec = project.spec.model_copy(update={"schema_file": SCHEMA_FILE})
    return file


def _naming_schema(project: Project) -> str:
    """Return project.yml with a line for the schema, once it is proved to read well."""
    file = project.folder / "project.yml"
    text = f"{file.read_text(encoding='utf-8').rstrip()}\nschema_file: {SCHEMA_FILE}\n"
    with tempfile.TemporaryDirectory() as folder:
        trial = Path(folder) / file.name
        trial.write_text(text, encoding="utf-8")
        try:
            spec = read_project_file(trial)
        except ProjectError:
            spec = None
    if spec != project.spec.model_copy(update={"schema_file": SCHEMA_FILE}):
        raise ProjectError(
            f"{file} must name the schema, but a line could not be added to it by itself. Write "
            f"`schema_file: {SCHEMA_FILE}` there, and save again."
        )
    return text
