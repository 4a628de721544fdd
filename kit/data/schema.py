"""The schema that examples must follow: curated with the project, or inferred from the training split."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Collection, Iterable, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
from tfx import types
from tfx.dsl.components.base import base_component, base_executor, executor_spec
from tfx.types import standard_artifacts, standard_component_specs

from kit.data.environments import add_environments
from kit.data.statistics import load_statistics
from kit.digests import of_file
from kit.errors import ProjectError
from kit.project import Project
from kit.project.read import read_project_text
from kit.workspace import Workspace, write_atomically
from kit.workspace_folders import SCHEMAS

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList

SCHEMA_FILE = "schema.pbtxt"
_TYPES = {"string": "BYTES", "int": "INT", "float": "FLOAT"}
# Kinds of columns with a fixed set of texts. Ids, keys, dates and free texts are new every day.
_CLOSED = {"category", "label"}
# Share of rows whose value must be a known one. New values are normal for ids and rare for categories.
_CATEGORY_MASS = 0.98


class Columns(NamedTuple):
    """What project.yml says about the columns beyond any statistics.

    Attributes:
        label: the name of the one to predict.
        types: BYTES, INT or FLOAT for each, in order.
        open: those without a fixed set of texts.
        weight: the name of the one with the weight of a row; empty: there is none.
    """

    label: str
    types: Mapping[str, str]
    open: Collection[str]
    weight: str = ""


class InferredSchemaExecutor(base_executor.BaseExecutor):
    """Infers a schema from the training split, never from the rows that it is to judge."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        [statistics], [schema] = input_dict["statistics"], output_dict["schema"]
        columns = Columns(**json.loads(exec_properties["columns"]))
        inferred = infer(load_statistics(Path(statistics.uri), "train"), columns)
        tfdv.write_schema_text(inferred, str(Path(schema.uri) / SCHEMA_FILE))


class _InferredSpec(standard_component_specs.SchemaGenSpec):
    PARAMETERS = {  # noqa: RUF012  TFX's own form
        **standard_component_specs.SchemaGenSpec.PARAMETERS,
        "columns": types.component_spec.ExecutionParameter(type=str),
    }


