"""How good the recommender is as a model, compared with the best possible and with boosted trees.

The data is generated, so the true probability of every click is known; no model can rank clicks better than that. The
committed sample is one random draw. Two more draws are measured, whose clicks nobody looked at while building the
model, and a large one with the numbers of users and items per row that sample_data/README.md shows for ten million
rows.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from kit.bench.boosted import Table
from kit.bench.chain import NOTEBOOKS, kit_command, run_timed
from kit.bench.figure import Figure
from kit.bench.generated import Size, generate, make_project
from kit.data.records import decoded_batches
from kit.project import Project
from kit.projects.recommender import features
from kit.release.signatures import load_signatures
from kit.session import Session
from kit.training import dataset
from kit.workspace import CHECKOUT, Workspace
from sample_data import best_auc
from sample_data.best import auc

_EVAL_SPAN = 7
_SAMPLE_GOAL, _MILLION_GOAL = 0.90, 0.96
_TREES = ("lightgbm==4.7.0", "narwhals")  # the numpy and scipy that it also needs are the kit's


@dataclass(frozen=True)
class Data:
    """The data that a model is trained and judged on.

    Attributes:
        name: the figure's name.
        seed: the generator's seed; 0: the committed sample.
        rows_a_span, users, items: how much is generated, over seven spans.
        parameters: the notebooks' parameters, where those of project.yml are for less data.
    """

    name: str
    seed: int = 0
    rows_a_span: int = 4_000
    users: int = 2_000
    items: int = 400
    parameters: tuple[str, ...] = ()


SAMPLE = Data("sample")
OTHERS = (Data("seed 101", 101), Data("seed 102", 102))
# Batches of 2,048 rows: a small batch tells less about each of so many users, and fewer steps are quicker.
MILLION = Data("1 million rows", 21, 142_860, 20_000, 500, ("-p", "epochs", "3", "-p", "batch_size", "2048"))


@dataclass(frozen=True)
class Judged:
    """The AUC on the held-out rows, that of boosted trees, and the best possible one."""

    auc: float
    trees: float
    best: float

    @property
    def ratio(self) -> float:
        return (self.auc - 0.5) / (self.best - 0.5)


def quality(folder: Path) -> Iterator[Figure]:
    """Train on each data set with the notebooks, and train boosted trees on the same transformed rows."""
    sample = judge(SAMPLE, folder / "sample")
    yield _ratio("sample", sample.ratio, _SAMPLE_GOAL, sample.auc)
    others = [judge(data, folder / f"seed-{data.seed}") for data in OTHERS]
    mean = float(np.mean([one.ratio for one in others]))
    yield _ratio(f"mean of {len(others)} other samples", mean, _SAMPLE_GOAL)
    million = judge(MILLION, folder / "million")
    yield _ratio("1 million rows, 20,000 users, 500 items", million.ratio, _MILLION_GOAL, million.auc)
    for name, one in (("sample", sample), ("1 million rows", million)):
        yield Figure(
            f"recommender over boosted trees, {name}, AUC",
            one.auc / one.trees,
            "ratio",
            1.0,
            "more",
            one.trees,
            one.auc,
        )


def judge(data: Data, folder: Path) -> Judged:
    """Run the notebooks for data, features and training, and judge the model as it would be served.

    Raises:
        StepFailedError: when a command fails.
    """
    folder.mkdir(parents=True)
    generated, project = (
        (CHECKOUT / "sample_data", "recommender") if not data.seed else _generate(data, folder)
    )
    workspace = folder / "workspace"
    run_timed(kit_command("run", *NOTEBOOKS[:3], "-P", project, "-w", str(workspace), *data.parameters))
    session = Session(Workspace(workspace), Project.load(project))
    clicked, scores = _served(session)
    return Judged(auc(clicked, scores), boosted_auc(session, folder), best_auc(_EVAL_SPAN, generated))


def _ratio(name: str, value: float, goal: float, measured: float | None = None) -> Figure:
    what = f"recommender, (AUC - 0.5) / (best possible - 0.5), {name}"
    return Figure(what, value, "ratio", goal, "more", None, measured)


def _generate(data: Data, folder: Path) -> tuple[Path, str]:
    """Generate the data and a copy of the recommender project that reads it; return the folder and the project."""
    generated = folder / "generated"
    generate(Size(data.rows_a_span, data.users, data.items), generated, data.seed)
    return generated, str(make_project(folder / f"recommender_{data.seed}", generated))


def _served(session: Session) -> tuple[np.ndarray, np.ndarray]:
    """Return the labels of the held-out rows, and their scores from the saved model's `examples` signature."""
    signature = load_signatures(session.path("Trainer", "model"))["examples"]
    label, labels, scores = session.project.label, [], []
    for records, columns in decoded_batches(session.path("ExampleGen", "examples"), "eval"):
        labels.append(columns[label].flatten().to_numpy())
        scores.append(signature(examples=tf.constant(records))["score"].numpy())
    return np.concatenate(labels), np.concatenate(scores)


