"""Whether an evaluation can be done in memory here, and which features it needs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tensorflow_model_analysis import constants
from tensorflow_model_analysis.metrics import metric_specs
from tfx.types import standard_component_specs as names

from kit.evaluation.local.formulas import formula_of, register_all
from kit.evaluation.local.rows import NotLocalError, Slices
from kit.evaluation.metrics import slice_rules
from kit.units import BYTES_PER_MB

MOST_BYTES = 64 * BYTES_PER_MB  # of compressed examples: two million rows of the sample, with 29 bytes each
MOST_MEMBERSHIPS = 30_000_000  # rows in slices; each costs some 60 bytes while metrics are computed

_CLASSES = ("binarize", "aggregate")
_OUTPUTS = ("output_names", "output_weights")


def check_inputs(input_dict: Any, exec_properties: Any, files: list[Path]) -> None:
    """Refuse an evaluation whose inputs only stock Evaluator reads.

    Raises:
        NotLocalError: with the reason.
    """
    if not exec_properties.get(names.EVAL_CONFIG_KEY):
        raise NotLocalError("there is no EvalConfig")
    module = exec_properties.get(names.MODULE_PATH_KEY) or ""
    if exec_properties.get(names.MODULE_FILE_KEY) or module.partition("@")[0] not in {"", slice_rules.MODULE}:
        raise NotLocalError("it has extractors of its own")
    for key in (names.MODEL_KEY, names.EXAMPLES_KEY):
        if len(input_dict.get(key) or ()) != 1:
            raise NotLocalError(f"it has no single artifact of {key}")
    size = sum(file.stat().st_size for file in files)
    if size > MOST_BYTES:
        raise NotLocalError(
            f"{size / BYTES_PER_MB:,.0f} MB of examples are more than {MOST_BYTES // BYTES_PER_MB} MB"
        )
    if not all(file.suffix == ".gz" for file in files):
        raise NotLocalError("its examples are no gzipped TFRecord files")


def check_config(eval_config: Any) -> None:
    """Refuse a configuration that is not supported here.

    Args:
        eval_config: the configuration, with its defaults filled in.

    Raises:
        NotLocalError: with the reason.
    """
    if eval_config.cross_slicing_specs:
        raise NotLocalError("slices are compared with each other")
    if eval_config.options.disabled_outputs.values:
        raise NotLocalError("some outputs are left out")
    for spec in eval_config.model_specs:
        if spec.HasField("padding_options") or spec.label_keys or spec.prediction_keys:
            raise NotLocalError("a model has several outputs")
    # Before TFMA makes a metric: in a process that has reloaded the kit, its registry has the old class.
    register_all()
    for spec in eval_config.metrics_specs:
        for field in _CLASSES:
            if spec.HasField(field):
                raise NotLocalError(f"metrics are of classes ({field})")
        if any(getattr(spec, field) for field in _OUTPUTS):
            raise NotLocalError("metrics are of several outputs")
        for _, _, metric in metric_specs.keys_and_metrics_from_specs(eval_config, [spec]):
            formula_of(metric)


def check_slices(slices: Slices) -> None:
    """Refuse slices that would fill the memory.

    Raises:
        NotLocalError: with how many rows they have together.
    """
    if len(slices.elements) > MOST_MEMBERSHIPS:
        raise NotLocalError(f"{len(slices.keys):,} slices have {len(slices.elements):,} rows together")


def check_models(eval_config: Any, models: list[Any]) -> None:
    """Refuse models that TFMA does not simply call, or whose own metrics it adds.

    Raises:
        NotLocalError: with the reason.
    """
    adds = (
        not eval_config.options.HasField("include_default_metrics")
        or eval_config.options.include_default_metrics.value
    )
    for model in models:
        known = {constants.TF_GENERIC} if adds else {constants.TF_GENERIC, constants.TF_KERAS}
        if model.model_type not in known:
            raise NotLocalError(f"a model is of type {model.model_type}")


def features_of(eval_config: Any) -> set[str]:
    """Return the names that may be features: those in slices and queries, and all texts in the settings of metrics."""
    found: set[str] = set()
    for slicing in eval_config.slicing_specs:
        found |= {*slicing.feature_keys, *slicing.feature_values}
    for spec in eval_config.metrics_specs:
        found.add(spec.query_key)
        for metric in spec.metrics:
            found |= set(_texts(json.loads(metric.config or "{}")))
    return found - {""}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
