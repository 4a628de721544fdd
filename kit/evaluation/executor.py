"""Evaluator with two executors: without Beam where possible, through Beam otherwise."""

from __future__ import annotations

from typing import Any

from absl import logging
from tfx.components.evaluator import component, executor
from tfx.dsl.components.base import executor_spec

from kit.evaluation import row_costs
from kit.evaluation.local import step
from kit.evaluation.local.rows import NotLocalError
from kit.evaluation.metrics import validation
from kit.steps.progress import report


class BeamEvaluatorExecutor(executor.Executor):
    """TFX's executor with its per-row costs paid once.

    The process that it runs in must not do anything else afterwards.
    """

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        row_costs.pay_once(exec_properties["eval_config"])
        validation.judge_by_slices_of_size()
        super().Do(input_dict, output_dict, exec_properties)


class EvaluatorExecutor(BeamEvaluatorExecutor):
    """Computes in memory what `kit.evaluation.local` supports and this machine can hold; all else goes through Beam."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        validation.judge_by_slices_of_size()
        try:
            step.run(input_dict, output_dict, exec_properties)
        except NotLocalError as reason:
            logging.warning("Evaluated through Beam: %s.", reason)
            report(f"through Beam: {reason}")
            super().Do(input_dict, output_dict, exec_properties)


class Evaluator(component.Evaluator):
    """TFX's Evaluator with the executor that chooses; `through_beam` decides for Beam."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(EvaluatorExecutor)

    def through_beam(self) -> Evaluator:
        """Evaluate through Beam whatever the size and the metrics; return the component itself."""
        self.executor_spec = executor_spec.BeamExecutorSpec(BeamEvaluatorExecutor)
        return self
