"""One execution of Evaluator without Beam, with the inputs, outputs and verdict of TFX's executor."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator import constants
from tfx.types import artifact_utils
from tfx.types import standard_component_specs as names
from tfx.utils import io_utils, path_utils, proto_utils

from kit.data.records import read_records
from kit.evaluation.local.evaluate import evaluate
from kit.evaluation.local.extract import Extractor
from kit.evaluation.local.support import check_config, check_inputs, check_models, features_of
from kit.evaluation.local.write import write


def run(input_dict: Any, output_dict: Any, exec_properties: Any) -> None:
    """Evaluate, write and bless as TFX's executor does.

    Raises:
        NotLocalError: when this evaluation must go through Beam; nothing was written.
    """
    splits = json.loads(exec_properties.get(names.EXAMPLE_SPLITS_KEY) or "null") or ["eval"]
    check_inputs(input_dict, exec_properties, _files(input_dict, splits))
    eval_config = _eval_config(input_dict, exec_properties)
    check_config(eval_config)
    paths = _model_paths(input_dict, eval_config)
    models = [
        tfma.default_eval_shared_model(path, model_name=name, eval_config=eval_config)
        for name, path in paths.items()
    ]
    check_models(eval_config, models)
    schema = _schema(input_dict)
    [examples] = input_dict[names.EXAMPLES_KEY]
    extractor = Extractor(eval_config, models, schema, features_of(eval_config))
    records = itertools.chain.from_iterable(read_records(Path(examples.uri), split) for split in splits)
    evaluated = evaluate(eval_config, extractor.rows(records), schema)
    folder = Path(artifact_utils.get_single_uri(output_dict[constants.EVALUATION_KEY]))
    verdict = write(folder, evaluated, eval_config, paths)
    if tfma.metrics.metric_thresholds_from_metrics_specs(eval_config.metrics_specs, eval_config=eval_config):
        _bless(input_dict, output_dict, exec_properties, passed=verdict.validation_ok)


def _files(input_dict: Any, splits: list[str]) -> list[Path]:
    return [
        file
        for examples in input_dict.get(names.EXAMPLES_KEY) or ()
        for split in splits
        for file in sorted(Path(artifact_utils.get_split_uri([examples], split)).iterdir())
    ]


def _eval_config(input_dict: Any, exec_properties: Any) -> Any:
    eval_config = config_pb2.EvalConfig()
    proto_utils.json_to_proto(exec_properties[names.EVAL_CONFIG_KEY], eval_config)
    eval_config = tfma.utils.update_eval_config_with_defaults(
        eval_config, has_baseline=bool(input_dict.get(names.BASELINE_MODEL_KEY)), rubber_stamp=True
    )
    tfma.utils.verify_eval_config(eval_config)
    return eval_config


def _model_paths(input_dict: Any, eval_config: Any) -> dict[str, str]:
    paths = {}
    for spec in eval_config.model_specs:
        key = names.BASELINE_MODEL_KEY if spec.is_baseline else names.MODEL_KEY
        model = artifact_utils.get_single_instance(input_dict[key])
        paths[spec.name] = path_utils.serving_model_path(model.uri, path_utils.is_old_model_artifact(model))
    return paths


def _schema(input_dict: Any) -> Any | None:
    if not input_dict.get(names.SCHEMA_KEY):
        return None
    uri = artifact_utils.get_single_uri(input_dict[names.SCHEMA_KEY])
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(uri))


def _bless(input_dict: Any, output_dict: Any, exec_properties: Any, *, passed: bool) -> None:
    blessing = artifact_utils.get_single_instance(output_dict[names.BLESSING_KEY])
    for key, uri_property, id_property in (
        (
            names.MODEL_KEY,
            constants.ARTIFACT_PROPERTY_CURRENT_MODEL_URI_KEY,
            constants.ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY,
        ),
        (
            names.BASELINE_MODEL_KEY,
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_URI_KEY,
            constants.ARTIFACT_PROPERTY_BASELINE_MODEL_ID_KEY,
        ),
    ):
        if input_dict.get(key):
            blessing.set_string_custom_property(uri_property, input_dict[key][0].uri)
            blessing.set_int_custom_property(id_property, input_dict[key][0].id)
    if "current_component_id" in exec_properties:
        blessing.set_string_custom_property("component_id", exec_properties["current_component_id"])
    name = constants.BLESSED_FILE_NAME if passed else constants.NOT_BLESSED_FILE_NAME
    value = constants.BLESSED_VALUE if passed else constants.NOT_BLESSED_VALUE
    io_utils.write_string_file(str(Path(blessing.uri) / name), "")
    blessing.set_int_custom_property(constants.ARTIFACT_PROPERTY_BLESSED_KEY, value)
