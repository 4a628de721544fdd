"""Session options for a model that answers a few requests and is closed again."""

from __future__ import annotations

from tensorflow.core.protobuf import config_pb2, rewriter_config_pb2


def for_few_requests() -> config_pb2.ConfigProto:
    """Return a ConfigProto with which TensorFlow inlines functions, prunes the graph and optimizes no further.

    All else that it does to a graph takes longer than a few requests do. Taking nothing out would be quicker still, but
    wrong: a request has no label, and what is made of one inside a function fails without it.
    """
    config = config_pb2.ConfigProto()
    rewriting = config.graph_options.rewrite_options
    rewriting.optimizers.extend(("pruning", "function"))  # `function` puts functions in place of their calls
    rewriting.meta_optimizer_iterations = rewriter_config_pb2.RewriterConfig.ONE
    return config