class SchemaGen(base_component.BaseComponent):
    """TFX's SchemaGen, but for the training split only, and with what project.yml says about the columns."""

    SPEC_CLASS = _InferredSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(InferredSchemaExecutor)

    def __init__(self, statistics: Any, project: Project) -> None:
        spec = _InferredSpec(
            statistics=statistics,
            infer_feature_shape=0,
            exclude_splits="[]",
            columns=json.dumps(columns_of(project)._asdict()),
            schema=types.Channel(type=standard_artifacts.Schema),
        )
        super().__init__(spec)


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

    TFX's ImportSchemaGen identifies the file by its path alone, so that an edited schema would be a cache hit; here the
    digest is a property, too.
    """

    SPEC_CLASS = _CuratedSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(CuratedSchemaExecutor)

    def __init__(self, file: Path) -> None:
        read_schema(file)
        schema = types.Channel(type=standard_artifacts.Schema)
        super().__init__(_CuratedSpec(schema_file=str(file), sha256=of_file(file), schema=schema))
        self.with_id("SchemaGen")


def columns_of(project: Project) -> Columns:
    """Return what a project says about its columns beyond any statistics."""
    columns = project.columns
    return Columns(
        project.label,
        {name: _TYPES[column.dtype] for name, column in columns.items()},
        [name for name, column in columns.items() if column.kind not in _CLOSED],
        project.weight,
    )


def infer(statistics: Statistics, columns: Columns) -> schema_pb2.Schema:
    """Return the schema that TFDV infers, in the order of the columns, loose enough for every day.

    A column without any value keeps its type: TFDV would say BYTES, and then refuse the first number.
    """
    inferred = tfdv.infer_schema(statistics, infer_feature_shape=False)
    for feature in inferred.feature:
        if not feature.presence.min_count and feature.name in columns.types:
            feature.type = schema_pb2.FeatureType.Value(columns.types[feature.name])
    places = {name: place for place, name in enumerate(columns.types)}
    inferred.feature.sort(key=lambda feature: places.get(feature.name, len(places)))
    loosen(inferred.feature, columns.open)
    drop_unused_domains(inferred)
    add_environments(inferred, columns.label, columns.weight)
    return inferred


def loosen(features: Iterable[schema_pb2.Feature], open_columns: Collection[str] = ()) -> None:
    """Allow the few new values that every day brings, so that a schema inferred from one sample raises no false alarms.

    Args:
        features: the features of an inferred schema.
        open_columns: names of those without a fixed set of texts; the texts of one sample are not a rule.
    """
    for feature in features:
        if feature.name in open_columns and feature.type == schema_pb2.BYTES:
            if which := feature.WhichOneof("domain_info"):
                feature.ClearField(which)
        elif feature.type == schema_pb2.BYTES and feature.HasField("bool_domain"):
            # From `true` and `false` as texts TFDV makes a rule that not a single row may break.
            texts = feature.bool_domain
            values = [value for value in (texts.true_value, texts.false_value) if value]
            feature.string_domain.CopyFrom(schema_pb2.StringDomain(name=feature.name, value=values))
        if feature.HasField("domain") or feature.HasField("string_domain"):
            feature.distribution_constraints.min_domain_mass = _CATEGORY_MASS


def drop_unused_domains(schema: schema_pb2.Schema) -> None:
    """Remove the domains that no feature refers to."""
    named = {feature.domain for feature in schema.feature}
    kept = [domain for domain in schema.string_domain if domain.name in named]
    del schema.string_domain[:]
    schema.string_domain.extend(kept)


def schema_gen(project: Project, statistics: Any, workspace: Workspace | None = None) -> Any:
    """Return the component that gives the schema: a curated one, or else one inferred from the statistics.

    With a workspace, a schema saved there for a built-in project takes precedence over the project's own.
    """
    file = file_in_force(workspace, project)
    return CuratedSchemaGen(file) if file else SchemaGen(statistics, project)


def load_schema(path: Path) -> schema_pb2.Schema:
    """Load the schema from the folder of a Schema artifact."""
    return tfdv.load_schema_text(str(path / SCHEMA_FILE))


def read_schema(file: Path) -> schema_pb2.Schema:
    """Read a curated schema.

    Raises:
        ProjectError: when the file is not a schema; the message names the line.
    """
    return parse_schema(file.read_bytes(), str(file))


def parse_schema(content: bytes, origin: str) -> schema_pb2.Schema:
    """Read a schema from the content of a file that people call `origin`.

    Raises:
        ProjectError: when it is not a schema; the message names the line.
    """
    try:
        return text_format.Parse(content.decode(), schema_pb2.Schema())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ProjectError(
            f"{origin} must be a schema in protobuf's text format, but is not: {error}. Correct it there, or take it "
            "from version control."
        ) from None


def schema_text(schema: schema_pb2.Schema) -> str:
    """Return a schema as text with one rule per line, so that a changed rule is a one-line diff."""
    text = io.StringIO()
    for field, value in schema.ListFields():
        for one in value if field.is_repeated else (value,):
            if field.message_type is None:
                text_format.PrintField(field, one, text, as_utf8=True)
                continue
            text.write(f"{field.name} {{\n")
            for inner, content in one.ListFields():
                for part in content if inner.is_repeated else (content,):
                    line = io.StringIO()
                    text_format.PrintField(inner, part, line, as_utf8=True, as_one_line=True)
                    text.write(f"  {line.getvalue().rstrip()}\n")
            text.write("}\n")
    return text.getvalue()


def curated_file(workspace: Workspace, project: Project) -> Path:
    """Return where the curated schema of a project is saved, whether or not it exists yet.

    That is the project's folder, but for built-in projects the workspace: the package is shared by all workspaces, and
    the next installation would replace it.
    """
    if project.is_built_in:
        return workspace.path / SCHEMAS / project.name / SCHEMA_FILE
    return project.folder / (project.spec.schema_file or SCHEMA_FILE)


def file_in_force(workspace: Workspace | None, project: Project) -> Path | None:
    """Return the curated schema that SchemaGen takes; None: it infers one."""
    saved = curated_file(workspace, project) if workspace and project.is_built_in else None
    if saved and saved.is_file():
        return saved
    return project.folder / project.spec.schema_file if project.spec.schema_file else None


def save_schema(workspace: Workspace, project: Project, schema: schema_pb2.Schema) -> Path:
    """Write a schema where `curated_file` says; the comment at its head is kept. project.yml will name it.

    Raises:
        ProjectError: when project.yml cannot be made to name the file; nothing is written then.
    """
    file = curated_file(workspace, project)
    named = project.spec.schema_file is not None or project.is_built_in
    before = file_in_force(workspace, project)
    lines = before.read_text(encoding="utf-8").splitlines(keepends=True) if before else []
    head = "".join(takewhile(lambda line: line.startswith("#"), lines))
    project_text = None if named else _naming_schema(project)
    write_atomically(file, head + schema_text(schema))
    if project_text is not None:
        write_atomically(project.folder / "project.yml", project_text)
        project.spec = project.spec.model_copy(update={"schema_file": SCHEMA_FILE})
    return file


def _naming_schema(project: Project) -> str:
    """Return project.yml with a line for the schema, once it is proved to read well."""
    file = project.folder / "project.yml"
    text = f"{file.read_text(encoding='utf-8').rstrip()}\nschema_file: {SCHEMA_FILE}\n"
    try:
        spec = read_project_text(text)
    except ProjectError:
        spec = None
    if spec != project.spec.model_copy(update={"schema_file": SCHEMA_FILE}):
        raise ProjectError(
            f"{file} must name the schema, but a line could not be added to it automatically. Write "
            f"`schema_file: {SCHEMA_FILE}` there, and save again."
        )
    return text
