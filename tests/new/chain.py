"""Runs the steps of a project and asks its model. Imported when the tests run: TFX warns at import."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import tensorflow as tf
from tfx.components.example_validator.component import ExampleValidator

from kit.data.example_gen import ProjectExampleGen
from kit.data.schema import schema_gen
from kit.data.statistics import StatisticsGen
from kit.features.transform import transform
from kit.new import create
from kit.project import Project
from kit.session import Session
from kit.training.job import ROWS_FILE
from kit.training.trainer import trainer
from kit.workspace import Workspace

EPOCHS = 8


@dataclass(frozen=True)
class Run:
    """A trained project: its session and the rows that it was made of."""

    project: Project
    session: Session
    table: pd.DataFrame

    @property
    def eval_records(self) -> list[bytes]:
        folder = self.session.path("ExampleGen", "examples") / "Split-eval"
        files = [str(path) for path in folder.iterdir()]
        return [record.numpy() for record in tf.data.TFRecordDataset(files, compression_type="GZIP")]

    @property
    def saved(self) -> Any:
        return tf.saved_model.load(str(self.session.path("Trainer", "model") / "Format-Serving"))

    def answers(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the labels and predictions of the evaluation rows, through the served signatures."""
        records = tf.constant(self.eval_records)
        model = self.saved
        labels = model.signatures["transform_features"](examples=records)[self.project.label_key].numpy()
        [predictions] = model.signatures["examples"](examples=records).values()
        return labels, predictions.numpy()

    def check_signatures_agree(self, arguments: dict[str, str]) -> None:
        """Send the same rows as examples and by columns; `arguments` are what columns are called there."""
        records = self.eval_records[:100]
        model = self.saved
        signature = model.signatures["serving_default"]
        request = {}
        for column, name in arguments.items():
            spec = signature.structured_input_signature[1][name]
            request[name] = tf.constant([_cell(record, column, spec.dtype) for record in records], spec.dtype)
        assert set(request) == set(signature.structured_input_signature[1])
        [by_column] = signature(**request).values()
        [by_example] = model.signatures["examples"](examples=tf.constant(records)).values()
        np.testing.assert_allclose(by_column, by_example, atol=1e-6, rtol=1e-6)

    def check_no_row_is_lost(self) -> None:
        rows = json.loads((self.session.path("Trainer", "model_run") / ROWS_FILE).read_text())
        assert rows["train"] + rows["eval"] == len(self.table)
        assert rows["eval"] == len(self.eval_records)


def run(tmp_path: Path, table: pd.DataFrame, path: Path, label: str) -> Run:
    workspace = Workspace(tmp_path / "ws")
    created = create("made_up", path, label, workspace.path / "projects")
    project = Project.load(created.folder)
    session = Session(workspace, project)

    def done(component: Any) -> Any:
        session.run(component)
        return component.outputs

    examples = done(ProjectExampleGen(project))["examples"]
    statistics = done(StatisticsGen(examples=examples))["statistics"]
    schema = done(schema_gen(project, statistics))["schema"]
    done(ExampleValidator(statistics=statistics, schema=schema))
    transformed = done(transform(project, examples, schema))
    training = project.spec.training.model_copy(update={"epochs": EPOCHS})
    done(
        trainer(
            workspace,
            project,
            training,
            examples=transformed["transformed_examples"],
            transform_graph=transformed["transform_graph"],
            schema=schema,
        )
    )
    return Run(project, session, table)


def _cell(record: bytes, column: str, dtype: tf.DType) -> Any:
    feature = tf.train.Example.FromString(record).features.feature[column]
    kind = feature.WhichOneof("kind")
    if kind is None or not getattr(feature, kind).value:
        return "" if dtype == tf.string else float("nan")
    return getattr(feature, kind).value[0]
