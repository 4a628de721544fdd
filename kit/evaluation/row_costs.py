"""Pay TFMA's per-row costs once for all metrics and slices, not once for each of them.

Every metric takes label, prediction and weight out of the same row with the same few settings, through lookups that
cost more than the metric itself; and every row is split off its batch with all its features, of which slices and
metrics use a few. TFMA has no hook there, so its own functions, one of them private, are replaced in this process. The
results stay the same (a test compares with stock TFX's Evaluator); this module can go when TFMA does the same by
itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import FunctionType
from typing import Any

from tensorflow_model_analysis import constants
from tensorflow_model_analysis.extractors import unbatch_extractor
from tensorflow_model_analysis.metrics import binary_confusion_matrices, metric_util

_compute = metric_util.to_label_prediction_example_weight
_split = unbatch_extractor._extract_unbatched_inputs  # noqa: SLF001


class _Memory:
    """The cache of this process, which runs a single executor; it holds only the latest row."""

    eval_config = ""
    row: Any = None
    asked: dict[Any, list[Any]] = {}  # noqa: RUF012  emptied in place


def pay_once(eval_config: str) -> None:
    """Change TFMA in this process for an evaluation with this configuration, JSON of an EvalConfig."""
    _Memory.eval_config = eval_config
    unbatch_extractor._extract_unbatched_inputs = extract_unbatched_inputs  # noqa: SLF001
    metric_util.to_label_prediction_example_weight = to_label_prediction_example_weight
    # This module has it as a default argument of its functions.
    for value in list(vars(binary_confusion_matrices).values()):
        for function in (value, getattr(value, "__init__", None)):
            if isinstance(function, FunctionType) and function.__defaults__:
                function.__defaults__ = tuple(
                    to_label_prediction_example_weight if default is _compute else default
                    for default in function.__defaults__
                )


# Module functions, not closures: Beam pickles closures, and each metric would get a cache of its own.


def to_label_prediction_example_weight(
    inputs: Any, eval_config: Any = None, **settings: Any
) -> Iterator[Any]:
    """Do what TFMA's function of this name does, once for all equal calls about the same row."""
    if inputs is not _Memory.row:  # metrics and slices of one row come one after another
        _Memory.row = inputs
        _Memory.asked.clear()
    if settings.get("class_weights"):  # a dict, which cannot be a key
        return iter(_compute(inputs, eval_config, **settings))
    key = (id(eval_config), *sorted(settings.items(), key=lambda setting: setting[0]))
    if key not in _Memory.asked:
        _Memory.asked[key] = list(_compute(inputs, eval_config, **settings))
    return iter(_Memory.asked[key])


def extract_unbatched_inputs(extracts: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Do what TFMA's function of this name does, without the features that nothing in the configuration names."""
    named = dict(extracts)
    for part in (constants.FEATURES_KEY, constants.TRANSFORMED_FEATURES_KEY):
        if isinstance(features := named.get(part), Mapping):
            named[part] = _named(features)
    return _split(named)  # type: ignore[no-any-return]


def _named(features: Mapping[str, Any]) -> dict[str, Any]:
    # Those of several models are in one dict per model. A name that is part of another is kept needlessly.
    return {
        name: _named(value) if isinstance(value, Mapping) else value
        for name, value in features.items()
        if isinstance(value, Mapping) or name in _Memory.eval_config
    }
