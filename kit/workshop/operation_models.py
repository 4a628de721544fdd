"""Three models with equal answers, two of them slow, saved as packages for a server.

Each scores a list of items by what is known of them and by the rank of their price in the catalogue. The served model
has the prices sorted since its training. The slow ones sort them anew for each item that is asked about: the candidate
in a loop, the next candidate in one large operation.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.release.package_samples import make_samples, write_samples
from kit.serving.servable import DEFAULT_SIGNATURE, Servable

MODEL, VERSION = "recommender", 1
CATALOGUE = 10_000  # items; sorting their prices once takes most of a millisecond
ROWS = 3  # of the request in the package; each is a list of items
_LEAST_ITEMS, _MOST_ITEMS = 80, 120  # of a list
_DEPTH = 16

Request = dict[str, NDArray[np.int64]]
Rank = Callable[["_Scorer", tf.Tensor], tf.Tensor]


def save_package(name: str, base: Path, seed: int) -> Path:
    """Save a model, with a request and its answer in the package.

    Args:
        name: one of PACKAGES.
        base: the folder of the model's versions; there will be one.
        seed: the seed of prices, weights and the request.
    """
    package = base / str(VERSION)
    scorer = _Scorer(PACKAGES[name], seed)
    asked = tf.TensorSpec([None, _items_of(seed)], tf.int64, "item_ids")
    signature = scorer.score.get_concrete_function(asked)
    tf.saved_model.save(scorer, str(package), signatures={DEFAULT_SIGNATURE: signature})
    with closing(Servable.load(MODEL, VERSION, package)) as servable:
        write_samples(package, make_samples(servable, _records(seed), {}))
    return package


class _Scorer(tf.Module):
    """Scores lists of items.

    Args:
        rank: ranks prices, float32 [n], among those of the catalogue: int32 [n].
        seed: the seed of prices and weights.
    """

    def __init__(self, rank: Rank, seed: int) -> None:
        super().__init__()
        random = np.random.default_rng(seed)
        prices = random.lognormal(size=CATALOGUE).astype(np.float32)
        self._rank = rank
        self.prices = tf.Variable(prices, trainable=False)
        self.sorted_prices = tf.Variable(np.sort(prices), trainable=False)
        self.weights = tf.Variable(random.normal(size=(CATALOGUE, _DEPTH)).astype(np.float32))

    @tf.function
    def score(self, item_ids: tf.Tensor) -> dict[str, tf.Tensor]:
        """Score the items, int64 [rows, items]: float32 of the same shape."""
        with tf.name_scope("items"):
            known = tf.reduce_mean(tf.gather(self.weights, item_ids), axis=-1)
        with tf.name_scope("price_rank"):
            prices = tf.reshape(tf.gather(self.prices, item_ids), [-1])
            rank = tf.reshape(self._rank(self, prices), tf.shape(item_ids))
            share = tf.cast(rank, tf.float32) / CATALOGUE
        with tf.name_scope("score"):
            return {"score": tf.sigmoid(known - share)}


def _sorted_before(scorer: _Scorer, prices: tf.Tensor) -> tf.Tensor:
    return tf.searchsorted(scorer.sorted_prices, prices)


def _sorted_in_a_loop(scorer: _Scorer, prices: tf.Tensor) -> tf.Tensor:
    return tf.map_fn(
        lambda price: tf.searchsorted(tf.sort(scorer.prices), price[None])[0],
        prices,
        fn_output_signature=tf.int32,
    )


def _sorted_all_at_once(scorer: _Scorer, prices: tf.Tensor) -> tf.Tensor:
    copies = tf.tile(scorer.prices[None], [tf.size(prices), 1])
    return tf.searchsorted(tf.sort(copies), prices[:, None])[:, 0]


PACKAGES: dict[str, Rank] = {
    "served": _sorted_before,
    "candidate": _sorted_in_a_loop,
    "next candidate": _sorted_all_at_once,
}


def request_of(seed: int) -> Request:
    """Return a request with ROWS lists of items, each as long as those of the request in the package."""
    shape = (ROWS, _items_of(seed))
    return {"item_ids": np.random.default_rng(seed).integers(0, CATALOGUE, shape)}


def _items_of(seed: int) -> int:
    """Return how many items a list of the request has."""
    return int(np.random.default_rng(seed).integers(_LEAST_ITEMS, _MOST_ITEMS + 1))


def _records(seed: int) -> list[bytes]:
    """Return rows with an item each; the lists of the request in the package are filled from all of them."""
    chosen = request_of(seed)["item_ids"][:, 0]
    return [_example(int(item)).SerializeToString() for item in chosen]


def _example(item: int) -> tf.train.Example:
    feature = tf.train.Feature(int64_list=tf.train.Int64List(value=[item]))
    return tf.train.Example(features=tf.train.Features(feature={"item_id": feature}))
