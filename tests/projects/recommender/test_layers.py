"""What the layers of the recommender compute, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kit.projects.recommender.features import HISTORY
from kit.projects.recommender.layers import Attention, Cross, ItemLookup, Mixture, Prior, Segments

RANDOM = np.random.default_rng(3)


def lookup(rows: int) -> ItemLookup:
    layer = ItemLookup(4, 2)
    layer.rows.assign(rows)
    return layer


def test_items_that_no_training_row_has_are_of_the_unknown_category() -> None:
    layer = lookup(1)
    layer.table.assign([0, 1, 2, 2])
    assert layer(tf.constant([[1, 3], [0, 2]])).numpy().tolist() == [[1, 2], [0, 2]]


@pytest.mark.parametrize("rows", [10, 1000])
def test_the_prior_is_the_density_of_a_normal_distribution_a_row(rows: int) -> None:
    deviation, weights = 0.3, RANDOM.normal(size=(5, 2)).astype(np.float32)
    density = np.exp(-(weights**2) / (2 * deviation**2)) / (deviation * np.sqrt(2 * np.pi))
    peak = 1 / (deviation * np.sqrt(2 * np.pi))
    wanted = -np.log(density / peak).sum() / rows
    assert float(Prior(deviation, lookup(rows))(tf.constant(weights))) == pytest.approx(wanted, rel=1e-4)


def test_every_pair_has_a_code_of_its_own() -> None:
    first, second = np.divmod(np.arange(3 * 7), 7)
    codes = Cross(7)([tf.constant(first), tf.constant(second)]).numpy()
    assert sorted(codes.tolist()) == list(range(3 * 7))


def test_segments_follow_from_the_last_items_by_bayes_rule() -> None:
    """The evidence is the logarithm of how likely each segment's users are to have had an item of a category."""
    likelihood = RANDOM.dirichlet(np.ones(4), size=3)  # [segments, categories]
    prior = np.array([0.5, 0.3, 0.2])
    categories, count = RANDOM.integers(4, size=(6, HISTORY)), np.array([0, 1, 2, 5, 9, 10])
    layer = Segments()
    history = np.log(likelihood.T)[categories].astype(np.float32)
    user = np.tile(np.log(prior), (6, 1)).astype(np.float32)
    found = layer([tf.constant(history), tf.constant(count), tf.constant(user)]).numpy()
    for row, (seen, real) in enumerate(zip(categories, count, strict=True)):
        joint = prior * np.prod(likelihood[:, seen[:real]], axis=1)
        np.testing.assert_allclose(found[row], joint / joint.sum(), rtol=1e-4)


def test_a_mixture_averages_probabilities_and_not_logits() -> None:
    segments, logits = np.array([[0.5, 0.5], [1, 0]], np.float32), np.array([[4, -4], [1, 9]], np.float32)
    added = [np.array([[1.0], [0.5]], np.float32), np.array([[1.0], [-2.0]], np.float32)]
    found = Mixture(0.5)([tf.constant(value) for value in (segments, logits, *added)]).numpy()
    sigmoid = 1 / (1 + np.exp(-(logits + sum(added))))
    np.testing.assert_allclose(found, (segments * sigmoid).sum(axis=1, keepdims=True), rtol=1e-5)
    assert found[0, 0] < 1 / (1 + np.exp(-2.0))  # the sigmoid of the average logit


def test_a_mixture_starts_from_the_share_of_clicks() -> None:
    nothing = tf.zeros([3, 1])
    assert Mixture(0.1)([tf.fill([3, 4], 0.25), tf.zeros([3, 4]), nothing]).numpy() == pytest.approx(0.1)


def test_attention_looks_at_real_items_only_and_most_at_those_that_fit() -> None:
    candidate = np.array([[1.0, 0.0], [1.0, 0.0]], np.float32)
    history = np.zeros((2, HISTORY, 2), np.float32)
    history[:, 1] = [3.0, 0.0]  # fits
    layer = Attention()
    inputs = [tf.constant(candidate), tf.constant(history), tf.constant([3, 0])]
    assert layer(inputs).shape == (2, 2 + 2)
    weights = layer.attend(inputs).numpy()
    assert weights[0].argmax() == 1
    assert weights[0, :3].sum() == pytest.approx(1)
    assert not weights[0, 3:].any()
    assert not weights[1].any()
