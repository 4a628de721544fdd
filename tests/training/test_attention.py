"""Where a model looks is told of some rows, the same each time, and what is told is what the model does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from kit.projects.recommender import explain
from kit.projects.recommender.model import build_model
from kit.training.attention import Attended, examples, read_examples, save_examples
from kit.training.config import Training

from .boards.vocabularies import Vocabularies

NAMES = [f"i{number}" for number in range(20)]
GROUPS = [f"g{number % 3}" for number in range(20)]
PLACES, ROWS = 4, 40


def weights(rows: object) -> np.ndarray:
    """Look at the places that are real by their codes."""
    past, count = rows["past"], rows["count"]  # type: ignore[index]
    real = np.arange(PLACES) < count[:, None]
    drawn = np.where(real, past + 1.0, 0.0)
    return np.asarray(drawn / np.maximum(drawn.sum(axis=1, keepdims=True), 1e-9))


ATTENDED = Attended(
    weights, "item", "past", "count", NAMES, GROUPS, {"device": ("device", ["phone", "desk"])}
)


def rows(clicked: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    draw = np.random.default_rng(2)
    features = {
        "item": draw.integers(0, 20, ROWS),
        "past": draw.integers(0, 20, (ROWS, PLACES)),
        "count": np.arange(ROWS) % (PLACES + 1),
        "device": draw.integers(0, 2, ROWS),
    }
    labels = (np.arange(ROWS) < clicked).astype(np.int64)
    return features, draw.random(ROWS), labels


@pytest.mark.parametrize(
    ("clicked", "most", "above"), [(20, 10, 5), (2, 10, 0), (5, 10, 3), (40, 10, 10), (40, 100, 24)]
)
def test_half_of_the_examples_have_a_label_where_there_are_enough(
    clicked: int, most: int, above: int
) -> None:
    features, scores, labels = rows(clicked)
    found = examples(ATTENDED, features, scores, labels, most)
    assert len(found) == min(most, 24), "24 rows have a past of two or more"
    assert sum(one.label > 0 for one in found) == above
    assert found == examples(ATTENDED, features, scores, labels, most)


def test_an_example_tells_what_the_row_holds() -> None:
    features, scores, labels = rows(20)
    for one in examples(ATTENDED, features, scores, labels, 24):
        [place] = np.flatnonzero(np.isclose(scores, one.score, atol=1e-5))
        count = features["count"][place]
        assert one.candidate == NAMES[features["item"][place]]
        assert one.group == GROUPS[features["item"][place]]
        assert one.label == labels[place]
        assert one.about == {"device": ["phone", "desk"][features["device"][place]]}
        assert [thing.name for thing in one.past] == [NAMES[code] for code in features["past"][place, :count]]
        assert [thing.group for thing in one.past] == [
            GROUPS[code] for code in features["past"][place, :count]
        ]
        assert sum(thing.weight for thing in one.past) == pytest.approx(1, abs=1e-4)


def test_examples_are_read_as_they_were_saved(tmp_path: Path) -> None:
    assert read_examples(tmp_path) == []
    found = examples(ATTENDED, *rows(20), 7)
    save_examples(tmp_path, found)
    assert read_examples(tmp_path) == found


def test_without_a_past_there_is_no_example() -> None:
    features, scores, labels = rows(20)
    features["count"] = np.minimum(features["count"], 1)
    assert examples(ATTENDED, features, scores, labels, 7) == []


@pytest.fixture(scope="module")
def vocabularies() -> Vocabularies:
    words = {key: [f"{key} {number}" for number in range(9)] for key in ("user_id", "region", "device")}
    return Vocabularies({**words, "item_id": NAMES, "category": ["g0", "g1", "g2"]})


@pytest.fixture(scope="module")
def recommender(vocabularies: Vocabularies) -> tf_keras.Model:
    tf_keras.utils.set_random_seed(3)
    model = build_model(vocabularies, Training())
    table = model.get_layer(explain.ITEM_CATEGORY).table
    table.assign(np.resize([0, 1, 2], table.shape))
    return model


def some_rows(model: tf_keras.Model) -> dict[str, tf.Tensor]:
    """Return rows of the recommender with a past of one more item each."""
    draw = np.random.default_rng(4)
    given = {}
    for tensor in model.inputs:
        shape = (6, *tensor.shape[1:])
        drawn = draw.integers(0, 3, shape) if tensor.dtype.is_integer else draw.normal(size=shape)
        given[tensor.name] = tf.constant(drawn, tensor.dtype)
    given["last_count_xf"] = tf.range(6, dtype=tf.int64)
    return given


def test_the_recommender_tells_the_weights_that_it_uses(
    recommender: tf_keras.Model, vocabularies: Vocabularies
) -> None:
    given = some_rows(recommender)
    attended = explain.attention(recommender, vocabularies)
    told = np.asarray(attended.weights({**given, "timestamp_xf": tf.zeros(6)}))
    counts = given[attended.count].numpy()
    assert told.shape == given[attended.past].shape
    assert told.sum(axis=1) == pytest.approx((counts > 0).astype(float), abs=1e-5)
    assert not told[np.arange(told.shape[1]) >= counts[:, None]].any(), "no place beyond the real ones"
    # What the layer gives on is the past by these weights.
    layer = recommender.get_layer(explain.ATTENTION)
    query, history, count = tf_keras.Model(recommender.inputs, layer.input)(given)
    mean = np.einsum("bh,bhd->bd", told, history.numpy())
    assert layer([query, history, count]).numpy()[:, : mean.shape[1]] == pytest.approx(mean, abs=1e-5)


def test_the_recommender_tells_names_and_categories_of_items(
    recommender: tf_keras.Model, vocabularies: Vocabularies
) -> None:
    attended = explain.attention(recommender, vocabularies)
    assert list(attended.names) == [*NAMES, explain.UNKNOWN]
    assert list(attended.groups[:4]) == ["g0", "g1", "g2", "g0"]
    metadata = explain.embedding_metadata(recommender, vocabularies)
    assert metadata["item_id"]["category"] == list(attended.groups)
    [(vocabulary, vectors)] = explain.embeddings(recommender, vocabularies).values()
    assert vocabulary == "item_id"
    assert len(vectors) == len(attended.names)
    item = recommender.get_layer("embed_item").get_weights()[0]
    assert vectors[:, -item.shape[1] :] == pytest.approx(item)
