"""The process of a step: run one executor and send back what it recorded on its output artifacts."""

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
from kit.warm.address import folder_of


def run_executor(payload: bytes, report: Callable[[str], None]) -> bytes:
    """Run the executor that `kit.steps.launcher` describes.

    Args:
        payload: JSON of the executor's class, inputs, outputs, properties and context.
        report: takes a line of progress.

    Returns:
        JSON of the output artifacts, with the properties that the executor set.
    """
    progress.set_report(report)
    request: dict[str, Any] = json_utils.loads(payload.decode())
    with _looked_at(request["step"]):
        return _run(request)


def _run(request: dict[str, Any]) -> bytes:
    _collect_seldom()
    if beam_costs.LOCAL_RUNNER in request["beam_args"]:  # workers elsewhere expect Beam as it is
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
    """Note where the time goes, in a batch."""
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
    """Look for garbage a hundred times less often: a step makes millions of small objects and few cycles.

    By default a search starts at every 700 new objects, a fifteenth of Evaluator's time.
    """
    gc.freeze()  # what was there before is none
    gc.set_threshold(70_000, 20, 20)


def _keep_temporary_files_in(folder: Path) -> None:
    """Put what libraries leave in the system's temporary folder where the launcher removes it after any end.

    Autograph and Beam remove theirs at exit, which a process that is killed does not reach.
    """
    # The warm process stays where it is: a step starts processes too, trials and servers.
    os.environ.setdefault("KIT_WARM_DIR", str(folder_of(os.environ)))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # it may have been computed


def _context(executor_class: type, request: dict[str, Any]) -> Any:
    common = {"tmp_dir": request["tmp_dir"], "unique_id": request["unique_id"]}
    if issubclass(executor_class, base_beam_executor.BaseBeamExecutor):
        return base_beam_executor.BaseBeamExecutor.Context(beam_pipeline_args=request["beam_args"], **common)
    return base_executor.BaseExecutor.Context(extra_flags=request["beam_args"], **common)
