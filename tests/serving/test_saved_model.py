from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import function as function_of_1

from kit.serving.servable import Servable

v1 = tf.compat.v1


def _calls(folder: Path) -> None:
    """Save a model of TensorFlow 2: its signature calls a function that calls another."""
    inner = tf.function(lambda x: 2 * x, input_signature=[tf.TensorSpec([None], tf.float32)])
    outer = tf.function(
        lambda x: {"y": inner(x) + 1}, input_signature=[tf.TensorSpec([None], tf.float32, "x")]
    )
    module = tf.Module()
    module.inner, module.outer = inner, outer
    tf.saved_model.save(module, str(folder), signatures=outer)


def _operations(folder: Path) -> None:
    """Save a model of TensorFlow 1: its function stands in the graph as an operation."""
    with tf.Graph().as_default(), v1.Session() as session:
        double = function_of_1.Defun(tf.float32, func_name="double")(lambda x: 2 * x + 1)
        x = v1.placeholder(tf.float32, [None], "x")
        v1.saved_model.simple_save(session, str(folder), {"x": x}, {"y": double(x)})


@pytest.mark.parametrize("save", [_calls, _operations])
def test_functions_are_loaded_however_they_are_called(save: Callable[[Path], None], tmp_path: Path) -> None:
    save(tmp_path / "1")
    servable = Servable.load("doubled", 1, tmp_path / "1")
    assert servable.run("", {"x": np.ones(2, np.float32)})["y"].tolist() == [3, 3]
    servable.close()


def _with_a_table(folder: Path) -> None:
    module = tf.Module()
    (folder.parent / "words").write_text("one\ntwo\n")
    module.table = tf.lookup.StaticVocabularyTable(
        tf.lookup.TextFileInitializer(
            str(folder.parent / "words"),
            tf.string,
            tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64,
            tf.lookup.TextFileIndex.LINE_NUMBER,
        ),
        1,
    )
    module.code = tf.function(
        lambda word: {"code": module.table.lookup(word)},
        input_signature=[tf.TensorSpec([None], tf.string, "word")],
    )
    tf.saved_model.save(module, str(folder), signatures=module.code)
    (folder.parent / "words").unlink()  # the model has a copy


def test_tables_are_filled_from_the_files_of_the_folder(tmp_path: Path) -> None:
    _with_a_table(tmp_path / "1")
    servable = Servable.load("codes", 1, tmp_path / "1")
    assert servable.run("", {"word": np.array([b"two", b"?"], object)})["code"].tolist() == [1, 2]
    servable.close()


def _with_a_table_of_1(folder: Path) -> None:
    """Save a model of TensorFlow 1, whose operation to begin with has a name in a collection only."""
    with tf.Graph().as_default(), v1.Session() as session:
        initializer = tf.lookup.KeyValueTensorInitializer(["two"], tf.constant([2], tf.int64))
        table = tf.lookup.StaticHashTable(initializer, -1)
        word = v1.placeholder(tf.string, [None], "word")
        signature = v1.saved_model.predict_signature_def({"word": word}, {"code": table.lookup(word)})
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session,
            [tf.saved_model.SERVING],
            {"serving_default": signature},
            main_op=v1.tables_initializer(),
        )
        builder.save()


def test_tables_of_tensorflow_1_are_filled_too(tmp_path: Path) -> None:
    _with_a_table_of_1(tmp_path / "1")
    servable = Servable.load("codes", 1, tmp_path / "1")
    assert servable.run("", {"word": np.array([b"two", b"?"], object)})["code"].tolist() == [2, -1]
    servable.close()
