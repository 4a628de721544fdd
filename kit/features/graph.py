"""Transform's graph, ready to use: transforms any rows, and knows which columns feed which feature."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
from tensorflow_transform.saved.saved_transform_io_v2 import SavedModelLoader

Arrays: TypeAlias = Mapping[str, np.ndarray]


class RowGraph:
    """The graph that Transform saved, as a function of serialized tf.Examples.

    It is traced once; a call then takes a millisecond, where TFX's Keras layer takes up to two tenths of a second.

    Args:
        folder: the folder of the TransformGraph artifact.

    Attributes:
        columns: how each raw column is parsed.
        sources: for each transformed feature the columns that it is made from, in the order of `columns`.
    """

    def __init__(self, folder: Path) -> None:
        self._output = tft.TFTransformOutput(str(folder))
        self._assets = folder / "transform_fn" / "assets"
        self._loader = SavedModelLoader(self._output.transform_savedmodel_dir)
        self._functions: dict[frozenset[str], Any] = {}
        self.columns: dict[str, Any] = self._output.raw_feature_spec()
        self.sources = self._sources()

    def transform(self, records: Sequence[bytes], without: Collection[str] = ()) -> Arrays:
        """Transform serialized examples.

        Args:
            records: the serialized tf.Examples, any number.
            without: columns to leave out, together with the features made from them.

        Returns:
            For each transformed feature an array [rows, …]. A feature of lists of any length is an array [rows] of
            arrays.

        Raises:
            tf.errors.OpError: when the graph refuses a value.
        """
        left_out = frozenset(without)
        if left_out not in self._functions:
            self._functions[left_out] = self._trace(left_out)
        outputs = self._functions[left_out](tf.constant(records, tf.string))
        return {name: _array(value) for name, value in outputs.items()}

    def vocabularies(self) -> dict[str, list[bytes]]:
        """Return the words of each vocabulary in order: a word's index is its code."""
        paths = sorted(self._assets.iterdir()) if self._assets.is_dir() else []
        return {path.name: list(self._output.vocabulary_by_name(path.name)) for path in paths}

    def _trace(self, without: frozenset[str]) -> Any:
        spec = {name: feature for name, feature in self.columns.items() if name not in without}
        names = [name for name, sources in self.sources.items() if not without & set(sources)]

        def transform(records: tf.Tensor) -> dict[str, Any]:
            transformed = self._loader.apply_transform_model(tf.io.parse_example(records, spec))
            return {name: transformed[name] for name in names}

        return tf.function(transform, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)

    def _sources(self) -> dict[str, tuple[str, ...]]:
        """Read the mapping that TFX keeps for leaving out features whose columns a request lacks."""
        column_of = {
            tensor: name
            for name, column in self._loader._structured_inputs.items()  # noqa: SLF001  not public
            for tensor in _tensor_names(column)
        }
        found = {
            name: {column_of[source.name] for source in sources if source.name in column_of}
            for name, sources in self._loader._output_to_inputs_map.items()  # noqa: SLF001
        }
        return {
            name: tuple(column for column in self.columns if column in found[name]) for name in sorted(found)
        }


@lru_cache(maxsize=1)
def load_graph(folder: Path) -> RowGraph:
    """Load a graph, cached by folder: the folder of an artifact does not change."""
    return RowGraph(folder)


def why_refused(error: tf.errors.OpError) -> str:
    """Return an operation's message about a value, without its location in the graph."""
    said: str = error.message.split("<stack traces unavailable>\n")[-1]
    return said.partition("\n\t [[")[0].strip()


def _tensor_names(column: Any) -> list[str]:
    """Return the names of a column's tensors; a graph saved by TF1 has descriptions in their place."""
    if hasattr(column, "coo_sparse"):
        sparse = column.coo_sparse
        return [
            column.name,
            sparse.values_tensor_name,
            sparse.indices_tensor_name,
            sparse.dense_shape_tensor_name,
        ]
    return [tensor.name for tensor in tf.nest.flatten(column, expand_composites=True)]


def _array(value: Any) -> np.ndarray:
    if isinstance(value, tf.SparseTensor):
        value = tf.RaggedTensor.from_sparse(value)
    if isinstance(value, tf.RaggedTensor):
        rows = value.to_list()
        ragged = np.empty(len(rows), object)
        ragged[:] = [np.array(row) for row in rows]
        return ragged
    array: np.ndarray = value.numpy()
    return array
