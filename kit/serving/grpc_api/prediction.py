"""PredictionService: Predict, Classify, Regress, MultiInference and GetModelMetadata."""
# ruff: noqa: N802  the names of the service's methods

from __future__ import annotations

from typing import Any

from tensorflow_serving.apis import prediction_service_pb2_grpc

from kit.serving.grpc_api.calls import answered, metadata_of
from kit.serving.inference import Inference

_GRPC = "GRPC"


class PredictionServicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Hands each request to `Inference`."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    def Predict(self, request: Any, context: Any) -> Any:
        return answered(context, lambda: self._inference.predict(request, metadata_of(context), _GRPC))

    def Classify(self, request: Any, context: Any) -> Any:
        return answered(context, lambda: self._inference.classify(request, metadata_of(context), _GRPC))

    def Regress(self, request: Any, context: Any) -> Any:
        return answered(context, lambda: self._inference.regress(request, metadata_of(context), _GRPC))

    def MultiInference(self, request: Any, context: Any) -> Any:
        return answered(
            context, lambda: self._inference.multi_inference(request, metadata_of(context), _GRPC)
        )

    def GetModelMetadata(self, request: Any, context: Any) -> Any:
        return answered(context, lambda: self._inference.metadata(request, metadata_of(context), _GRPC))
