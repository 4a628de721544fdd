"""A small project, from a CSV file to a trained model; what is done already comes from the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tfx import types
from tfx.components.example_validator.component import ExampleValidator

from kit.data.example_gen import ProjectExampleGen
from kit.data.schema import schema_gen
from kit.data.statistics import StatisticsGen
from kit.evaluation.config import evaluator
from kit.features.transform import transform
from kit.new import create
from kit.project import Project
from kit.project.file import Gate
from kit.session import Session
from kit.training.trainer import trainer
from kit.workspace import Workspace

NAME = "tiny"
EPOCHS, BATCH_ROWS, ROWS = 3, 64, 600
CITIES = ("Rom", "東京", "Oslo")


@dataclass(frozen=True)
class Tiny:
    """The project, the rows that it was made of, and its models by the seeds that they were trained with."""

    session: Session
    table: pd.DataFrame

    @property
    def project(self) -> Project:
        return self.session.project

    @property
    def folder(self) -> Path:
        """Of the workspace."""
        return self.session.workspace.path

    def opened_again(self) -> Tiny:
        """Return the same project in a session that knows only what is on the disk."""
        project = Project.load(self.project.folder)
        return Tiny(Session(Workspace(self.folder), project), self.table)

    def path(self, component: str, key: str) -> Path:
        return self.session.path(component, key)

    def train(self, seed: int = 1) -> types.Artifact:
        """Return the model of a seed."""
        settings = {"epochs": EPOCHS, "batch_size": BATCH_ROWS, "learning_rate": 0.01, "seed": seed}
        component = trainer(
            self.session.workspace,
            self.project,
            self.project.spec.training.override(**settings),
            examples=self.session.channel("Transform", "transformed_examples"),
            transform_graph=self.session.channel("Transform", "transform_graph"),
            schema=self.session.channel("SchemaGen", "schema"),
        )
        return self._made(self.session, component, "model")

    def evaluate(self, model: types.Artifact, *gates: Gate) -> Session:
        """Judge a model by some gates; return the session that did."""
        spec = self.project.spec.model_copy(update={"gates": gates})
        session = Session(self.session.workspace, Project(self.project.folder, spec))
        component = evaluator(
            session,
            examples=session.channel("ExampleGen", "examples"),
            model=session.as_channel([model]),
            schema=session.channel("SchemaGen", "schema"),
        )
        self._made(session, component, "evaluation")
        return session

    @staticmethod
    def _made(session: Session, component: Any, key: str) -> types.Artifact:
        session.run(component)
        return session.latest(component.id, key)


def make(
    folder: Path, rows: pd.DataFrame | None = None, prepare: Callable[[Path], None] = lambda _: None
) -> Tiny:
    """Train a project on rows, the visitors by default, after its files were changed."""
    table = visitors() if rows is None else rows
    workspace = Workspace(folder / "ws")
    data = workspace.path / "visitors.csv"  # in it, so that who puts the workspace back puts the rows back
    table.to_csv(data, index=False)
    created = create(NAME, data, "bought", workspace.path / "projects")
    _choose_quantised(created.folder / "project.yml")
    prepare(created.folder)
    project = Project.load(created.folder)
    session = Session(workspace, project)
    session.run(ProjectExampleGen(project))
    examples = session.channel("ExampleGen", "examples")
    session.run(StatisticsGen(examples=examples))
    statistics = session.channel("StatisticsGen", "statistics")
    session.run(schema_gen(project, statistics))
    schema = session.channel("SchemaGen", "schema")
    session.run(ExampleValidator(statistics=statistics, schema=schema))
    session.run(transform(project, examples, schema))
    tiny = Tiny(session, table)
    tiny.train()
    return tiny


def visitors() -> pd.DataFrame:
    """Return rows whose label depends on height and city, some of them missing."""
    draw = np.random.default_rng(3)
    height = draw.normal(170, 12, ROWS).round(1)
    city = draw.choice(CITIES, ROWS, p=[0.5, 0.3, 0.2])
    came = pd.Timestamp("2023-01-01") + pd.to_timedelta(draw.integers(0, 40_000_000, ROWS), unit="s")
    chance = 1 / (1 + np.exp(-((height - 170) / 6 + 2.0 * (city == CITIES[1]) - 0.6)))
    return pd.DataFrame(
        {
            "height": np.where(draw.random(ROWS) < 0.1, np.nan, height),
            "city": pd.Series(city).mask(draw.random(ROWS) < 0.05),
            "came": came.strftime("%Y-%m-%d %H:%M:%S"),
            "bought": np.where(draw.random(ROWS) < chance, "yes", "no"),
        }
    )


def _choose_quantised(file: Path) -> None:
    """Choose the LiteRT file that differs from the model; a new project has the one that does not."""
    text = file.read_text(encoding="utf-8")
    assert "variant: float" in text
    file.write_text(text.replace("variant: float", "variant: dynamic_range"), encoding="utf-8")
