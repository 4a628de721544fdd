"""Rows of two models with everything that metrics have to get right: ties, weights, extremes, small slices."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils import config_util

from kit.evaluation.local.rows import Pairs, Rows, Scored

COUNT = 240


def rows(*names: str, weighted: bool = True) -> Rows:
    """Return rows of binary models by their names, whose queries are of 1 to 12 rows."""
    draw = np.random.default_rng(5)
    chance = draw.beta(1, 3, COUNT)
    label = (draw.random(COUNT) < chance).astype(np.int64)
    weights = draw.choice([0.5, 1.0, 2.0], COUNT).astype(np.float32) if weighted else None
    models = {}
    for name in names:
        noisy = np.clip(chance + draw.normal(0, 0.1, COUNT), 0.001, 0.999).astype(np.float32)
        noisy[::7] = 0.25  # ties, on the edge of a bucket
        models[name] = Scored(label, noisy, weights)
    every = np.arange(COUNT)
    city = draw.choice([b"Oslo", b"Rom", "東京".encode()], COUNT)
    item = draw.integers(30, size=COUNT)
    present = draw.random(COUNT) < 0.9
    return Rows(
        COUNT,
        {
            "city": Pairs(every[present], city[present].astype(object)),
            "part": Pairs(every, draw.integers(3, size=COUNT)),
            "query": Pairs(every, np.sort(draw.integers(60, size=COUNT))),
            "gain": Pairs(every, label.astype(np.float32)),
            "item": Pairs(every[present], np.array([b"item %d" % one for one in item[present]], object)),
            "kind": Pairs(every, np.array([b"kind %d" % (one % 4) for one in item], object)),
        },
        models,
    )


def config(*metrics: Any, models: tuple[str, ...] = ("",), query_key: str = "", weighted: bool = True) -> Any:
    """Return a configuration with its defaults; a metric is a class name, or one with its settings."""
    pairs = [(one, {}) if isinstance(one, str) else one for one in metrics]
    spec = config_pb2.MetricsSpec(
        metrics=[
            config_pb2.MetricConfig(
                class_name=name.rpartition(".")[2],
                module=name.rpartition(".")[0],
                config=json.dumps(settings) if settings else "",
            )
            for name, settings in pairs
        ],
        query_key=query_key,
    )
    given = config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                name=name,
                label_key="label",
                example_weight_key="weight" if weighted else "",
                is_baseline=name == "baseline",
            )
            for name in models
        ],
        metrics_specs=[spec],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            config_pb2.SlicingSpec(feature_keys=["city"]),
            config_pb2.SlicingSpec(feature_keys=["part", "city"]),
        ],
    )
    return config_util.update_eval_config_with_defaults(given, has_baseline="baseline" in models)


def multiclass_rows() -> Rows:
    """Return rows whose labels are the numbers of three classes."""
    draw = np.random.default_rng(6)
    label = draw.integers(3, size=COUNT)
    scores = draw.random((COUNT, 3)) + np.eye(3)[label]
    predictions = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    binary = rows("", weighted=False)
    return Rows(COUNT, binary.features, {"": Scored(label, predictions, None)})


def regression_rows() -> Rows:
    """Return rows whose labels are numbers, some of them 0."""
    draw = np.random.default_rng(7)
    label = np.round(draw.gamma(2, 3, COUNT)).astype(np.float32)
    binary = rows("")
    weights = binary.models[""].weights
    return Rows(
        COUNT, binary.features, {"": Scored(label, label + draw.random(COUNT).astype(np.float32), weights)}
    )
