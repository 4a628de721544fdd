"""The shop's signature of the sample project: a user and a hundred candidates in, a score for each out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft

from kit.data.example_gen import ProjectExampleGen
from kit.data.records import first_records, read_records
from kit.data.schema import schema_gen
from kit.features.transform import transform
from kit.project import Project
from kit.projects.recommender import model as model_module
from kit.release.signatures import check_contract, load_signatures, send_requests
from kit.session import Session
from kit.training import dataset
from kit.training.save import save
from kit.workspace import Workspace

pytestmark = pytest.mark.slow
CANDIDATES = 100


@dataclass(frozen=True)
class Shop:
    """The signatures of a model, and the rows that it has seen, in the order of time."""

    project: Project
    signatures: dict[str, Any]
    examples: Path

    def scores(self, user: str, items: list[str], timestamp: float = 1_700_000_000) -> np.ndarray:
        """Return a score an item; the request is padded with ''."""
        padded = [[*items, *[""] * (CANDIDATES - len(items))]]
        answer = self.signatures["serving_default"](
            user_id=tf.constant([user]),
            item_ids=tf.constant(padded),
            timestamp=tf.constant([timestamp], tf.float32),
        )
        found: np.ndarray = answer["score"].numpy()[0, : len(items)]
        return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return an untrained model of one span: its scores tell nothing, but how they are made is all there."""
    folder = tmp_path_factory.mktemp("shop")
    project = Project.load("recommender")
    session = Session(Workspace(folder / "ws"), project)
    session.run(ProjectExampleGen(project, train_spans="1", eval_spans="2"))
    session.run(schema_gen(project, None))
    examples, schema = session.channel("ExampleGen", "examples"), session.channel("SchemaGen", "schema")
    session.run(transform(project, examples, schema))
    output = tft.TFTransformOutput(str(session.path("Transform", "transform_graph")))
    rows = session.path("Transform", "transformed_examples") / "Split-train" / "*"
    train = dataset.load([str(rows)], output, project.label_key).pieces()
    tf.random.set_seed(1)
    model = model_module.build_model(output, project.spec.training)
    model_module.adapt(model, train)
    save(project, model_module, model, output, train, str(folder / "Format-Serving"))
    return Shop(project, load_signatures(folder), session.path("ExampleGen", "examples"))


@pytest.fixture(scope="module")
def latest(shop: Shop) -> tf.train.Example:
    """Return the last row of training: nothing is known of its user and item that is newer."""
    *_, record = read_records(shop.examples, "train")
    return tf.train.Example.FromString(record)


def text(example: tf.train.Example, column: str) -> str:
    return str(example.features.feature[column].bytes_list.value[0].decode())


def test_it_takes_and_gives_what_project_yml_promises(shop: Shop) -> None:
    serving = shop.signatures["serving_default"]
    assert {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in serving.inputs.items()} == {
        "user_id": ("string", [None]),
        "item_ids": ("string", [None, CANDIDATES]),
        "timestamp": ("float32", [None]),
    }
    assert {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in serving.outputs.items()} == {
        "score": ("float32", [None, CANDIDATES])
    }
    assert "4 signatures" in check_contract(shop.project, shop.signatures)
    send_requests(shop.project, shop.signatures, shop.examples)


@pytest.mark.parametrize("known_user", [True, False])
@pytest.mark.parametrize("known_item", [True, False])
def test_known_and_unknown_users_and_items_get_a_probability(
    shop: Shop, latest: tf.train.Example, known_user: bool, known_item: bool
) -> None:
    user = text(latest, "user_id") if known_user else "nobody"
    item = text(latest, "item_id") if known_item else "nothing"
    scores = shop.scores(user, [item, ""])
    assert np.isfinite(scores).all()
    assert ((scores > 0) & (scores < 1)).all()


def test_all_that_is_unknown_is_scored_alike(shop: Shop, latest: tf.train.Example) -> None:
    scores = shop.scores(text(latest, "user_id"), ["nothing", "nowhere", "", text(latest, "item_id")])
    assert scores[0] == scores[1] == scores[2] != scores[3]
    assert shop.scores("nobody", ["x"]) == shop.scores("no one", ["x"])


def test_a_score_does_not_depend_on_the_other_candidates(shop: Shop, latest: tf.train.Example) -> None:
    rows = [tf.train.Example.FromString(record) for record in first_records(shop.examples, "train", 20)]
    items = sorted({text(row, "item_id") for row in rows})
    forwards = shop.scores(text(latest, "user_id"), items)
    backwards = shop.scores(text(latest, "user_id"), items[::-1])
    np.testing.assert_allclose(forwards, backwards[::-1], rtol=1e-5)
    assert len(set(forwards.tolist())) > 1


def test_the_lookup_knows_what_the_row_says(shop: Shop, latest: tf.train.Example) -> None:
    """The same user and item, shown first, sent as an example with all its columns."""
    shown_first = tf.train.Example.FromString(latest.SerializeToString())
    shown_first.features.feature["position"].int64_list.value[0] = 1
    timestamp = latest.features.feature["timestamp"].int64_list.value[0]
    [wanted] = shop.signatures["examples"](examples=tf.constant([shown_first.SerializeToString()]))["score"]
    [found] = shop.scores(text(latest, "user_id"), [text(latest, "item_id")], timestamp)
    assert found == pytest.approx(float(wanted), abs=1e-6)


@pytest.mark.parametrize(
    ("days", "code"), [(-3, 0), (0, 0), (6, 0), (7, 1), (29, 2), (30, 3), (729, 7), (730, 8), (5_000, 8)]
)
def test_the_days_since_signup_are_told_by_weeks_months_and_years(
    shop: Shop, latest: tf.train.Example, days: int, code: int
) -> None:
    row = tf.train.Example.FromString(latest.SerializeToString())
    row.features.feature["days_since_signup"].int64_list.value[0] = days
    transformed = shop.signatures["transform_features"](examples=tf.constant([row.SerializeToString()]))
    assert transformed["days_xf"].numpy().tolist() == [code]


def test_several_users_are_scored_at_once(shop: Shop, latest: tf.train.Example) -> None:
    users = [text(latest, "user_id"), "nobody"]
    item = text(latest, "item_id")
    answer = shop.signatures["serving_default"](
        user_id=tf.constant(users),
        item_ids=tf.constant([[item] * CANDIDATES] * 2),
        timestamp=tf.constant([1_700_000_000.0] * 2),
    )
    assert answer["score"].shape == (2, CANDIDATES)
    for row, user in zip(answer["score"].numpy(), users, strict=True):
        np.testing.assert_allclose(row, np.full(CANDIDATES, shop.scores(user, [item])[0]), rtol=1e-5)
