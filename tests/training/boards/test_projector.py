"""Embeddings go to the projector with the words that their codes stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tf_keras
from google.protobuf import text_format
from tensorboard.plugins.projector import ProjectorConfig

from kit.training.boards import projector
from kit.training.boards.projector import Embedding, embeddings_of, write_embeddings

from .vocabularies import Vocabularies

WORDS = {"item": ["i1", "tab\tnew\nline", ""], "user": ["u1"]}


def model() -> tf_keras.Model:
    """Return a model with one embedding of items for two features, one of users, and one of hours."""
    item = tf_keras.Input((), name="item_xf", dtype="int64")
    last = tf_keras.Input((4,), name="last_items_xf", dtype="int64")
    user = tf_keras.Input((), name="user_xf", dtype="int64")
    hour = tf_keras.Input((), name="hour_xf", dtype="int64")
    items = tf_keras.layers.Embedding(5, 4, name="items")
    mean = tf_keras.layers.GlobalAveragePooling1D()(items(last))
    users = tf_keras.layers.Embedding(2, 1, name="users")(user)
    hours = tf_keras.layers.Embedding(24, 3, name="hours")(hour)
    return tf_keras.Model(
        [item, last, user, hour], tf_keras.layers.Concatenate()([items(item), mean, users, hours])
    )


def table(path: Path) -> list[list[str]]:
    return [line.split("\t") for line in path.read_text().splitlines()]


def test_layers_of_vocabularies_are_found_by_what_they_take(tmp_path: Path) -> None:
    built = model()
    colours = {"item": {"colour": ["red", "green", "blue", "none", "none"]}}
    more = {"both": ("item", np.ones((5, 7), np.float32))}
    write_embeddings(tmp_path, embeddings_of(built, Vocabularies(WORDS), more, colours))
    config = text_format.Parse((tmp_path / projector.CONFIG).read_text(), ProjectorConfig())
    shapes = {one.tensor_name: tuple(one.tensor_shape) for one in config.embeddings}
    assert shapes == {"items": (5, 4), "users": (2, 3), "both": (5, 7)}, "hours are no vocabulary"
    for one in config.embeddings:
        vectors = np.loadtxt(tmp_path / one.tensor_path, ndmin=2)
        assert vectors.shape == shapes[one.tensor_name]
        if one.tensor_name != "both":
            kept = built.get_layer(one.tensor_name).get_weights()[0]
            assert vectors[:, : kept.shape[1]] == pytest.approx(kept, rel=1e-4)
            assert not vectors[:, kept.shape[1] :].any()
        assert len(table(tmp_path / one.metadata_path)) == len(vectors) + 1
    assert table(tmp_path / "projector" / "items_words.tsv") == [
        ["item", "colour", "rank by frequency"],
        ["i1", "red", "1"],
        ["tab new line", "green", "2"],
        ["(empty)", "blue", "3"],
        [projector.UNKNOWN, "none", "4"],
        [projector.UNKNOWN, "none", "5"],
    ]


def test_the_most_frequent_words_are_kept_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projector, "MOST_POINTS", 3)
    words = [f"w{place}" for place in range(9)]
    write_embeddings(tmp_path, [Embedding("many", np.ones((9, 3)), {"word": words, "more": words})])
    assert [row[0] for row in table(tmp_path / "projector" / "many_words.tsv")] == ["word", "w0", "w1", "w2"]
    assert len(table(tmp_path / "projector" / "many.tsv")) == 3


def test_a_model_without_vocabularies_leaves_nothing(tmp_path: Path) -> None:
    write_embeddings(tmp_path, embeddings_of(model(), Vocabularies({}), {}, {}))
    assert list(tmp_path.iterdir()) == []
