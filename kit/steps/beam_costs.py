"""Beam's fixed costs of building a pipeline, paid once for each function and option rather than thousands of times.

Transform's pipeline has some 800 transforms. For each of them Beam inspects the methods of the same few classes,
builds an argument parser for the same options and compresses its code for remote workers; for each function that it
pickles and each side input whose size it measures, it goes through all loaded modules. These are seconds in which no
row is touched. The results stay the same (tests compare them with stock TFX's); this module can go when Beam caches all
this itself.
"""

from __future__ import annotations

import inspect
import sys
import weakref
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import objsize.traverse
from apache_beam.internal import cloudpickle_pickler
from apache_beam.internal.cloudpickle import cloudpickle
from apache_beam.options import pipeline_options
from apache_beam.transforms import core, userstate
from tfx.utils import dependency_utils

from kit.steps.beam_settings import LOCAL_RUNNER


def pay_once() -> None:
    """Patch Beam and TFX in this process, which runs a single executor."""
    core.get_function_args_defaults = _remember_defaults(core.get_function_args_defaults)
    userstate.get_dofn_specs = _remember_specs(userstate.get_dofn_specs)
    cloudpickle._find_imported_submodules = _find_imported_submodules  # noqa: SLF001
    cloudpickle_pickler.bz2 = _Uncompressed
    # This leaves out objects that are reachable only through functions and modules, which Beam leaves out too.
    objsize.traverse._iter_modules_globals = tuple  # noqa: SLF001
    pipeline_options.PipelineOptions.view_as = _remember_views(pipeline_options.PipelineOptions.view_as)
    dependency_utils.make_beam_dependency_flags = _flags_for_local(
        dependency_utils.make_beam_dependency_flags
    )


def _remember_defaults(compute: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[tuple[Any, bool], tuple[list[str], list[Any]]] = {}

    def get_function_args_defaults(function: Any) -> tuple[list[str], list[Any]]:
        # A bound method is a new object at each access; its instance does not change its arguments.
        code = getattr(function, "__func__", function)
        if not inspect.isfunction(code):
            return compute(function)  # type: ignore[no-any-return]
        key = (code, inspect.ismethod(function))
        if key not in known:
            known[key] = compute(function)
        names, defaults = known[key]
        return list(names), list(defaults)

    return get_function_args_defaults


def _remember_specs(compute: Callable[[Any], Any]) -> Callable[[Any], Any]:
    known: dict[tuple[Any, ...], Any] = {}

    def get_dofn_specs(dofn: Any) -> Any:
        # The specs are in the defaults of methods: the class's own, and functions bound to the object as methods.
        own = [value.__func__ for value in vars(dofn).values() if inspect.ismethod(value)]
        key = (type(dofn), *own)
        if key not in known:
            known[key] = compute(dofn)
        states, timers = known[key]
        return set(states), set(timers)

    return get_dofn_specs


def _find_imported_submodules(code: Any, dependencies: Iterable[Any]) -> list[Any]:
    """Stand in for cloudpickle's function, looking up the submodules of each package once."""
    names = frozenset(code.co_names)
    packages = [m.__name__ for m in dependencies if inspect.ismodule(m) and getattr(m, "__package__", None)]
    return [
        sys.modules[f"{package}.{below}"]
        for package in packages
        for below in _submodules(package, len(sys.modules))
        if names.issuperset(below.split("."))
    ]


@cache
def _submodules(package: str, loaded: int) -> tuple[str, ...]:
    """Return the names of a package's imported submodules; `loaded`, the number of modules, renews the cache."""
    del loaded
    prefix = f"{package}."
    return tuple(name.removeprefix(prefix) for name in list(sys.modules) if name.startswith(prefix))


class _Uncompressed:
    """Replaces bz2 where Beam compresses code, which never leaves this process."""

    @staticmethod
    def compress(content: bytes, compresslevel: int = 9) -> bytes:
        del compresslevel
        return content

    @staticmethod
    def decompress(content: bytes) -> bytes:
        return content


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
