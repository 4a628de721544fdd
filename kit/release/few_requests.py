"""Session options for a model that answers a few requests and is closed again."""

from __future__ import annotations

from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2


def for_few_requests() -> config_pb2.ConfigProto:
    """Return a ConfigProto with which TensorFlow inlines functions, prunes the graph and optimizes no further.

    Other optimizations take longer than a few requests. Not pruning would be quicker still, but wrong: a request has no
    label, and what a function computes from it would fail.
    """
    config = config_pb2.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.optimizers.extend(("pruning", "function"))  # `function` inlines functions
    rewriting.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    return config
