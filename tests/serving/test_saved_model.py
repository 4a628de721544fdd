from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import function as function_of_1
from tensorflow.python.framework import importer

from kit.serving import improved_graph
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


def test_an_import_is_of_operations_without_functions_or_of_one_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(improved_graph, "_improved", lambda *_: None)  # that leaves few functions
    _calls(tmp_path / "1")
    imported: list[tuple[bool, int]] = []
    real = importer._import_graph_def_internal

    def watched(graph_def: Any, *arguments: Any, **options: Any) -> Any:
        imported.append((bool(graph_def.node), len(graph_def.library.function)))
        return real(graph_def, *arguments, **options)

    monkeypatch.setattr(importer, "_import_graph_def_internal", watched)
    servable = Servable.load("doubled", 1, tmp_path / "1")
    assert imported[0] == (True, 0)
    assert len(imported) > 2
    assert set(imported[1:]) == {(False, 1)}
    graph = servable.session.graph
    servable.close()
    assert not graph._functions
