"""ModelService's answers: the status of versions, and a new configuration at run time.

Source of the rules and texts: tensorflow_serving/model_servers/get_model_status_impl.cc and model_service_impl.cc.
"""

from __future__ import annotations

import logging
from typing import Any

import grpc
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2

from kit.serving.errors import ServingError
from kit.serving.manager import Manager

_LOG = logging.getLogger(__name__)


def model_status(manager: Manager, request: Any) -> Any:
    """Answer a GetModelStatusRequest: all versions of a model, the latest first, or the one that it names.

    Raises:
        ServingError: when there is no such model, version or label.
    """
    if not request.HasField("model_spec"):
        raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec")
    spec = request.model_spec
    choice = spec.WhichOneof("version_choice")
    version = spec.version.value if choice == "version" else None
    label = spec.version_label if choice == "version_label" else None
    response = get_model_status_pb2.GetModelStatusResponse()
    for found in manager.status(spec.name, version, label):
        status = response.model_version_status.add(version=found.version, state=found.state.value)
        if found.error:
            status.status.error_code = found.error.code.value[0]
            status.status.error_message = found.error.message
    return response


def reload_config(manager: Manager, request: Any) -> Any:
    """Answer a ReloadConfigRequest once its new models are loaded.

    Raises:
        ServingError: when the configuration is refused, or a new model cannot be served.
    """
    if request.config.WhichOneof("config") != "model_config_list":
        raise ServingError(
            grpc.StatusCode.INVALID_ARGUMENT,
            "ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported",
        )
    try:
        manager.reload(request.config)
    except ServingError as error:
        _LOG.error("ReloadConfig failed: %s", error)
        raise
    return model_management_pb2.ReloadConfigResponse()
