"""What is not for this machine is told by its reason, before anything is computed."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.proto import config_pb2
from tfx.types import standard_artifacts

from evaluation.local import made
from kit.evaluation.local import formulas, support
from kit.evaluation.local.rows import NotLocalError, Slices

CONFIGS = {
    "cross slices": ("cross_slicing_specs", [config_pb2.CrossSlicingSpec()], "compared"),
    "left out": ("options", config_pb2.Options(disabled_outputs={"values": ["plots"]}), "left out"),
}


@pytest.mark.parametrize(("place", "value", "reason"), CONFIGS.values(), ids=CONFIGS)
def test_a_configuration_beyond_the_formulas_is_refused(place: str, value: Any, reason: str) -> None:
    config = made.config("AUC")
    support.check_config(config)
    getattr(config, place).MergeFrom(value)
    with pytest.raises(NotLocalError, match=reason):
        support.check_config(config)


@pytest.mark.parametrize(
    "spec",
    [
        config_pb2.MetricsSpec(binarize={"class_ids": {"values": [0]}}),
        config_pb2.MetricsSpec(aggregate={"micro_average": True}),
        config_pb2.MetricsSpec(output_names=["one"]),
    ],
    ids=["classes", "averages", "outputs"],
)
def test_metrics_of_classes_and_outputs_are_refused(spec: Any) -> None:
    config = made.config("AUC")
    config.metrics_specs.append(spec)
    with pytest.raises(NotLocalError):
        support.check_config(config)


RENEWED = """
from tensorflow_model_analysis.metrics import metric_types
from kit.evaluation.local.formulas import formula

class Renewed(metric_types.Metric):
    def __init__(self, name: str = "renewed") -> None:
        super().__init__(lambda **_: [], name=name)

metric_types.register_metric(Renewed)
formula(Renewed)(lambda asked: lambda sample: {})
"""


def test_a_metric_that_was_read_anew_has_its_formula(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kit was edited while its warm process ran: TFMA's registry still has the old class."""
    monkeypatch.setattr(metric_types, "_METRIC_OBJECTS", dict(metric_types.registered_metrics()))
    monkeypatch.setattr(formulas, "_FORMULAS", dict(formulas._FORMULAS))
    metric_types.register_metric(type("Renewed", (metric_types.Metric,), {}))
    (tmp_path / "renewed_metric.py").write_text(RENEWED)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(formulas, "_MODULES", ["renewed_metric"])
    formulas.register_all.cache_clear()
    try:
        support.check_config(made.config("Renewed"))
    finally:
        formulas.register_all.cache_clear()
        del sys.modules["renewed_metric"]


def test_a_model_that_tfma_loads_with_keras_brings_metrics_of_its_own() -> None:
    config = made.config("AUC")
    keras = SimpleNamespace(model_name="", model_type="tf_keras")
    with pytest.raises(NotLocalError, match="tf_keras"):
        support.check_models(config, [keras])
    config.options.include_default_metrics.value = False
    support.check_models(config, [keras])


def test_large_examples_and_foreign_ones_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "data_tfrecord-00000-of-00001.gz"
    file.write_bytes(b"x" * 100)
    inputs = {"model": [standard_artifacts.Model()], "examples": [standard_artifacts.Examples()]}
    properties = {"eval_config": "{}"}
    support.check_inputs(inputs, properties, [file])
    with pytest.raises(NotLocalError, match="no gzipped"):
        support.check_inputs(inputs, properties, [file.rename(tmp_path / "data_tfrecord")])
    with pytest.raises(NotLocalError, match="extractors"):
        support.check_inputs(inputs, {**properties, "module_path": "mine@wheel"}, [])
    with pytest.raises(NotLocalError, match="no single artifact of examples"):
        support.check_inputs({**inputs, "examples": []}, properties, [])
    with pytest.raises(NotLocalError, match="no EvalConfig"):
        support.check_inputs(inputs, {}, [])
    monkeypatch.setattr(support, "MOST_BYTES", 99)
    with pytest.raises(NotLocalError, match="MB of examples"):
        support.check_inputs(inputs, properties, [tmp_path / "data_tfrecord"])


def test_slices_that_fill_the_memory_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    slices = Slices([(), ()], np.arange(10), np.array([0, 5]))
    support.check_slices(slices)
    monkeypatch.setattr(support, "MOST_MEMBERSHIPS", 9)
    with pytest.raises(NotLocalError, match="2 slices have 10 rows"):
        support.check_slices(slices)


def test_features_are_whatever_the_configuration_names() -> None:
    config = made.config(("NDCG", {"gain_key": "gain", "top_k_list": [1]}), query_key="query")
    assert {"city", "part", "gain", "query"} <= support.features_of(config)
