"""A session: TFX's InteractiveContext on a workspace, which runs steps quietly, timed, cached and one at a time."""

from __future__ import annotations

import datetime as dt
import logging
import os
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

# Before TensorFlow is imported, so that it writes only errors into a notebook.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from absl import logging as absl_logging
from ml_metadata.proto import metadata_store_pb2
from tfx import types
from tfx.orchestration import data_types, metadata
from tfx.orchestration.experimental.interactive import interactive_context
from tfx.types import channel_utils

from kit.errors import StepOrderError
from kit.project import Project
from kit.steps.connection import connection_to
from kit.steps.history import (
    ENDED_WELL,
    Artifacts,
    component_of,
    executions,
    inputs_of,
    outputs_of,
    properties_of,
    took_from,
    why_not_cached,
)
from kit.steps.launcher import StepLauncher, discard_execution, launch_together
from kit.steps.memory import MemoryTogether
from kit.steps.monitor import Made, Show, StepMonitor, StepRecord
from kit.steps.origin import origin
from kit.workspace import Workspace

# The components in the order of the chain, and the notebook that runs each.
CHAIN = {
    "ExampleGen": "01_data",
    "StatisticsGen": "01_data",
    "SchemaGen": "01_data",
    "ExampleValidator": "01_data",
    "Transform": "02_features",
    "Trainer": "03_train",
    "Evaluator": "04_evaluate",
    "InfraValidator": "05_release",
    "Pusher": "05_release",
}


