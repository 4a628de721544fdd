"""Evaluator with TFX's executor, whose costs of a row are paid once."""

from __future__ import annotations

from typing import Any

from tfx.components.evaluator import component, executor
from tfx.dsl.components.base import executor_spec

from kit.evaluation import row_costs


class EvaluatorExecutor(executor.Executor):
    """TFX's executor; the process that it runs in is of no use for anything else afterwards."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        row_costs.pay_once(exec_properties["eval_config"])
        super().Do(input_dict, output_dict, exec_properties)


class Evaluator(component.Evaluator):
    """TFX's Evaluator with that executor."""

    EXECUTOR_SPEC = executor_spec.BeamExecutorSpec(EvaluatorExecutor)
