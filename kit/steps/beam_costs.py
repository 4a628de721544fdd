"""Beam's fixed costs of building a pipeline, paid once for each function and option rather than thousands of times.

Transform's pipeline has some 800 transforms. For each of them Beam inspects the signatures of the same few functions
and builds an argument parser for the same options; for each side input that it weighs and caches it looks at all loaded
modules: seconds in which no row is touched. What is computed stays as it is (tests compare the results with stock
TFX's); this module can go when Beam remembers these by itself.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable
from typing import Any

import objsize.traverse
from apache_beam.options import pipeline_options
from apache_beam.transforms import core
from tfx.utils import dependency_utils

LOCAL_RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.fn_runner.FnApiRunner"


def pay_once() -> None:
    """Change Beam and TFX in this process, which runs a single executor."""
    core.get_function_args_defaults = _remember_defaults(core.get_function_args_defaults)
    # What it leaves out of the weight can be reached through functions and modules only, which Beam leaves out too.
    objsize.traverse._iter_modules_globals = tuple  # noqa: SLF001
    pipeline_options.PipelineOptions.view_as = _remember_views(pipeline_options.PipelineOptions.view_as)
    dependency_utils.make_beam_dependency_flags = _flags_for_local(
        dependency_utils.make_beam_dependency_flags
    )


def _remember_defaults(compute: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[Any, bool], tuple[list[str], list[Any]]] = {}

    def get_function_args_defaults(function: Any) -> tuple[list[str], list[Any]]:
        # A bound method is a new object at each access; what it is bound to does not change its arguments.
        code = getattr(function, "__func__", function)
        if not inspect.isfunction(code):
            return compute(function)  # type: ignore[no-any-return]
        key = (code, inspect.ismethod(function))
        if key not in known:
            known[key] = compute(function)
        names, defaults = known[key]
        return list(names), list(defaults)

    return get_function_args_defaults


def _remember_views(compute: Callable[..., Any]) -> Callable[..., Any]:
    known: weakref.WeakKeyDictionary[Any, dict[type, Any]] = weakref.WeakKeyDictionary()

    def view_as(self: Any, cls: type) -> Any:
        # All views of one options object share the dictionary that holds the values.
        views = known.setdefault(self, {})
        if cls not in views:
            views[cls] = compute(self, cls)
        return views[cls]

    return view_as


def _flags_for_local(compute: Callable[[list[str]], list[str]]) -> Callable[[list[str]], list[str]]:
    def make_beam_dependency_flags(beam_pipeline_args: list[str]) -> list[str]:
        # TFX packs itself into an archive for remote workers; the local runner's workers are in this process.
        return beam_pipeline_args if LOCAL_RUNNER in beam_pipeline_args else compute(beam_pipeline_args)

    return make_beam_dependency_flags
