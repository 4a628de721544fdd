"""Transform's fixed cost of tracing `preprocessing_fn`, paid once rather than up to five times.

TFX's executor traces it three times to learn which columns are read, and TensorFlow Transform once more to name cache
entries that a run without a cache does not have, before the trace that is analyzed. With the same function and columns
all traces give the same graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tensorflow_transform import analyzer_nodes, impl_helper


def pay_once() -> None:
    """Patch TensorFlow Transform in this process, which runs a single executor."""
    impl_helper.trace_preprocessing_function = _remember_last(impl_helper.trace_preprocessing_function)


def _remember_last(trace: Callable[..., tuple[Any, Any, Any]]) -> Callable[..., tuple[Any, Any, Any]]:
    last: tuple[Any, ...] | None = None
    traced: tuple[Any, Any, Any]
    analyzers: list[Any]

    def trace_preprocessing_function(
        preprocessing_fn: Any, input_specs: Any, use_tf_compat_v1: bool, base_temp_dir: str | None = None
    ) -> tuple[Any, Any, Any]:
        nonlocal last, traced, analyzers
        # A TF1 graph has no files of its own; a TF2 graph depends on its folder.
        folder = None if use_tf_compat_v1 else base_temp_dir
        asked = (preprocessing_fn, dict(input_specs), use_tf_compat_v1, folder)
        if asked != last:
            traced = trace(preprocessing_fn, input_specs, use_tf_compat_v1, base_temp_dir)
            last, analyzers = asked, traced[0].get_collection(analyzer_nodes.TENSOR_REPLACEMENTS)
        # Building an analysis from the graph removes its analyzers.
        traced[0].get_collection_ref(analyzer_nodes.TENSOR_REPLACEMENTS)[:] = analyzers
        return traced

    return trace_preprocessing_function
