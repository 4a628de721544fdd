"""Which variables parameter servers share."""

from __future__ import annotations

import pytest
import tensorflow as tf

from kit.training.cluster.parameter_server import ByRows


@pytest.mark.parametrize(
    ("shape", "shards"),
    [((48,), [1]), ((100, 100), [1, 1]), ((1023, 8), [1, 1]), ((1024, 1), [2, 1]), ((9000, 4), [3, 1])],
)
def test_large_embeddings_are_spread_and_kernels_are_not(shape: tuple[int, ...], shards: list[int]) -> None:
    assert ByRows(3)(tf.TensorShape(shape), tf.float32) == shards
