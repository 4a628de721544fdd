"""Checks of a ModelServerConfig, at the start and on reload.

Source of the rules and texts: tensorflow_serving/model_servers/server_core.cc.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import grpc

from kit.serving.errors import ServingError, invalid
from kit.serving.settings import PLATFORM, Settings

_LOG = logging.getLogger(__name__)
Labels = dict[str, dict[str, int]]


def check_config(config: Any, current: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the ModelConfigs of a ModelServerConfig by name, or None when it is empty.

    Args:
        config: the ModelServerConfig.
        current: the current ModelConfigs by name.

    Raises:
        ServingError: when it is not valid.
    """
    kind = config.WhichOneof("config")
    if kind is None:
        _LOG.info("Taking no action for empty config.")
        return None
    if kind != "model_config_list":
        what = "transition to requested config" if current else "use a custom model config"
        raise ServingError(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"Cannot {what}. It is only legal to transition from one ModelConfigList to another.",
        )
    models = list(config.model_config_list.config)
    for name, count in Counter(model.name for model in models).items():
        if count > 1:
            raise invalid(f"Illegal to list model {name} multiple times in config list")
    for model in models:
        _check_model(model)
    return {model.name: model for model in models}


def _check_model(model: Any) -> None:
    if not Path(model.base_path).is_absolute():
        raise invalid(
            f"Expected model {model.name} to have an absolute path or URI; got base_path()={model.base_path}"
        )
    if not model.model_platform and not model.model_type:
        raise invalid(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            "ModelServerConfig::model_platform."
        )
    if model.model_platform not in {"", PLATFORM}:
        raise ServingError(
            grpc.StatusCode.FAILED_PRECONDITION,
            f"PlatformConfigMap has no entry for platform {model.model_platform}",
        )


def new_labels(
    models: Mapping[str, Any],
    current: Labels,
    is_loaded: Callable[[str, int], bool],
    settings: Settings,
) -> Labels:
    """Return the labels of a configuration.

    A label may point to a version that is not loaded only if the settings allow it and the label is not in use for
    another version.

    Raises:
        ServingError: FAILED_PRECONDITION otherwise.
    """
    labels: Labels = {}
    for name, model in models.items():
        for label, version in model.version_labels.items():
            in_use = current.get(name, {}).get(label, version) != version
            allowed = settings.allow_version_labels_for_unavailable_models and not in_use
            if not allowed and not is_loaded(name, version):
                raise ServingError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"Request to assign label to version {version} of model {name}, "
                    "which is not currently available for inference",
                )
            labels.setdefault(name, {})[label] = version
    return labels
