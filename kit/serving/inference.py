"""The APIs of PredictionService over all models: choose the version, keep it loaded, tell the interceptors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import grpc

from kit.serving import answers
from kit.serving.errors import ServingError
from kit.serving.hooks import Chain, RequestContext
from kit.serving.manager import Manager
from kit.serving.servable import Servable
from kit.serving.settings import Settings

Answer = Callable[[Servable, Any], Any]


class Inference:
    """Answers requests of any transport; gRPC's servicer and REST's handlers only translate.

    Every method takes the message of its API, the headers by names in small letters, and the transport (GRPC or
    REST), and returns the response message.

    Raises:
        ServingError: from every method, when there is no answer.
    """

    def __init__(self, manager: Manager, settings: Settings, chain: Chain | None = None) -> None:
        self.manager, self._chain = manager, chain or Chain()
        checked = settings.enable_signature_method_name_check
        self._predict = partial(
            answers.predict, as_content=settings.enable_serialization_as_tensor_content, check_method=checked
        )
        self._classify = partial(answers.classify, check_method=checked)
        self._regress = partial(answers.regress, check_method=checked)
        self._multi_inference = partial(answers.multi_inference, check_method=checked)

    def predict(self, request: Any, metadata: Mapping[str, str], transport: str) -> Any:
        """PredictRequest to PredictResponse."""
        return self._answer("Predict", request.model_spec, request, metadata, transport, self._predict)

    def classify(self, request: Any, metadata: Mapping[str, str], transport: str) -> Any:
        """ClassificationRequest to ClassificationResponse."""
        return self._answer(
            "Classify",
            request.model_spec,
            request,
            metadata,
            transport,
            self._classify,
        )

    def regress(self, request: Any, metadata: Mapping[str, str], transport: str) -> Any:
        """RegressionRequest to RegressionResponse."""
        return self._answer(
            "Regress",
            request.model_spec,
            request,
            metadata,
            transport,
            self._regress,
        )

    def multi_inference(self, request: Any, metadata: Mapping[str, str], transport: str) -> Any:
        """MultiInferenceRequest to MultiInferenceResponse."""
        if not request.tasks:
            raise ServingError(
                grpc.StatusCode.INVALID_ARGUMENT, "Inference request must contain at least 1 task"
            )
        spec = request.tasks[0].model_spec
        return self._answer(
            "MultiInference",
            spec,
            request,
            metadata,
            transport,
            self._multi_inference,
        )

    def metadata(self, request: Any, metadata: Mapping[str, str], transport: str) -> Any:
        """GetModelMetadataRequest to GetModelMetadataResponse."""
        if not request.HasField("model_spec"):
            raise ServingError(grpc.StatusCode.INVALID_ARGUMENT, "Missing ModelSpec")
        return self._answer(
            "GetModelMetadata", request.model_spec, request, metadata, transport, answers.metadata
        )

    def _answer(  # noqa: PLR0913, PLR0917  what a request is made of
        self,
        api: str,
        spec: Any,
        request: Any,
        metadata: Mapping[str, str],
        transport: str,
        answer: Answer,
    ) -> Any:
        choice = spec.WhichOneof("version_choice")
        context = RequestContext(
            api=api,
            model=spec.name,
            signature=spec.signature_name,
            version=spec.version.value if choice == "version" else None,
            label=spec.version_label if choice == "version_label" else None,
            request=request,
            metadata=metadata,
            transport=transport,
            find=partial(self._find, spec.name),
        )
        with (
            self._chain.around(context) as exchange,
            self.manager.get(context.model, context.version, context.label) as servable,
        ):
            exchange.version = servable.version
            exchange.response = answer(servable, request)
        return exchange.response

    def _find(self, model: str, version: int | None, label: str | None) -> int | None:
        try:
            with self.manager.get(model, version, label) as servable:
                return servable.version
        except ServingError:
            return None
