"""Bands and the minimum slice size, carried in an EvalConfig, which has no fields for them, and applied by Evaluator.

The configuration still describes an evaluation completely: TFX's cache sees a change in it, it is kept beside the
results, and TFX's own Evaluator, given this module as `module_path`, cuts the same slices.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.api import types
from tensorflow_model_analysis.extractors import extractor, unbatch_extractor
from tensorflow_model_analysis.metrics import metric_types

from kit.evaluation.metrics.bands import band_columns

MODULE = __name__
_NAME = "_slice_rules"


class SliceRules(metric_types.Metric):
    """A metric that computes nothing and carries what slices depend on.

    Args:
        bands: for each its `column`, `edges` and `labels`.
        min_slice_size: the rows that a slice must have for its values to decide gates.
        code: a digest of the metrics' code, so that results of other code are not taken from the cache.
        name: the name of the metric.
    """

    def __init__(
        self,
        bands: Mapping[str, Any] | None = None,
        min_slice_size: int = 1,
        code: str = "",
        name: str = _NAME,
    ) -> None:
        del bands, min_slice_size, code
        super().__init__(_nothing, name=name)


metric_types.register_metric(SliceRules)


def _nothing(name: str) -> list[Any]:
    del name
    return []


def rules_of(eval_config: tfma.EvalConfig) -> dict[str, Any]:
    """Return the `bands` and the `min_slice_size` that a configuration carries."""
    rules: dict[str, Any] = {"bands": {}, "min_slice_size": 1}
    for spec in eval_config.metrics_specs:
        for metric in spec.metrics:
            if metric.class_name == SliceRules.__name__:
                rules |= json.loads(metric.config)
    return rules


def custom_extractors(
    eval_shared_model: Any, eval_config: tfma.EvalConfig, tensor_adapter_config: Any
) -> list[Any]:
    """Return TFMA's extractors with one that adds the bands to the raw features; TFX finds this by its name."""
    extractors = list(
        tfma.default_extractors(
            eval_shared_model=eval_shared_model,
            eval_config=eval_config,
            tensor_adapter_config=tensor_adapter_config,
        )
    )
    if bands := rules_of(eval_config)["bands"]:
        stages = [each.stage_name for each in extractors]
        place = stages.index(unbatch_extractor.UNBATCH_EXTRACTOR_STAGE_NAME)
        add = beam.Map(functools.partial(add_bands, bands=bands))
        extractors.insert(place, extractor.Extractor(stage_name="ExtractBands", ptransform=_Named(add)))
    return extractors


class _Named(beam.PTransform):
    def __init__(self, step: Any) -> None:
        super().__init__()
        self._step = step

    def expand(self, extracts: Any) -> Any:
        return extracts | "AddBands" >> self._step


def add_bands(extracts: Mapping[str, Any], bands: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extracts of a batch with each band among its raw features."""
    features = extracts[constants.FEATURES_KEY]
    columns = band_columns(features, bands, _rows(features))
    added = {name: _sparse(column) for name, column in columns.items()}
    return {**extracts, constants.FEATURES_KEY: {**features, **added}}


def _rows(features: Mapping[str, Any]) -> int:
    """Return the number of rows of a batch; a sparse feature has it in its shape."""
    first = next(iter(features.values()))
    shape = getattr(first, "dense_shape", None)
    return len(first) if shape is None else int(shape[0])


def _sparse(column: Any) -> types.SparseTensorValue:
    """Return a column without its empty values, so that TFMA finds no slice for them."""
    [rows] = np.nonzero(column)
    indices = np.stack([rows, np.zeros_like(rows)], axis=1).astype(np.int64)
    values = np.array(column[rows].tolist(), object)
    return types.SparseTensorValue(values, indices, np.array([len(column), 1], np.int64))
