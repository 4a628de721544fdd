"""Paying TFMA's costs of a row once changes no metric, of one model or of two."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tensorflow_model_analysis as tfma
from tfx.components.evaluator import component

from kit.evaluation import row_costs
from kit.evaluation.config import eval_config

if TYPE_CHECKING:
    from kit.session import Session


def metrics(evaluation: Path, model: str) -> dict[Any, float]:
    result = tfma.load_eval_result(str(evaluation), model_name=model or None)
    return {
        (slice_key, name): value["doubleValue"]
        for slice_key, outputs in result.slicing_metrics
        for name, value in outputs[""][""].items()
    }


@pytest.mark.parametrize(("fixture", "models"), [("blessed", [""]), ("rejected", ["candidate", "baseline"])])
def test_stock_evaluator_finds_the_same(
    fixture: str, models: list[str], request: pytest.FixtureRequest
) -> None:
    session: Session = request.getfixturevalue(fixture)
    inputs, outputs = session.history("Evaluator")[0]
    stock = component.Evaluator(
        **{name: session.as_channel(artifacts) for name, artifacts in inputs.items()},
        eval_config=eval_config(session.project, has_baseline=len(models) > 1),
        example_splits=["eval"],
    ).with_id("StockEvaluator")
    session.run(stock)
    for model in models:
        found = metrics(session.path("StockEvaluator", "evaluation"), model)
        ours = metrics(Path(outputs["evaluation"][0].uri), model)
        assert len({slice_key for slice_key, _ in found}) > 3, "all rows, and each city"
        # Keras's metrics add float32 batch by batch, and Beam makes batches by the clock.
        assert ours == pytest.approx(found, rel=1e-6)


def test_a_row_keeps_the_features_that_the_configuration_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_costs._Memory, "eval_config", '{"featureKeys": ["city"]}')
    asked: list[Any] = []
    monkeypatch.setattr(row_costs, "_split", asked.append)
    row_costs.extract_unbatched_inputs(
        {
            "features": {"city": 1, "height": 2},
            "transformed_features": {"candidate": {"city": 3, "height_xf": 4}},
            "labels": {"height": 5},
        }
    )
    assert asked == [
        {"features": {"city": 1}, "transformed_features": {"candidate": {"city": 3}}, "labels": {"height": 5}}
    ]