# -- boosted trees


def boosted_auc(session: Session, folder: Path) -> float:
    """Return the AUC of LightGBM on the transformed rows, run in a process and with packages of its own.

    Raises:
        StepFailedError: when LightGBM cannot be installed, or fails.
    """
    packages = folder / "packages"
    run_timed([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(packages), *_TREES])
    train, held_out = (_columns(session, split) for split in ("train", "eval"))
    categories = _categories(train)
    table = Table(
        _features(train, categories),
        train["clicked_xf"],
        _features(held_out, categories),
        _categorical(train),
    )
    file, scores = folder / "table.npz", folder / "scores.npy"
    table.save(file)
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(packages), str(CHECKOUT)])}
    run_timed([sys.executable, "-m", "kit.bench.boosted", str(file), str(scores)], environ)
    return auc(held_out["clicked_xf"], np.load(scores))


def _columns(session: Session, split: str) -> dict[str, np.ndarray]:
    """Return the transformed rows of a split in order of time, label included, one array per feature."""
    output = tft.TFTransformOutput(str(session.path("Transform", "transform_graph")))
    pattern = str(session.path("Transform", "transformed_examples") / f"Split-{split}" / "*")
    label = session.project.label_key
    rows = dataset.load([pattern], output, label)
    batches = [(dict(values), labels) for values, labels in rows.once(1 << 16).as_numpy_iterator()]
    columns = {name: np.concatenate([values[name] for values, _ in batches]) for name in batches[0][0]}
    columns[label] = np.concatenate([labels for _, labels in batches])
    order = np.argsort(columns["timestamp_xf"], kind="stable")
    return {name: values[order] for name, values in columns.items()}


def _categories(train: dict[str, np.ndarray]) -> np.ndarray:
    """Return the category of each item by its code, as the model looks it up, with an extra one for unknown items."""
    unknown = int(train["category_xf"].max()) + 1
    categories = np.full(int(max(train["item_id_xf"].max(), train["last_items_xf"].max())) + 1, unknown)
    categories[train["item_id_xf"]] = train["category_xf"]
    return categories


def _features(rows: dict[str, np.ndarray], categories: np.ndarray) -> dict[str, np.ndarray]:
    """Return the columns for trees: the model's, and counts over the last items that trees cannot compute themselves.

    These are how many of the last items are in each category, and how many in the candidate's.
    """
    plain = {name: rows[name] for name in rows if name not in {"clicked_xf", "timestamp_xf", "last_items_xf"}}
    last = categories[np.minimum(rows["last_items_xf"], len(categories) - 1)]
    real = np.arange(features.HISTORY)[None] < rows["last_count_xf"][:, None]
    counts = {
        f"last_{category}": ((last == category) & real).sum(axis=1)
        for category in range(int(categories.max()) + 1)
    }
    same = ((last == rows["category_xf"][:, None]) & real).sum(axis=1)
    return {**plain, **counts, "last_same_category": same}


def _categorical(rows: dict[str, np.ndarray]) -> tuple[str, ...]:
    return tuple(f"{key}_xf" for key in features.VOCABULARIES if f"{key}_xf" in rows)
