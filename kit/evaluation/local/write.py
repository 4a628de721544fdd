"""Write the files of an evaluation as TFMA's writers do, so that TFMA's readers see no difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import tensorflow as tf
from tensorflow_model_analysis import constants
from tensorflow_model_analysis.evaluators import metrics_validator
from tensorflow_model_analysis.metrics import metric_specs
from tensorflow_model_analysis.utils import math_util
from tensorflow_model_analysis.writers import eval_config_writer
from tensorflow_model_analysis.writers import metrics_plots_and_validations_writer as writer

from kit.evaluation.local.evaluate import Evaluated

_SHARD = "-00000-of-00001.tfrecord"


def write(folder: Path, evaluated: Evaluated, eval_config: Any, model_paths: dict[str, str]) -> Any:
    """Write metrics, plots, empty attributions, the verdict and the configuration.

    Args:
        folder: the folder of the ModelEvaluation artifact.
        evaluated: the computed values.
        eval_config: the configuration, with its defaults filled in.
        model_paths: the path of each model, by its name.

    Returns:
        TFMA's ValidationResult.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _costs_paid_once(eval_config):
        verdict = _verdict(evaluated, eval_config)
        _write_slices(folder, evaluated)
    _write_records(folder / f"{constants.VALIDATIONS_KEY}.tfrecord", [verdict])
    run = eval_config_writer._serialize_eval_run(  # noqa: SLF001  the same text as TFMA's, whose reader checks it
        eval_config, "<user provided PCollection>", "<unknown>", model_paths
    )
    (folder / "eval_config.json").write_text(f"{run}\n")
    return verdict


@contextmanager
def _costs_paid_once(eval_config: Any) -> Iterator[None]:
    """Make TFMA look up thresholds and a quantile once, not for every slice and value."""
    thresholds = metric_specs.metric_thresholds_from_metrics_specs(
        eval_config.metrics_specs, eval_config=eval_config
    )
    quantile = SimpleNamespace(t=SimpleNamespace(ppf=cache(math_util.stats.t.ppf)))
    places = (
        (metric_specs, "metric_thresholds_from_metrics_specs", lambda *_, **__: thresholds),
        (math_util, "stats", quantile),
    )
    with ExitStack() as stack:
        for module, name, value in places:
            stack.callback(setattr, module, name, getattr(module, name))
            setattr(module, name, value)
        yield


def _write_slices(folder: Path, evaluated: Evaluated) -> None:
    protos = {
        constants.METRICS_KEY: (
            writer.convert_slice_metrics_to_proto(one, None) for one in evaluated.metrics.items()
        ),
        constants.PLOTS_KEY: (
            writer.convert_slice_plots_to_proto(one, None) for one in evaluated.plots.items()
        ),
        constants.ATTRIBUTIONS_KEY: (
            writer.convert_slice_attributions_to_proto((key, {})) for key in evaluated.metrics
        ),
    }
    for name, records in protos.items():
        _write_records(folder / f"{name}{_SHARD}", records)


def _verdict(evaluated: Evaluated, eval_config: Any) -> Any:
    combine = writer.CombineValidations(eval_config)
    verdict = combine.create_accumulator()
    for one in evaluated.metrics.items():
        # Looked up here: the kit may have put its own in this place (see `slice_rules`).
        verdict = combine.add_input(verdict, metrics_validator.validate_metrics(one, eval_config))
    return combine.extract_output(verdict)


def _write_records(path: Path, records: Iterable[Any]) -> None:
    with tf.io.TFRecordWriter(str(path)) as file:
        for record in records:
            file.write(record.SerializeToString())
