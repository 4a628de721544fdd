"""An error is told in a line that has its reason."""

from __future__ import annotations

import pytest
import tensorflow as tf

from kit.features.tables import class_index
from kit.warm.answer import in_a_line


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("a\nb"), "ValueError: a"),
        (KeyError(), "KeyError"),
        (ValueError("Graph execution error:\n\nnothing else"), "ValueError: Graph execution error:"),
    ],
)
def test_the_first_line_is_told(error: Exception, line: str) -> None:
    assert in_a_line(error) == line


def test_the_reason_why_a_graph_failed_is_told() -> None:
    label = tf.SparseTensor([[0, 0], [1, 0]], tf.constant([1, 2], tf.int64), [2, 1])
    index = tf.function(lambda label: class_index(label, (0, 1)))
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        index(label)
    wrapped = ValueError(f'An error occurred while trying to apply the transformation: "{caught.value}".')
    for error in (caught.value, wrapped):
        told = in_a_line(error)
        assert told.endswith("correctly convert string: label '2' is not among CLASSES of features.py"), told
