"""The configuration files and flags of tensorflow_model_server, in the messages that the kit's own server reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from kit.deploy.target import CONFIG, GRPC_PORT, MODELS, REST_PORT, Target
from kit.release.models_config import CANARY, STABLE, configs_of
from kit.serving.config_protos import BatchingParameters, MonitoringConfig
from kit.serving.prediction_log.config import TYPE
from kit.serving.settings import METRICS_PATH, PLATFORM, Settings

MODELS_FILE, BATCHING_FILE, MONITORING_FILE = "models.config", "batching.config", "monitoring.config"
# models.config may have labels when the server starts, or get them later. The server assigns those of its first config
# before any version is loaded, and would end without this flag.
LABELS_FLAG = "--allow_version_labels_for_unavailable_models=true"
_LOOK_SECONDS = 30
_THREAD_POOL = "batches"


def models_config(target: Target, track: str = STABLE, base: Path = MODELS) -> str:
    """Return models.config for this target's model.

    Policies and labels are those of the workspace's models.config, without what only the kit's own server can do: log
    into TFRecords, and split users between a version and another one that `kit canary` tries. With a canary each track
    serves only its own version, labelled with the track's name, so that a push changes neither.

    Args:
        target: what is deployed.
        track: `stable` or `canary`.
        base: folder of the models as the server sees it.
    """
    config = model_server_config_pb2.ModelServerConfig()
    model = config.model_config_list.config.add()
    for found in configs_of(target.workspace.serving(target.model)):
        model.CopyFrom(found)
    model.name, model.base_path, model.model_platform = target.model, str(base / target.model), PLATFORM
    _leave_to_the_kits_server(model)
    if target.canary:
        version = target.canary.version if track == CANARY else target.canary.stable
        model.ClearField("model_version_policy")
        model.ClearField("version_labels")
        model.model_version_policy.specific.versions.append(version)
        model.version_labels[track] = version
    return str(text_format.MessageToString(config))


def _leave_to_the_kits_server(model: Any) -> None:
    """Take out what would end the real server, or let it give an unproven version to every user."""
    if model.logging_config.log_collector_config.type == TYPE:
        model.ClearField("logging_config")
    versions = model.model_version_policy.specific.versions
    tried = model.version_labels.get(CANARY)
    if tried in versions and len(versions) > 1:
        versions.remove(tried)
        model.version_labels.pop(CANARY)


def batching_config(target: Target) -> str | None:
    """Return the batching parameters file; None where requests are not batched.

    Raises:
        ServerError: when the project's own file cannot be read.
    """
    settings = target.settings
    if settings.batching_file:
        path = target.project.folder / settings.batching_file
        return _text(Settings(batching_parameters_file=str(path)).batching_parameters())
    if settings.batching is None:
        return None
    chosen, parameters = settings.batching, BatchingParameters()
    parameters.max_batch_size.value = chosen.max_batch_size
    parameters.batch_timeout_micros.value = chosen.batch_timeout_micros
    parameters.max_enqueued_batches.value = chosen.max_enqueued_batches
    parameters.num_batch_threads.value = chosen.num_batch_threads or settings.serving.cores
    parameters.thread_pool_name.value = _THREAD_POOL
    parameters.allowed_batch_sizes.extend(chosen.allowed_batch_sizes)
    parameters.pad_variable_length_inputs = chosen.pad_variable_length_inputs
    return _text(parameters)


def monitoring_config() -> str:
    """Return the monitoring config file: metrics for Prometheus at the real server's usual path."""
    config = MonitoringConfig()
    config.prometheus_config.enable = True
    config.prometheus_config.path = METRICS_PATH
    return _text(config)


def serving_files(target: Target, track: str = STABLE, base: Path = MODELS) -> dict[str, str]:
    """Return the contents of all of its files by their names."""
    batching = batching_config(target)
    return {
        MODELS_FILE: models_config(target, track, base),
        MONITORING_FILE: monitoring_config(),
        **({BATCHING_FILE: batching} if batching is not None else {}),
    }


def flags(target: Target, folder: Path = CONFIG) -> list[str]:
    """Return the flags that tensorflow_model_server is started with.

    Args:
        target: what is deployed.
        folder: the folder of its files, as the server sees it.
    """
    cores = target.settings.serving.cores
    batched = batching_config(target) is not None
    return [
        f"--port={GRPC_PORT}",
        f"--rest_api_port={REST_PORT}",
        f"--model_config_file={folder / MODELS_FILE}",
        f"--model_config_file_poll_wait_seconds={_LOOK_SECONDS}",
        LABELS_FLAG,
        f"--monitoring_config_file={folder / MONITORING_FILE}",
        *(
            ["--enable_batching=true", f"--batching_parameters_file={folder / BATCHING_FILE}"]
            if batched
            else []
        ),
        # TensorFlow counts the cores of the machine, not of the container, and would start too many threads.
        f"--tensorflow_intra_op_parallelism={cores}",
        f"--tensorflow_inter_op_parallelism={cores}",
        f"--rest_api_timeout_in_ms={round(target.project.spec.gateway.limits.timeout_seconds * 1000)}",
    ]


def _text(message: Any) -> str:
    return str(text_format.MessageToString(message))
