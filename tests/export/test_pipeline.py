"""The pipeline before it runs: gates stand before what they guard, and Beam's settings are those of project.yml."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tfx.components.statistics_gen.component import StatisticsGen as StockStatisticsGen
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from valid_projects import altered

from kit.data.statistics import InMemoryStatisticsExecutor
from kit.errors import StepFailedError, UsageError
from kit.export.gates import GateInputs
from kit.export.local import run_pipeline
from kit.export.pipeline import create_pipeline
from kit.session import CHAIN
from kit.steps.beam_settings import Beam

if TYPE_CHECKING:
    from training.tiny import Tiny


def components(tiny: Tiny, **settings: Any) -> tuple[Any, dict[str, Any]]:
    project = altered(tiny.project, **settings)
    pipeline = create_pipeline(tiny.session.workspace, project)
    return pipeline, {step.id: step for step in pipeline.components}


def test_nothing_passes_a_gate_that_it_has_to_wait_for(tiny: Tiny) -> None:
    pipeline, steps = components(tiny)
    waits = {name: {one.id for one in step.upstream_nodes} for name, step in steps.items()}
    assert waits["DataGate"] == {"ExampleValidator"}
    assert "DataGate" in waits["Transform"]
    for later in ("InfraValidator", "LiteRTConverter"):
        assert {"ModelGate", "RowsGate"} <= waits[later]
    assert {"LiteRTGate", "Evaluator", "InfraValidator"} <= waits["Pusher"]
    assert set(CHAIN) <= set(steps), "a step of the notebooks is missing"
    order = [step.id for step in pipeline.components]
    assert order.index("DataGate") < order.index("Transform")
    assert order.index("RowsGate") < order.index("InfraValidator")


def test_beam_elsewhere_gets_the_executors_that_it_can_spread(tiny: Tiny) -> None:
    pipeline, steps = components(tiny)
    assert steps["StatisticsGen"].executor_spec.executor_class is InMemoryStatisticsExecutor
    flink = Beam(runner="flink", options={"flink_master": "localhost:8081"})
    pipeline, steps = components(tiny, beam=flink)
    assert steps["StatisticsGen"].executor_spec is StockStatisticsGen.EXECUTOR_SPEC
    assert pipeline.beam_pipeline_args == flink.arguments()


def test_steps_that_tfx_left_out_in_silence_are_told(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalDagRunner, "run", lambda *_: None)
    with pytest.raises(StepFailedError, match="TFX did not run ExampleGen, StatisticsGen"):
        run_pipeline(create_pipeline, tiny.session.workspace, tiny.project, print)


def test_what_a_step_raises_is_told_with_its_log(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("no space")

    monkeypatch.setattr(LocalDagRunner, "run", fail)
    with pytest.raises(
        StepFailedError, match=r"one raised RuntimeError: no space\nThe whole log is .*pipeline.log"
    ):
        run_pipeline(create_pipeline, tiny.session.workspace, tiny.project, print)


def test_a_gate_that_was_not_given_what_it_judges_says_so(tiny: Tiny) -> None:
    with pytest.raises(
        UsageError, match="must be given anomalies of ExampleValidator, but has only statistics"
    ):
        GateInputs(tiny.project, {"statistics": tiny.folder}, {}).path("ExampleValidator", "anomalies")