class Session(interactive_context.InteractiveContext):
    """Runs the components of one project in one workspace.

    The pipeline has a fixed name and root, so that a second session finds what the first one made.

    Args:
        workspace: the workspace where everything is kept; with a read-only one the session only looks at what has run.
        project: the project that is modelled.
        show: is told of each step as it runs; None: a line of text in the notebook.

    Attributes:
        steps: how each step of this session ended, in order.

    Raises:
        StepOrderError: when the workspace is read-only and nothing has run in it.
    """

    def __init__(self, workspace: Workspace, project: Project, show: Show | None = None) -> None:
        # Silences TFX's driver and publisher; steps have their own log.
        absl_logging.set_verbosity(absl_logging.ERROR)
        for name in ("apache_beam", "tensorflow"):
            logging.getLogger(name).setLevel(logging.ERROR)
        self.workspace, self.project, self._show = workspace, project, show
        self.steps: list[StepRecord] = []
        root = workspace.artifacts(project.name)
        connection = connection_to(workspace)
        if not workspace.read_only:
            root.mkdir(parents=True, exist_ok=True)
        super().__init__(
            pipeline_name=project.name,
            pipeline_root=str(root),
            metadata_connection_config=connection,
            beam_pipeline_args=project.spec.beam.arguments(),
        )
        if not workspace.read_only:
            with workspace.lock("step", f"{project.name}, opening"), self._metadata() as handle:
                self._discard_dead_executions(handle)

    def run(
        self, component: Any, enable_cache: bool = True, beam_pipeline_args: list[str] | None = None
    ) -> None:
        """Run a component, or take its results from the cache when nothing it depends on changed.

        How it ended is shown in the notebook, and is the last of `steps`.

        Raises:
            KitError: when the executor raises one (a gate, bad input); StepFailedError for any other failure.
            KeyboardInterrupt: when interrupted; the executor's process is gone then.
        """
        self._run([component], enable_cache, beam_pipeline_args)

    def run_together(self, *components: Any) -> None:
        """Run components that need nothing of one another, at the same time.

        Each is shown, recorded and cached as by `run`. One that fails does not stop the others.

        Raises:
            KitError: as `run`; if several fail, the error of the first one given.
            KeyboardInterrupt: when interrupted; the executors' processes are gone then.
        """
        self._run(components, enable_cache=True, beam_args=None)

    def _run(self, components: Sequence[Any], enable_cache: bool, beam_args: list[str] | None) -> None:
        for component in components:
            self.project.spec.beam.choose_executor(component)
        together = MemoryTogether()
        monitors = [self._monitor(str(component.id), enable_cache, together) for component in components]
        purpose = f"{self.project.name}, {' and '.join(monitor.step for monitor in monitors)}"
        errors: dict[StepMonitor, Exception | None] = {}
        try:
            with self.workspace.lock("step", purpose, say=monitors[0].waiting):
                launchers = [
                    self._launcher(component, monitor, enable_cache, beam_args)
                    for component, monitor in zip(components, monitors, strict=True)
                ]
                with closing(launch_together(launchers)) as ended:
                    for launcher, error in ended:
                        errors[launcher.monitor] = error
                        self._end(launcher.monitor, error, monitors)
        except BaseException as error:
            for monitor in monitors:
                if monitor not in errors:
                    self._end(monitor, error, monitors)
            raise
        for monitor in monitors:
            if (failure := errors[monitor]) is not None:
                raise failure

    def _end(self, monitor: StepMonitor, error: BaseException | None, all_: list[StepMonitor]) -> None:
        """Show and record how a step ended, also on the roads of all that were begun together with it."""
        if error is None:
            record = monitor.end("cached" if monitor.cached else "done", self._made(monitor.step))
        else:
            record = monitor.end("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        self.steps.append(record)
        for one in all_:
            one.road(record)

    def _monitor(self, step: str, enable_cache: bool, together: MemoryTogether) -> StepMonitor:
        def why() -> tuple[str, ...]:
            if not enable_cache:
                return ("this run was told to do without it",)
            with self._metadata() as handle:
                return why_not_cached(handle.store, self.pipeline_name, step)

        log = self.workspace.logs(self.project.name) / f"{step}.log"
        chain = {component: "done" if done else "to do" for component, done in self.done().items()}
        return StepMonitor(step, log, self._show, chain, why, together=together)

    def _made(self, step: str) -> tuple[Made, ...]:
        with self._metadata() as handle:
            outputs = outputs_of(handle.store, self._last(handle.store, step))
        return tuple(Made(key, one.type_name, one.uri) for key, several in outputs.items() for one in several)

    def _launcher(
        self, component: Any, monitor: StepMonitor, enable_cache: bool, beam_args: list[str] | None
    ) -> StepLauncher:
        pipeline = data_types.PipelineInfo(
            pipeline_name=self.pipeline_name,
            pipeline_root=self.pipeline_root,
            run_id=dt.datetime.now(dt.UTC).isoformat(),
        )
        for name, channel in component.outputs.items():
            for artifact in channel.get():
                artifact.pipeline_name, artifact.producer_component = self.pipeline_name, component.id
                artifact.name = name
        launcher = StepLauncher(
            component=component,
            pipeline_info=pipeline,
            driver_args=data_types.DriverArgs(enable_cache=enable_cache, interactive_resolution=True),
            metadata_connection=metadata.Metadata(self.metadata_connection_config),
            beam_pipeline_args=list(beam_args or self.beam_pipeline_args),
            additional_pipeline_args={},
        )
        launcher.monitor, launcher.log_path = monitor, monitor.log
        launcher.project_folder, launcher.origin = self.project.folder, origin(self.workspace)
        return launcher

    def latest(self, component_id: str, key: str) -> types.Artifact:
        """Return what a component last made as one of its outputs; `key`: the name of that output.

        Raises:
            StepOrderError: when it has not run in this workspace; the message names the notebook to run.
        """
        with self._metadata() as handle:
            return outputs_of(handle.store, self._last(handle.store, component_id))[key][0]

    def follows(self, component_id: str, before: str) -> bool:
        """Return whether a component's latest run took what another one made last.

        Raises:
            StepOrderError: when one of them has not run in this workspace.
        """
        with self._metadata() as handle:
            last, last_before = (self._last(handle.store, each) for each in (component_id, before))
            return took_from(handle.store, last, last_before)

    def properties(self, component_id: str) -> dict[str, str]:
        """Return the properties that a component last ran with.

        Raises:
            StepOrderError: when it has not run in this workspace.
        """
        with self._metadata() as handle:
            last = self._last(handle.store, component_id)
        return properties_of(last)

    def past_properties(self, component_id: str) -> list[dict[str, str]]:
        """Return the properties that a component ran with each time that it ended well, the latest first.

        Raises:
            StepOrderError: when it has not run in this workspace.
        """
        with self._metadata() as handle:
            self._last(handle.store, component_id)
            past = executions(handle.store, self.pipeline_name, component_id)
        return [
            properties_of(execution)
            for execution in reversed(past)
            if execution.last_known_state in ENDED_WELL
        ]

    def history(self, component_id: str) -> list[tuple[Artifacts, Artifacts]]:
        """Return what a component took and made each time that it ended well, the latest first."""
        with self._metadata() as handle:
            past = executions(handle.store, self.pipeline_name, component_id)
            return [
                (inputs_of(handle.store, execution), outputs_of(handle.store, execution))
                for execution in reversed(past)
                if execution.last_known_state in ENDED_WELL
            ]

    def channel(self, component_id: str, key: str) -> Any:
        """Return what a component last made, as an input for the next one.

        Raises:
            StepOrderError: when it has not run in this workspace.
        """
        return self.as_channel([self.latest(component_id, key)])

    @staticmethod
    def as_channel(artifacts: list[types.Artifact]) -> Any:
        """Return artifacts of the past as an input for a component."""
        return channel_utils.as_channel(artifacts)

    def done(self) -> dict[str, bool]:
        """Return for each component of the chain whether it has ended well in this workspace."""
        with self._metadata() as handle:
            past = executions(handle.store, self.pipeline_name)
        ended = {component_of(e) for e in past if e.last_known_state in ENDED_WELL}
        return {component: component in ended for component in CHAIN}

    def path(self, component_id: str, key: str) -> Path:
        """Return the folder of what a component last made; as `latest`."""
        return Path(self.latest(component_id, key).uri)

    def _metadata(self) -> metadata.Metadata:
        self.workspace.check_there()
        return metadata.Metadata(self.metadata_connection_config)

    def _last(self, store: Any, component_id: str) -> Any:
        for execution in reversed(executions(store, self.pipeline_name, component_id)):
            if execution.last_known_state in ENDED_WELL:
                return execution
        raise StepOrderError(
            f"{component_id} must have run, but it has not in {self.workspace.path} for project {self.project.name}. "
            f"Run {CHAIN.get(component_id, 'it')} first, with the same workspace and project."
        )

    def _discard_dead_executions(self, handle: metadata.Metadata) -> None:
        """Clean up after a kernel that was killed: the step lock is held, so no execution can be running."""
        for execution in executions(handle.store, self.pipeline_name):
            if execution.last_known_state == metadata_store_pb2.Execution.RUNNING:
                discard_execution(handle.store, execution.id, Path(self.pipeline_root))
