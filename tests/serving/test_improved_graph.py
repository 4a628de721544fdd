from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.grappler import tf_optimizer
from tensorflow.python.saved_model.loader_impl import SavedModelLoader

from kit.serving.batching import BatchedServable, Batching
from kit.serving.improved_graph import improve
from kit.serving.servable import Servable
from serving.models import save_linear

_X = np.array([1.0, 2.0], np.float32)
_FLOATS = [tf.TensorSpec([None], tf.float32, "x")]


class _Shared(tf.Module):
    """Two signatures that read one variable through a function."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(3.0)

    @tf.function(input_signature=_FLOATS, autograph=False)
    def weighed(self, x: Any) -> Any:
        return self.weight * x

    @tf.function(input_signature=_FLOATS, autograph=False)
    def once(self, x: Any) -> dict[str, Any]:
        return {"y": self.weighed(x)}

    @tf.function(input_signature=_FLOATS, autograph=False)
    def twice(self, x: Any) -> dict[str, Any]:
        return {"y": self.weighed(self.weighed(x))}


def _shared(folder: Path) -> Path:
    module = _Shared()
    tf.saved_model.save(module, str(folder), {"serving_default": module.once, "twice": module.twice})
    return folder


def _looping(folder: Path) -> Path:
    module = tf.Module()
    step = tf.function(
        lambda x: {"y": tf.while_loop(lambda v: tf.reduce_sum(v) < 100, lambda v: [2 * v], [x])[0]},
        input_signature=_FLOATS,
        autograph=False,
    )
    module.step = step
    tf.saved_model.save(module, str(folder), {"serving_default": step})
    return folder


def _read(folder: Path) -> Any:
    return SavedModelLoader(str(folder)).get_meta_graph_def_from_tags([tf.saved_model.SERVING])


def _calls_in(graph_def: Any) -> int:
    return sum("PartitionedCall" in node.op for node in graph_def.node)


def test_functions_take_the_place_of_their_calls_once_for_all_signatures(tmp_path: Path) -> None:
    meta_graph = _read(_shared(tmp_path / "1"))
    before = _calls_in(meta_graph.graph_def)
    config = improve(meta_graph)
    assert config.graph_options.rewrite_options.disable_meta_optimizer
    assert _calls_in(meta_graph.graph_def) <= 1 < before  # what restores the variables remains
    with closing(Servable.load("m", 1, tmp_path / "1")) as servable:
        assert servable.run("", {"x": _X})["y"].tolist() == [3, 6]
        assert servable.run("twice", {"x": _X})["y"].tolist() == [9, 18]


def test_signatures_that_share_a_variable_can_still_be_batched(tmp_path: Path) -> None:
    class Batched(BatchedServable):
        batching = Batching(max_batch_size=4)

    with closing(Batched.load("m", 1, _shared(tmp_path / "1"))) as servable:
        assert servable.batched == ["serving_default", "twice"]
        assert servable.run("twice", {"x": _X})["y"].tolist() == [9, 18]


def test_functions_that_keep_their_calls_are_not_improved_again(tmp_path: Path) -> None:
    @tf.function(input_signature=_FLOATS, autograph=False, experimental_attributes={"_noinline": True})
    def apart(x: Any) -> Any:
        return 2 * x

    module = tf.Module()
    outer = tf.function(lambda x: {"y": apart(x)}, input_signature=_FLOATS, autograph=False)
    module.apart, module.outer = apart, outer
    tf.saved_model.save(module, str(tmp_path / "1"), {"serving_default": outer})
    meta_graph = _read(tmp_path / "1")
    improve(meta_graph)
    configs = [
        node.attr["config_proto"].s for node in meta_graph.graph_def.node if "config_proto" in node.attr
    ]
    assert configs
    for each in configs:
        options = config_pb2.ConfigProto.FromString(each).graph_options.rewrite_options
        assert options.disable_meta_optimizer


def test_files_of_equal_names_in_several_folders_stay_apart(tmp_path: Path) -> None:
    for folder, word in (("a", "one"), ("b", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "words").write_text(f"zero\n{word}\n")

    class Lookups(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tables = [
                tf.lookup.StaticHashTable(
                    tf.lookup.TextFileInitializer(
                        tf.saved_model.Asset(str(tmp_path / folder / "words")),
                        tf.string,
                        tf.lookup.TextFileIndex.WHOLE_LINE,
                        tf.int64,
                        tf.lookup.TextFileIndex.LINE_NUMBER,
                    ),
                    -1,
                )
                for folder in ("a", "b")
            ]

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "word")], autograph=False)
        def find(self, word: Any) -> dict[str, Any]:
            return {f"in_{number}": table.lookup(word) for number, table in enumerate(self.tables)}

    module = Lookups()
    tf.saved_model.save(module, str(tmp_path / "1"), {"serving_default": module.find})
    (tmp_path / "1").rename(tmp_path / "moved")
    with closing(Servable.load("m", 1, tmp_path / "moved")) as servable:
        found = servable.run("", {"word": np.array(["one", "two"])})
    assert {name: value.tolist() for name, value in found.items()} == {"in_0": [1, -1], "in_1": [-1, 1]}


@pytest.mark.parametrize(
    "save",
    [_looping, lambda folder: save_linear(folder.parent, int(folder.name))],
    ids=["loop", "TensorFlow 1"],
)
def test_loops_and_graphs_of_tensorflow_1_stay_as_they_are(
    save: Callable[[Path], Path], tmp_path: Path
) -> None:
    meta_graph = _read(save(tmp_path / "1"))
    before, config = meta_graph.graph_def.SerializeToString(deterministic=True), config_pb2.ConfigProto()
    assert improve(meta_graph, config) is config
    assert meta_graph.graph_def.SerializeToString(deterministic=True) == before


def test_a_loop_is_answered_and_batched_as_before(tmp_path: Path) -> None:
    class Batched(BatchedServable):
        batching = Batching(max_batch_size=4)

    with closing(Batched.load("m", 1, _looping(tmp_path / "1"))) as servable:
        assert servable.run("", {"x": _X})["y"].tolist() == [64, 128]
        assert servable.batched == ["serving_default"]


@pytest.mark.parametrize("broken", ["raises", "loses"])
def test_where_grappler_fails_the_graph_stays_as_it_is(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def optimize(*_: Any, **__: Any) -> Any:
        if broken == "raises":
            raise RuntimeError("no cluster")
        return tf.compat.v1.GraphDef()

    monkeypatch.setattr(tf_optimizer, "OptimizeGraph", optimize)
    meta_graph = _read(_shared(tmp_path / "1"))
    assert not improve(meta_graph).graph_options.rewrite_options.disable_meta_optimizer
    with closing(Servable.load("m", 1, tmp_path / "1")) as servable:
        assert servable.run("", {"x": _X})["y"].tolist() == [3, 6]
