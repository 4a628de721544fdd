"""What a server logs: a LoggingConfig, in models.config or in a file for all models that have none there."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from google.protobuf import text_format
from tensorflow_serving.config import logging_config_pb2

from kit.os_errors import reason_of
from kit.serving.errors import ServerError
from kit.serving.settings import Settings
from kit.workspace import Workspace, write_atomically

INTERCEPTOR = "kit.serving.prediction_log.logger:make"
"""A value for the setting `interceptors`."""
TYPE = "tfrecord"
FILE, PREFIX = "logging.config", "predictions"


class Plan(NamedTuple):
    """What is logged of one model.

    Attributes:
        prefix: the prefix of the files.
        rate: the share of requests that are logged, 0 to 1.
    """

    prefix: str
    rate: float


def own_plans(models: Iterable[Any]) -> dict[str, Plan]:
    """Return the plan of each ModelConfig with a LoggingConfig of its own.

    Raises:
        ServerError: when one asks for something unsupported.
    """
    return {
        model.name: _plan(model.logging_config, f"models.config, {model.name}")
        for model in models
        if model.HasField("logging_config")
    }


def others_plan(settings: Settings) -> Plan | None:
    """Return the plan of all other models; None: they are not logged.

    Raises:
        ServerError: when it cannot be read, or asks for something unsupported.
    """
    path = settings.prediction_log_config_file
    return _plan(_read(Path(path)), path) if path else None


def write_config(workspace: Workspace, rate: float) -> Path:
    """Write a configuration that logs into the workspace, where 07_monitor looks; return its path.

    Raises:
        ServerError: when the rate is not between 0 and 1.
    """
    folder = logs(workspace)
    config = logging_config_pb2.LoggingConfig()
    config.log_collector_config.type = TYPE
    config.log_collector_config.filename_prefix = str(folder / PREFIX)
    config.sampling_config.sampling_rate = rate
    _plan(config, "The configuration of the prediction log")
    write_atomically(folder / FILE, text_format.MessageToString(config))
    return folder / FILE


def logs(workspace: Workspace) -> Path:
    """Return the folder of the workspace that servers log into."""
    return workspace.path / "served"


def _plan(config: Any, where: str) -> Plan:
    collector, rate = config.log_collector_config, config.sampling_config.sampling_rate
    if collector.type != TYPE or not collector.filename_prefix:
        raise ServerError(
            f"{where}: log_collector_config must have the type {TYPE!r} and a filename_prefix, but has "
            f"{collector.type!r} and {collector.filename_prefix!r}. Correct them."
        )
    if not 0 <= rate <= 1:
        raise ServerError(f"{where}: sampling_rate must be 0 to 1, but is {rate}. Correct it.")
    return Plan(collector.filename_prefix, rate)


def _read(path: Path) -> Any:
    try:
        return text_format.Parse(path.read_text(), logging_config_pb2.LoggingConfig())
    except (OSError, text_format.ParseError, UnicodeDecodeError) as error:
        raise ServerError(
            f"{path} must be a LoggingConfig in protobuf's text format, but: {reason_of(error)}. Correct it, "
            "or the path."
        ) from error
