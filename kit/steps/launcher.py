"""Launches components like TFX's in-process launcher, but with the executor in a process that can be stopped."""

from __future__ import annotations

import os
import shutil
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.dsl.components.base import executor_spec
from tfx.orchestration.launcher import in_process_component_launcher
from tfx.utils import json_utils

from kit import warm
from kit.errors import StepDiedError, StepFailedError
from kit.secret import without_secrets
from kit.steps.history import component_of
from kit.steps.monitor import StepMonitor
from kit.steps.origin import stamp
from kit.texts import tail

TEMPORARY = ".temp"  # below the pipeline's root, with one folder per execution
_LOG_TAIL_LINES = 12


class StepLauncher(in_process_component_launcher.InProcessComponentLauncher):
    """Runs the executor in a child, so that it can be watched and interrupted, and always sees the code on disk.

    A step that fails or is interrupted is FAILED in ML Metadata, and its partial output is removed.
    """

    monitor: StepMonitor
    project_folder: Path
    log_path: Path
    origin: Mapping[str, str]

    def launch(self) -> Any:
        """Run the component to its end, as TFX's launchers do."""
        for _, error in launch_together([self]):
            if error is not None:
                raise error
        return self._decision

    def begin(self) -> None:
        """Run TFX's driver, and start the executor's process unless the results are cached."""
        self._unfinished: int | None = None
        self._child: warm.WarmCall | None = None
        self._decision = self._run_driver(self._input_dict, self._output_dict, self._exec_properties)
        if not self._decision.use_cached_results:
            self._run_executor(
                self._decision.execution_id,
                self._decision.input_dict,
                self._decision.output_dict,
                self._decision.exec_properties,
            )

    def is_over(self, seconds: float) -> bool:
        """Wait for the executor, at most `seconds`, and return whether it has ended; if so, publish its outputs.

        Raises:
            KitError: the executor's own, or StepFailedError for any other failure.
        """
        if self._child is not None:
            outcome = self._child.wait(seconds)
            if outcome is None:
                self.monitor.process(self._child.pid)
                self.monitor.tick(self._child.progress)
                return False
            self._take(outcome)
        self._run_publisher(output_dict=self._decision.output_dict)
        return True

    def discard(self) -> None:
        """Stop the executor if it still runs, and record the execution as failed in ML Metadata."""
        if self._child is not None:
            self._child.kill()
        if self._unfinished is not None:
            with self._metadata_connection as metadata:
                discard_execution(metadata.store, self._unfinished, Path(self._pipeline_info.pipeline_root))

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
        """Start the executor; `is_over` waits for it."""
        self._unfinished = execution_id
        self.monitor.executing()
        spec = cast("executor_spec.ExecutorClassSpec", self._component_executor_spec)
        executor = spec.executor_class
        request = {
            "step": self._component_info.component_id,
            "executor": f"{executor.__module__}.{executor.__qualname__}",
            "inputs": input_dict,
            "outputs": output_dict,
            "properties": exec_properties,
            "beam_args": self._beam_pipeline_args,
            "tmp_dir": str(Path(self._pipeline_info.pipeline_root) / TEMPORARY),
            "unique_id": str(execution_id),
            "project": str(self.project_folder),
        }
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._child = warm.start_call(
            "kit.steps.child:run_executor",
            json_utils.dumps(request).encode(),
            log_path=self.log_path,
            env=without_secrets(os.environ),  # it records its parameters, and others read its log
            notify=self.monitor.tick,
        )

    def _take(self, outcome: warm.CallOutcome) -> None:
        """Copy what the executor recorded to the output artifacts."""
        result = self._result(outcome)
        output_dict = self._decision.output_dict
        for key, artifacts in json_utils.loads(result.decode()).items():
            for kept, filled in zip(output_dict[key], artifacts, strict=True):
                kept.set_mlmd_artifact(filled.mlmd_artifact)
        _remove_temporary(Path(self._pipeline_info.pipeline_root), self._decision.execution_id)
        self._unfinished = None

    def _result(self, outcome: warm.CallOutcome) -> bytes:
        if isinstance(outcome, warm.CallReturned):
            return outcome.result
        if error := outcome.kit_error():
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
        end = tail(self.log_path, _LOG_TAIL_LINES)
        return f"{step}: {outcome.message}\n{end}\nThe whole log is {self.log_path}."

    def _append_to_log(self, text: str) -> None:
        with self.log_path.open("a") as log:
            log.write(text)


def launch_together(
    launchers: Sequence[StepLauncher],
) -> Generator[tuple[StepLauncher, Exception | None]]:
    """Start all launchers, and yield each as it ends, with its error if it failed.

    The executors run side by side; all else, ML Metadata above all, happens in the caller's thread as it asks for the
    next. A failed step does not stop the others: their results are in the cache when all are run again. An interrupt,
    or a driver that fails, stops them all.
    """
    going: list[StepLauncher] = []
    try:
        for launcher in launchers:
            going.append(launcher)
            launcher.begin()
        while going:
            for launcher in list(going):
                error = None
                try:
                    if not launcher.is_over(launcher.monitor.interval_seconds / len(going)):
                        continue
                except Exception as failure:  # noqa: BLE001  the caller raises it
                    launcher.discard()
                    error = failure
                going.remove(launcher)
                yield launcher, error
    finally:
        for launcher in going:
            launcher.discard()


def discard_execution(store: Any, execution_id: int, pipeline_root: Path) -> None:
    """Record that an execution failed; remove its partial outputs and its temporary files."""
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
