"""Embeddings for TensorBoard's PROJECTOR: the vectors, and the words that they stand for.

They are files of tab-separated values, not a checkpoint: the kit's TensorBoard runs without TensorFlow, which
checkpoints need. They are written every few seconds and at the end, so that an interrupted training leaves some.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
import tensorflow_transform as tft
import tf_keras
from google.protobuf import text_format
from tensorboard.plugins.projector import ProjectorConfig

from kit.workspace import write_atomically

FOLDER, CONFIG = "projector", "projector_config.pbtxt"
MOST_POINTS = 10_000  # per embedding; the browser can still rotate this many
UNKNOWN = "(unknown)"
_LEAST_NUMBERS = 3
_FEATURE = "_xf"  # suffix of a transformed feature after its vocabulary's name


Vectors = Mapping[str, tuple[str, np.ndarray]]
"""By the name of an embedding its vocabulary and its vectors, [codes, numbers]."""


@dataclass(frozen=True)
class Embedding:
    """An embedding of the words of a vocabulary.

    Attributes:
        name: the name of its layer, or what the project calls it.
        vectors: [codes, numbers].
        columns: what is known about each code, by name; the word itself first.
    """

    name: str
    vectors: np.ndarray
    columns: Mapping[str, Sequence[str]]


def embeddings_of(
    model: tf_keras.Model,
    transform_output: tft.TFTransformOutput,
    more: Vectors,
    metadata: Mapping[str, Mapping[str, Sequence[str]]],
) -> list[Embedding]:
    """Return the embedding layers that take a feature `<vocabulary>_xf` as it is, and those that the project names.

    Args:
        model: a functional one; the layers of others cannot be inspected.
        transform_output: knows the vocabularies.
        more: further ones, from a project's `embeddings`.
        metadata: more about the words, from a project's `embedding_metadata`: vocabulary, column, one text per code.
    """
    layers = [layer for layer in model.layers if isinstance(layer, tf_keras.layers.Embedding)]
    found = {layer.name: (_vocabulary(layer, transform_output), _vectors(layer)) for layer in layers}
    return [
        Embedding(
            name, vectors, _columns(len(vectors), transform_output, vocabulary, metadata.get(vocabulary, {}))
        )
        for name, (vocabulary, vectors) in {**found, **more}.items()
        if vocabulary
    ]


def write_embeddings(folder: Path, embeddings: Sequence[Embedding]) -> None:
    """Write them into the folder of a training: at most `MOST_POINTS` each, the most frequent words."""
    config = ProjectorConfig()
    for embedding in embeddings:
        name, vectors = embedding.name, _wide_enough(embedding.vectors[:MOST_POINTS])
        write_atomically(folder / FOLDER / f"{name}.tsv", _values(vectors))
        write_atomically(folder / FOLDER / f"{name}_words.tsv", _words(embedding.columns, len(vectors)))
        config.embeddings.add(
            tensor_name=name,
            tensor_shape=vectors.shape,
            tensor_path=f"{FOLDER}/{name}.tsv",
            metadata_path=f"{FOLDER}/{name}_words.tsv",
        )
    if embeddings:
        write_atomically(folder / CONFIG, text_format.MessageToString(config))


def _vectors(layer: tf_keras.layers.Embedding) -> np.ndarray:
    return np.asarray(tf.convert_to_tensor(layer.embeddings))


def _wide_enough(vectors: np.ndarray) -> np.ndarray:
    """Append zeros to vectors of one or two numbers, in which the plugin finds no principal components."""
    return np.pad(vectors, ((0, 0), (0, max(0, _LEAST_NUMBERS - vectors.shape[1]))))


def _vocabulary(layer: tf_keras.layers.Embedding, transform_output: tft.TFTransformOutput) -> str:
    """Return the name of the vocabulary whose codes the layer takes; empty: it takes others."""
    for node in layer.inbound_nodes:
        source = node.keras_inputs[0]._keras_history.layer  # noqa: SLF001  Keras has no public way to ask
        name = source.name.removesuffix(_FEATURE)
        if not isinstance(source, tf_keras.layers.InputLayer) or name == source.name:
            continue
        if transform_output.vocabulary_file_by_name(name) and layer.input_dim >= _size(
            transform_output, name
        ):
            return str(name)
    return ""


def _size(transform_output: tft.TFTransformOutput, name: str) -> int:
    return int(transform_output.vocabulary_size_by_name(name))


def _columns(
    codes: int,
    transform_output: tft.TFTransformOutput,
    name: str,
    more: Mapping[str, Sequence[str]],
) -> dict[str, Sequence[str]]:
    words = [word.decode("utf-8", "replace") for word in transform_output.vocabulary_by_name(name)]
    words += [UNKNOWN] * (codes - len(words))
    # TensorBoard takes a single column for a list without a header; so there are always two.
    ranks = [str(rank) for rank in range(1, len(words) + 1)]
    return {name: words, **more, "rank by frequency": ranks}


def _values(vectors: np.ndarray) -> str:
    text = io.StringIO()
    np.savetxt(text, vectors, fmt="%.6g", delimiter="\t")
    return text.getvalue()


def _words(columns: Mapping[str, Sequence[str]], amount: int) -> str:
    rows = [list(columns), *zip(*(values[:amount] for values in columns.values()), strict=True)]
    return "".join("\t".join(_one_line(cell) for cell in row) + "\n" for row in rows)


def _one_line(cell: str) -> str:
    """Keep a word within its cell; an empty one would count as missing."""
    return " ".join(cell.split()) or "(empty)"
