"""The schema that examples must follow: curated with the project, or inferred from the training split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components.schema_gen import component
from tfx.components.schema_gen.import_schema_gen import component as import_component
from tfx.dsl.components.base import base_executor, executor_spec

from kit.data.statistics import load_statistics
from kit.project import Project

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


def loosen(schema: schema_pb2.Schema) -> None:
    """Allow the few new values that every day brings, so that inference from one sample does not cry wolf."""
    for feature in schema.feature:
        if feature.HasField("domain") or feature.HasField("string_domain"):
            feature.distribution_constraints.min_domain_mass = _CATEGORY_MASS


def schema_gen(project: Project, statistics: Any) -> Any:
    """Return the component that gives the schema: the project's curated one, or else an inferred one."""
    if project.spec.schema_file:
        curated = project.folder / project.spec.schema_file
        return import_component.ImportSchemaGen(schema_file=str(curated)).with_id("SchemaGen")
    return SchemaGen(statistics=statistics).with_id("SchemaGen")


def load_schema(path: Path) -> schema_pb2.Schema:
    """Load the schema from the folder of a Schema artifact."""
    return tfdv.load_schema_text(str(path / SCHEMA_FILE))
