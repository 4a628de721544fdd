"""What the codes of a transformed feature stand for: words of a vocabulary, or buckets between edges.

Transform saves its vocabularies without saying which feature uses which, and bucket edges only inside its graph. Both
are found by probing the graph: which feature maps a vocabulary's words to their indices, and at which numbers does the
code change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from kit.features.graph import RowGraph
from kit.features.rows import as_value

Asked: TypeAlias = "dict[tuple[str, str], np.ndarray]"
Reach: TypeAlias = Mapping[str, tuple[float, float]]

MOST_EDGES = 256  # a feature with more is a calculation, not buckets
_ASKED_WORDS = 12  # words probed per vocabulary, spread over it
_GRID = 257  # probed values from the smallest to the largest
_HALVINGS = 70  # bisections between two grid points, enough to reach neighbouring 64-bit numbers
_STRANGER = {tf.string: b"zzqxnowordqzz", tf.int64: -(2**40) - 7, tf.float32: -1.5e30}


class Prober:
    """Probes a graph with chosen values of single columns.

    Args:
        graph: the graph to probe.
        record: a serialized tf.Example that the graph accepts; the other columns keep its values.
    """

    def __init__(self, graph: RowGraph, record: bytes) -> None:
        self.graph, self._record = graph, record

    def codes_of(self) -> list[tuple[str, str]]:
        """Return (column, feature) for each integer feature that depends on one column alone."""
        sample = self.graph.transform([self._record])
        return [
            (sources[0], feature)
            for feature, sources in self.graph.sources.items()
            if len(sources) == 1 and sample[feature].dtype == np.int64
        ]

    def answers(self, column: str, feature: str, values: Sequence[Any]) -> np.ndarray | None:
        """Return the feature for each value of the column; None when the graph refuses one of them."""
        try:
            return self.graph.transform([self._with(column, value) for value in values])[feature]
        except tf.errors.OpError:
            return None

    def all_answers(self, values: Mapping[tuple[str, str], Sequence[Any]]) -> Asked:
        """Return the features for many (column, feature) pairs in one call; the graph must accept all values."""
        records = [self._with(column, value) for (column, _), several in values.items() for value in several]
        transformed = self.graph.transform(records)
        starts = np.cumsum([0, *(len(several) for several in values.values())])
        return {
            pair: transformed[pair[1]][start : start + len(several)]
            for (pair, several), start in zip(values.items(), starts[:-1], strict=True)
        }

    def _with(self, column: str, value: Any) -> bytes:
        example = tf.train.Example.FromString(self._record)
        feature = tf.train.Feature()
        if isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        elif self.graph.columns[column].dtype.is_integer:
            feature.int64_list.value.append(int(value))
        else:
            feature.float_list.value.append(float(value))
        example.features.feature[column].CopyFrom(feature)
        return bytes(example.SerializeToString())


def vocabulary_of(prober: Prober, vocabularies: Mapping[str, Sequence[bytes]]) -> dict[str, str]:
    """Return the vocabulary of each feature that has one.

    Vocabularies named like the feature or its column are tried first; among several with the same words, one that no
    other feature uses.
    """
    pairs = prober.codes_of()
    found: dict[str, str] = {}
    for named in (True, False):
        for column, feature in pairs:
            if feature in found:
                continue
            names = [name for name in vocabularies if _is_called(name, column, feature) == named]
            names.sort(key=lambda name: name in found.values())
            for name in names:
                if _is_code(prober, column, feature, vocabularies[name]):
                    found[feature] = name
                    break
    return found


def _is_called(vocabulary: str, column: str, feature: str) -> bool:
    return vocabulary in {column, feature, feature.removesuffix("_xf")}


def _is_code(prober: Prober, column: str, feature: str, words: Sequence[bytes]) -> bool:
    """Whether the feature maps the words to their indices, and an unknown word to another code."""
    dtype = prober.graph.columns[column].dtype
    if not words:
        return False
    places = np.unique(np.linspace(0, len(words) - 1, _ASKED_WORDS).astype(int))
    try:
        values = [_as_word(words[place], dtype) for place in places]
    except ValueError:  # the words are not numbers, so they belong to a text column
        return False
    answers = prober.answers(column, feature, [*values, _STRANGER[dtype]])
    if answers is None or answers.dtype != np.int64:
        return False
    codes = answers.reshape(len(answers), -1)[:, :1].ravel()
    return len(codes) == len(answers) and bool((codes[:-1] == places).all()) and codes[-1] not in places


def _as_word(word: bytes, dtype: tf.DType) -> Any:
    return word if dtype == tf.string else as_value(word.decode(errors="replace"), dtype)


def edges_of(prober: Prober, reach: Reach, known: Mapping[str, str]) -> dict[str, tuple[float, ...]]:
    """Return the bucket edges of each feature that puts the numbers of one column into buckets.

    An edge is the smallest number in the bucket above it.

    Args:
        prober: the prober of the graph.
        reach: the smallest and the largest value of each numeric column.
        known: features that use a vocabulary, which have no buckets.
    """
    low: dict[tuple[str, str], np.ndarray] = {}
    high: dict[tuple[str, str], np.ndarray] = {}
    targets: dict[tuple[str, str], np.ndarray] = {}
    for column, feature in prober.codes_of():
        if column not in reach or feature in known:
            continue
        grid = _grid(*reach[column], prober.graph.columns[column].dtype)
        codes = prober.answers(column, feature, grid.tolist())
        if codes is None or not _is_bucketed(codes, grid):
            continue
        pair = (column, feature)
        targets[pair] = np.arange(codes[0] + 1, codes[-1] + 1)
        first = np.searchsorted(codes, targets[pair])  # the first grid point in the bucket or above it
        low[pair], high[pair] = grid[first - 1], grid[first]
    _narrow(low, high, targets, prober.all_answers)
    return {feature: tuple(np.unique(high[column, feature]).tolist()) for column, feature in high}


def _narrow(
    low: dict[tuple[str, str], np.ndarray],
    high: dict[tuple[str, str], np.ndarray],
    targets: dict[tuple[str, str], np.ndarray],
    ask: Callable[[Mapping[tuple[str, str], Sequence[Any]]], Asked],
) -> None:
    """Bisect between low and high, where each target is crossed, until they are neighbouring numbers."""
    for _ in range(_HALVINGS):
        middle = {pair: _between(low[pair], high[pair]) for pair in high}
        if all(((middle[pair] == low[pair]) | (middle[pair] == high[pair])).all() for pair in high):
            return
        answers = ask({pair: values.tolist() for pair, values in middle.items()})
        for pair, codes in answers.items():
            reached = codes >= targets[pair]
            high[pair] = np.where(reached, middle[pair], high[pair])
            low[pair] = np.where(reached, low[pair], middle[pair])


def _between(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return low + (high - low) // 2 if low.dtype == np.int64 else low / 2 + high / 2


def _grid(least: float, most: float, dtype: tf.DType) -> np.ndarray:
    if dtype.is_integer:
        return np.unique(np.linspace(int(least), int(most), _GRID).astype(np.int64))
    return np.unique(np.linspace(least, most, _GRID).astype(np.float32))


def _is_bucketed(codes: np.ndarray, grid: np.ndarray) -> bool:
    """Whether codes [n] rise with the numbers in few steps, and are not mostly the numbers themselves."""
    if codes.ndim != 1 or codes.dtype != np.int64 or (np.diff(codes) < 0).any():
        return False
    return 0 < codes[-1] - codes[0] <= MOST_EDGES and float(np.mean(codes == grid)) < 0.5  # noqa: PLR2004  half
