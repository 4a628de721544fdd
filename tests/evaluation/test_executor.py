"""Evaluator finds what stock TFX finds, without Beam and through Beam, of one model or of two."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator import component

from kit.evaluation import row_costs
from kit.evaluation.config import eval_config
from kit.evaluation.executor import BeamEvaluatorExecutor, Evaluator, EvaluatorExecutor
from kit.evaluation.local import step
from kit.evaluation.local.rows import NotLocalError
from kit.evaluation.metrics import validation

if TYPE_CHECKING:
    from kit.session import Session


def inputs_of(session: Session) -> dict[str, Any]:
    """Return what the latest Evaluator took, as inputs for another one."""
    inputs, _ = session.history("Evaluator")[0]
    channels = {name: session.as_channel(artifacts) for name, artifacts in inputs.items() if artifacts}
    return {
        **channels,
        "eval_config": eval_config(session.project, has_baseline="baseline_model" in channels),
        "example_splits": ["eval"],
    }


def metrics(evaluation: Path) -> dict[Any, float]:
    return {
        (str(one.slice_key), entry.key.SerializeToString()): entry.value.double_value.value
        for one in tfma.load_metrics(str(evaluation))
        for entry in one.metric_keys_and_values
    }


def verdict(evaluation: Path) -> dict[str, Any]:
    """Return TFMA's verdict without the values, whose last digits differ, and without an order that Beam has not."""
    result = tfma.load_validation_result(str(evaluation))
    return {
        "ok": result.validation_ok,
        "missed": {
            (str(one.slice_key), str(failure.metric_key), str(failure.metric_threshold))
            for one in result.metric_validations_per_slice
            for failure in one.failures
        },
        "checked": {
            (str(one.slicing_spec), one.num_matching_slices)
            for one in result.validation_details.slicing_details
        },
        "missing": [str(one) for one in result.missing_slices],
    }


@pytest.mark.parametrize("fixture", ["blessed", "rejected"])
def test_both_ways_find_what_stock_evaluator_finds(fixture: str, request: pytest.FixtureRequest) -> None:
    session: Session = request.getfixturevalue(fixture)
    given = inputs_of(session)
    log = session.workspace.logs(session.project.name) / "Evaluator.log"
    assert "through Beam" not in log.read_text()
    session.run(component.Evaluator(**given).with_id("StockEvaluator"))
    session.run(Evaluator(**given).through_beam().with_id("BeamEvaluator"))
    stock = session.path("StockEvaluator", "evaluation")
    assert len({slice_key for slice_key, _ in metrics(stock)}) > 3, "all rows, and each city"
    for name in ("Evaluator", "BeamEvaluator"):
        found = session.path(name, "evaluation")
        # Keras's metrics add float32 batch by batch, and Beam makes batches by the clock. Of a metric near 1 that is
        # some 1e-7, and as much of the difference of two models' metrics, which may itself be a thousandth.
        assert metrics(found) == pytest.approx(metrics(stock), rel=1e-6, abs=1e-7)
        assert verdict(found) == verdict(stock)
        assert sorted(path.name for path in found.iterdir()) == sorted(path.name for path in stock.iterdir())
        blessings = [session.latest(each, "blessing") for each in (name, "StockEvaluator")]
        for key in ("blessed", "current_model_id", "baseline_model_id"):
            assert len({one.get_int_custom_property(key) for one in blessings}) == 1
        mine, its = ([path.name for path in Path(one.uri).iterdir()] for one in blessings)
        assert mine == its


def test_a_metric_without_a_formula_goes_through_beam_and_the_log_says_so(blessed: Session) -> None:
    given = inputs_of(blessed)
    given["eval_config"].metrics_specs[0].metrics.append(
        config_pb2.MetricConfig(class_name="RootMeanSquaredError", config=json.dumps({"name": "rmse"}))
    )
    blessed.run(Evaluator(**given).with_id("OtherEvaluator"))
    log = blessed.workspace.logs(blessed.project.name) / "OtherEvaluator.log"
    assert "through Beam: the metric RootMeanSquaredError has no formula here" in log.read_text()
    found = tfma.load_eval_result(str(blessed.path("OtherEvaluator", "evaluation")))
    assert 0 < found.get_metrics_for_slice()["rmse"]["doubleValue"] < 1


def test_only_what_is_for_beam_goes_there(monkeypatch: pytest.MonkeyPatch) -> None:
    went: list[str] = []

    def refuse(*_: Any) -> None:
        raise NotLocalError("reason")

    def fail(*_: Any) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(BeamEvaluatorExecutor, "Do", lambda *_: went.append("beam"))
    monkeypatch.setattr(validation, "judge_by_slices_of_size", lambda: None)
    monkeypatch.setattr(step, "run", refuse)
    EvaluatorExecutor().Do({}, {}, {})
    assert went == ["beam"]
    monkeypatch.setattr(step, "run", fail)
    with pytest.raises(ValueError, match="a fault"):
        EvaluatorExecutor().Do({}, {}, {})
    assert went == ["beam"]


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
