"""How a version gets ready: loaded with the session's settings, batched if wanted, and warmed up."""

from __future__ import annotations

import logging
from pathlib import Path

import grpc
import tensorflow as tf
from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2

from kit.machine import cores
from kit.serving.errors import ServingError
from kit.serving.manager import Loader
from kit.serving.servable import Servable
from kit.serving.settings import Settings
from kit.serving.turns import requests_come, requests_first
from kit.serving.warmup import warm_up

_LOG = logging.getLogger(__name__)
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
"""Graph optimizers in their order: those of TensorFlow's defaults that do something on a CPU.
By default TensorFlow first translates each graph into MLIR and back, and prunes last what a request does not need.
With pruning first, a version is ready in four fifths of the time, and answers take as long as before."""


def make_loader(settings: Settings, servable_class: type[Servable] = Servable) -> Loader:
    """Return the function that loads versions for a manager.

    Args:
        settings: the server's settings.
        servable_class: the class whose `load` is used; one that batches requests overrides `compute`.
    """
    both = settings.tensorflow_session_parallelism
    config = config_pb2.ConfigProto(
        intra_op_parallelism_threads=settings.tensorflow_intra_op_parallelism or both,
        inter_op_parallelism_threads=settings.tensorflow_inter_op_parallelism or both,
    )
    rewriting = config.graph_options.rewrite_options
    rewriting.optimizers.extend(_OPTIMIZERS)
    # A second round over the graph made no answer faster, and takes a third of the time that the first request waits.
    rewriting.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    # All graphs of a process share the threads for one operation, which its first session makes. Without this one, that
    # would be a session inside the graph optimizer, which knows nothing of the settings.
    tf.compat.v1.Session(graph=tf.Graph(), config=config).close()
    tags = [tag.strip() for tag in settings.saved_model_tags.split(",")]

    def load(name: str, version: int, folder: Path) -> Servable:
        try:
            with requests_first():
                return made(name, version, folder)
        except ServingError:
            raise
        except Exception as error:
            # Whatever is wrong with a file is that version's own fault, and must not stop others.
            _LOG.exception("Version %s of %s breaks what loads it.", version, name)
            message = f"Could not load {folder}: {type(error).__name__}: {error}"
            raise ServingError(grpc.StatusCode.INTERNAL, message) from error

    def made(name: str, version: int, folder: Path) -> Servable:
        servable = servable_class.load(name, version, folder, config=config, tags=tags)
        if settings.enable_model_warmup:
            iterations = max(settings.num_request_iterations_for_warmup, 1)
            try:
                warm_up(servable, iterations, threads=1 if requests_come() else cores())
            except BaseException:
                servable.close()
                raise
        return servable

    return load
