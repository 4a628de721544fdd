"""A step's process: runs one executor and sends back what it recorded on its output artifacts."""

from __future__ import annotations

import gc
import importlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tfx.dsl.components.base import base_beam_executor, base_executor
from tfx.utils import json_utils

from kit.project import Project
from kit.steps import beam_costs, progress, sampling, transform_costs
from kit.steps.beam_settings import LOCAL_RUNNER
from kit.warm.address import folder_of


def run_executor(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Run the executor that `kit.steps.launcher` describes.

    Args:
        payload: the executor's class, inputs, outputs, properties and context as JSON.
        report: called with a line of progress.

    Returns:
        JSON of the output artifacts, with the properties that the executor set.
    """
    progress.set_report(report)
    request: dict[str, Any] = json_utils.loads(payload.decode())
    with _looked_at(request["step"]):
        return _run(request)


def _run(request: dict[str, Any]) -> bytes:
    _collect_seldom()
    if LOCAL_RUNNER in request["beam_args"]:  # remote workers expect Beam unpatched
        beam_costs.pay_once()
        transform_costs.pay_once()
    _keep_temporary_files_in(Path(request["tmp_dir"]) / request["unique_id"])
    Project.load(request["project"])  # makes its features.py and model.py importable
    module, _, name = request["executor"].rpartition(".")
    executor_class = getattr(importlib.import_module(module), name)
    executor = executor_class(_context(executor_class, request))
    outputs = request["outputs"]
    executor.Do(request["inputs"], outputs, request["properties"])
    return bytes(json_utils.dumps(outputs).encode())


@contextmanager
def _looked_at(step: str) -> Iterator[None]:
    """Sample where the time goes, if in a batch."""
    sampler = sampling.sampler_of_step(step)
    if sampler is None:
        yield
        return
    sampler.start()
    try:
        yield
    finally:
        sampler.stop()


def _collect_seldom() -> None:
    """Collect garbage a hundred times less often: a step makes millions of small objects and few cycles.

    By default a collection starts after every 700 new objects, which takes a fifteenth of Evaluator's time.
    """
    gc.freeze()  # what exists already is not garbage
    gc.set_threshold(70_000, 20, 20)


def _keep_temporary_files_in(folder: Path) -> None:
    """Redirect libraries' temporary files to a folder that the launcher removes however the step ends.

    Autograph and Beam remove their files at exit, which a killed process does not reach.
    """
    # The warm process's folder stays the same: a step starts processes too, trials and servers.
    os.environ.setdefault("KIT_WARM_DIR", str(folder_of(os.environ)))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # forget a cached value


def _context(executor_class: type, request: dict[str, Any]) -> Any:
    common = {"tmp_dir": request["tmp_dir"], "unique_id": request["unique_id"]}
    if issubclass(executor_class, base_beam_executor.BaseBeamExecutor):
        return base_beam_executor.BaseBeamExecutor.Context(beam_pipeline_args=request["beam_args"], **common)
    return base_executor.BaseExecutor.Context(extra_flags=request["beam_args"], **common)
