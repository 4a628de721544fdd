"""Launch one component: as TFX's in-process launcher does, but with the executor in a process that can be stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.base import executor_spec
from tfx.orchestration.launcher import in_process_component_launcher
from tfx.utils import json_utils

from kit import warm
from kit.errors import KitError, StepDiedError, StepFailedError
from kit.lineage.origin import stamp
from kit.secret import without_secrets
from kit.steps.history import component_of
from kit.steps.monitor import StepMonitor

TEMPORARY = ".temp"  # below the pipeline's root, one folder an execution
_LOG_TAIL_LINES = 12


class StepLauncher(in_process_component_launcher.InProcessComponentLauncher):
    """Runs the executor in a child, so that it can be watched and interrupted, and always sees the code on disk.

    A step that fails or is interrupted is FAILED in ML Metadata, and what it had written is removed.
    """

    monitor: StepMonitor
    project_folder: Path
    log_path: Path
    origin: Mapping[str, str]

    def launch(self) -> Any:
        self._failed_execution: int | None = None
        try:
            return super().launch()
        except BaseException:
            if self._failed_execution is not None:
                with self._metadata_connection as metadata:
                    discard_execution(
                        metadata.store, self._failed_execution, Path(self._pipeline_info.pipeline_root)
                    )
            raise

    def _run_driver(self, *arguments: Any, **named: Any) -> Any:
        decision = super()._run_driver(*arguments, **named)
        with self._metadata_connection as metadata:
            stamp(metadata.store, decision.execution_id, self.origin)
        return decision

    def _run_executor(
        self,
        execution_id: int,
        input_dict: dict[str, list[types.Artifact]],
        output_dict: dict[str, list[types.Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        self._failed_execution = execution_id
        self.monitor.executing()
        root = Path(self._pipeline_info.pipeline_root)
        spec = cast("executor_spec.ExecutorClassSpec", self._component_executor_spec)
        executor = spec.executor_class
        request = {
            "step": self._component_info.component_id,
            "executor": f"{executor.__module__}.{executor.__qualname__}",
            "inputs": input_dict,
            "outputs": output_dict,
            "properties": exec_properties,
            "beam_args": self._beam_pipeline_args,
            "tmp_dir": str(root / TEMPORARY),
            "unique_id": str(execution_id),
            "project": str(self.project_folder),
        }
        try:
            result = self._call(json_utils.dumps(request).encode())
        finally:
            _remove_temporary(root, execution_id)
        for key, artifacts in json_utils.loads(result.decode()).items():
            for kept, filled in zip(output_dict[key], artifacts, strict=True):
                kept.set_mlmd_artifact(filled.mlmd_artifact)
        self._failed_execution = None

    def _call(self, payload: bytes) -> bytes:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        child = warm.start_call(
            "kit.steps.child:run_executor",
            payload,
            log_path=self.log_path,
            env=without_secrets(os.environ),  # it records what it is told, and its log is read by others
            notify=self.monitor.tick,
        )
        try:
            while (outcome := child.wait(self.monitor.interval_seconds)) is None:
                self.monitor.process(child.pid)
                self.monitor.tick(child.progress)
        except BaseException:
            child.kill()
            raise
        if isinstance(outcome, warm.CallReturned):
            return outcome.result
        if isinstance(outcome, warm.CallRaised) and isinstance(error := outcome.exception(), KitError):
            raise error
        failed = StepDiedError if isinstance(outcome, warm.CallDied) else StepFailedError
        raise failed(self._explain(outcome))

    def _explain(self, outcome: warm.CallOutcome) -> str:
        step = self._component_info.component_id
        if isinstance(outcome, warm.CallRaised):
            self._append_to_log(outcome.traceback_text)
            places = [
                line.strip() for line in outcome.traceback_text.splitlines() if line.startswith("  File ")
            ]
            return f"{step} failed: {outcome.message}\n  {places[-1]}\nThe whole log is {self.log_path}."
        tail = "\n".join(self.log_path.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:])
        return f"{step}: {outcome.message}\n{tail}\nThe whole log is {self.log_path}."

    def _append_to_log(self, text: str) -> None:
        with self.log_path.open("a") as log:
            log.write(text)


def discard_execution(store: Any, execution_id: int, pipeline_root: Path) -> None:
    """Record that an execution failed; remove the outputs that it had begun and its temporary files."""
    [execution] = store.get_executions_by_id([execution_id])
    execution.last_known_state = metadata_store_pb2.Execution.FAILED
    component = component_of(execution)
    if "state" in execution.properties:
        execution.properties["state"].string_value = "failed"
    store.put_executions([execution])
    for folder in (pipeline_root / component).glob(f"*/{execution_id}") if component else ():
        shutil.rmtree(folder, ignore_errors=True)
    _remove_temporary(pipeline_root, execution_id)


def _remove_temporary(pipeline_root: Path, execution_id: int) -> None:
    shutil.rmtree(pipeline_root / TEMPORARY / str(execution_id), ignore_errors=True)
