"""PredictionService: Predict, Classify, Regress, MultiInference and GetModelMetadata."""
# ruff: noqa: N802  the names of the service's methods

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tensorflow_serving.apis import prediction_service_pb2_grpc

from kit.serving.grpc_api.calls import answered, metadata_of
from kit.serving.headers import VERSION_HEADER
from kit.serving.inference import Inference
from kit.serving.transport import Transport


class PredictionServicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Hands each request to `Inference`, and names the version that answered in a trailer."""

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    def Predict(self, request: Any, context: Any) -> Any:
        return _answered(context, self._inference.predict, request)

    def Classify(self, request: Any, context: Any) -> Any:
        return _answered(context, self._inference.classify, request)

    def Regress(self, request: Any, context: Any) -> Any:
        return _answered(context, self._inference.regress, request)

    def MultiInference(self, request: Any, context: Any) -> Any:
        return _answered(context, self._inference.multi_inference, request)

    def GetModelMetadata(self, request: Any, context: Any) -> Any:
        return _answered(context, self._inference.metadata, request)


def _answered(context: Any, answer: Callable[[Any, Mapping[str, str], Transport], Any], request: Any) -> Any:
    response = answered(context, lambda: answer(request, metadata_of(context), Transport.GRPC))
    first = response.results[0] if hasattr(response, "results") else response
    # A proxy's access log can show a trailer, but not a field of a message.
    context.set_trailing_metadata(((VERSION_HEADER, str(first.model_spec.version.value)),))
    return response
