"""How a version gets ready: loaded with the session's settings, batched if that is wanted, and warmed up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2

from kit.machine import cores
from kit.serving.manager import Loader
from kit.serving.servable import Servable
from kit.serving.settings import Settings
from kit.serving.warmup import warm_up

_TURN_SECONDS = 0.0001
_OPTIMIZERS = (
    "pruning",
    "function",
    "constfold",
    "shape",
    "arithmetic",
    "layout",
    "remap",
    "loop",
    "dependency",
    "common_subgraph_elimination",
)
"""Of graphs, in their order: those that TensorFlow has on by default and that do something where a processor answers.
By default it first translates each graph into MLIR and back, and takes out at the end what a request does not need.
With that taken out first, a version is ready in four fifths of the time, and answers take as long as ever."""


def make_loader(settings: Settings, servable_class: type[Servable] = Servable) -> Loader:
    """Return what loads versions for a manager.

    Args:
        settings: of the server.
        servable_class: whose `load` is used; one that batches requests overrides `compute`.
    """
    both = settings.tensorflow_session_parallelism
    config = config_pb2.ConfigProto(
        intra_op_parallelism_threads=settings.tensorflow_intra_op_parallelism or both,
        inter_op_parallelism_threads=settings.tensorflow_inter_op_parallelism or both,
    )
    rewriting = config.graph_options.rewrite_options
    rewriting.optimizers.extend(_OPTIMIZERS)
    # A second round over the graph changed no answer's time, and takes a third of what the first request waits.
    rewriting.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    tags = [tag.strip() for tag in settings.saved_model_tags.split(",")]

    known: set[str] = set()

    def load(name: str, version: int, folder: Path) -> Servable:
        # While a model's first version is warmed up nobody is served; later, requests need the processors.
        if name in known:
            with _short_turns():
                return loaded(name, version, folder, 1)
        servable = loaded(name, version, folder, cores())
        known.add(name)
        return servable

    def loaded(name: str, version: int, folder: Path, threads: int) -> Servable:
        servable = servable_class.load(name, version, folder, config=config, tags=tags)
        if settings.enable_model_warmup:
            try:
                warm_up(servable, max(settings.num_request_iterations_for_warmup, 1), threads)
            except BaseException:
                servable.close()
                raise
        return servable

    return load


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let threads take turns more often while something is loaded.

    A request takes Python's lock about eight times, and waits for a whole turn each time while another thread builds a
    graph in Python. It costs throughput where many threads answer, so it is not so for good.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(min(usual, _TURN_SECONDS))
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
