"""What the recommender learns, from rows whose causes are planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kit.projects.recommender import features
from kit.projects.recommender.explain import ITEM_CATEGORY
from kit.projects.recommender.model import adapt, build_model
from kit.training.config import Training
from sample_data.best import auc

ROWS = 8_000
SIZES = {"user_id": 50, "item_id": 60, "category": 6, "region": 2, "device": 2}  # without unknown ones
TRAINING = Training(epochs=6, batch_size=128, learning_rate=0.02)
Columns = dict[str, np.ndarray]


@dataclass
class Vocabularies:
    """What a model asks Transform's output for."""

    sizes: dict[str, int]

    def vocabulary_size_by_name(self, name: str) -> int:
        return self.sizes[name]


def rows(seed: int) -> Columns:
    """Return rows of chance; the category of an item is its code modulo the categories."""
    random = np.random.default_rng(seed)
    columns = {f"{key}_xf": random.integers(size, size=ROWS) for key, size in SIZES.items()}
    columns["category_xf"] = columns["item_id_xf"] % SIZES["category"]
    columns["age_xf"] = random.integers(features.AGE_BUCKETS, size=ROWS)
    columns["days_xf"] = random.integers(features.DAYS_BUCKETS, size=ROWS)
    columns["position_xf"] = random.integers(1, features.POSITIONS, size=ROWS)
    columns["hour_xf"] = random.integers(features.HOURS, size=ROWS)
    columns["last_count_xf"] = random.integers(features.HISTORY + 1, size=ROWS)
    columns["last_items_xf"] = random.integers(SIZES["item_id"], size=(ROWS, features.HISTORY))
    columns["price_xf"] = random.normal(size=ROWS).astype(np.float32)
    return columns


def train(columns: Columns, clicked: np.ndarray) -> tf_keras.Model:
    tf_keras.utils.set_random_seed(5)
    model = build_model(Vocabularies(SIZES), TRAINING)
    data = tf.data.Dataset.from_tensor_slices((columns, clicked.astype(np.float32)))
    adapt(model, data.batch(1_000))
    model.fit(data.shuffle(ROWS, seed=1).batch(TRAINING.batch_size), epochs=TRAINING.epochs, verbose=0)
    return model


def scores(model: tf_keras.Model, columns: Columns) -> np.ndarray:
    return np.asarray(model(columns, training=False))[:, 0]


def taste(columns: Columns, seed: int) -> tuple[Columns, np.ndarray]:
    """Let users of two kinds, which no column names, have met and click the even or the odd categories."""
    random = np.random.default_rng(seed)
    odd = random.integers(2, size=ROWS)
    met = columns["last_items_xf"] // 2 * 2
    kind = np.where(random.random(met.shape) < 0.8, odd[:, None], 1 - odd[:, None])
    columns = {**columns, "last_items_xf": met + kind, "last_count_xf": np.full(ROWS, features.HISTORY)}
    return columns, np.where(columns["category_xf"] % 2 == odd, 0.4, 0.03)


def test_the_taste_is_read_off_the_last_items() -> None:
    learnt, chance = taste(rows(1), seed=11)
    model = train(learnt, np.random.default_rng(2).random(ROWS) < chance)
    new, chance = taste(rows(3), seed=13)
    clicked = np.random.default_rng(4).random(ROWS) < chance
    best = auc(clicked, chance)
    assert best > 0.75
    assert auc(clicked, scores(model, new)) - 0.5 > 0.93 * (best - 0.5)
    # The items are the same, but none of them is real: nothing is known of the taste.
    assert auc(clicked, scores(model, {**new, "last_count_xf": np.zeros(ROWS, int)})) < 0.6


@pytest.mark.parametrize(
    ("cause", "other"), [("position_xf", "device_xf"), ("hour_xf", "category_xf"), ("price_xf", "age_xf")]
)
def test_a_cause_that_depends_on_another_is_learnt(cause: str, other: str) -> None:
    """The cause works in one direction for half of the other's codes, and in the opposite for the rest."""

    def chance(columns: Columns) -> np.ndarray:
        high = columns[cause] > np.median(columns[cause])
        return np.where(high == (columns[other] > np.median(SIZES_OF[other])), 0.3, 0.05)

    learnt, new = rows(1), rows(3)
    model = train(learnt, np.random.default_rng(2).random(ROWS) < chance(learnt))
    clicked = np.random.default_rng(4).random(ROWS) < chance(new)
    best = auc(clicked, chance(new))
    # Not more: a price counts in proportion here, while the planted one has two levels.
    assert auc(clicked, scores(model, new)) - 0.5 > 0.8 * (best - 0.5)


SIZES_OF = {
    "device_xf": np.arange(SIZES["device"]),
    "category_xf": np.arange(SIZES["category"]),
    "age_xf": np.arange(features.AGE_BUCKETS),
}


def test_from_chance_nothing_is_learnt_by_heart() -> None:
    """Without priors the same model orders its own rows with an AUC of 0.77."""
    columns = rows(1)
    clicked = np.random.default_rng(2).random(ROWS) < 0.1
    model = train(columns, clicked)
    assert auc(clicked, scores(model, columns)) < 0.7
    assert scores(model, columns).mean() == pytest.approx(clicked.mean(), abs=0.03)


def test_adapt_tells_categories_and_how_many_rows_there_are() -> None:
    model = build_model(Vocabularies(SIZES), TRAINING)
    columns = {name: values[:5_000] for name, values in rows(1).items()}
    train = tf.data.Dataset.from_tensor_slices((columns, np.zeros(5_000, np.float32)))
    adapt(model, train.batch(2_000))
    known = model.get_layer(ITEM_CATEGORY)
    items = SIZES["item_id"]
    assert known.table.numpy()[:items].tolist() == [code % SIZES["category"] for code in range(items)]
    assert known.table.numpy()[items:].tolist() == [SIZES["category"]]  # of items never seen
    assert known.rows.numpy() == 5_000


def test_what_the_search_space_changes_is_built() -> None:
    small = TRAINING.model_copy(update={"model": {"segments": 4, "item_size": 3, "units": 8}})
    model = build_model(Vocabularies(SIZES), small)
    assert model.get_layer("segments").output.shape == (None, 4)
    assert model.get_layer("embed_item").output.shape == (None, 3)
    assert model.get_layer("deep").input.shape == (None, 4)
