"""ModelService: GetModelStatus and HandleReloadConfigRequest."""
# ruff: noqa: N802  the names of the service's methods

from __future__ import annotations

from typing import Any

from tensorflow_serving.apis import model_service_pb2_grpc

from kit.serving.grpc_api.calls import answered
from kit.serving.hooks import check_allowed
from kit.serving.manager import Manager
from kit.serving.model_status import model_status, reload_config


class ModelServicer(model_service_pb2_grpc.ModelServiceServicer):
    """Returns the status of models and accepts a new configuration."""

    def __init__(self, manager: Manager) -> None:
        self._manager = manager

    def GetModelStatus(self, request: Any, context: Any) -> Any:
        def status() -> Any:
            check_allowed(request.model_spec.name, dict(context.invocation_metadata()))
            return model_status(self._manager, request)

        return answered(context, status)

    def HandleReloadConfigRequest(self, request: Any, context: Any) -> Any:
        return answered(context, lambda: reload_config(self._manager, request))
