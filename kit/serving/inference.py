"""The APIs of PredictionService over all models: choose the version, keep it loaded, call the interceptors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from tensorflow_serving.apis import predict_pb2

from kit.serving import answers
from kit.serving.errors import ServingError
from kit.serving.gathering import Values
from kit.serving.held import Held, Intercepted
from kit.serving.hooks import Chain, RequestContext, check_allowed
from kit.serving.manager import Manager
from kit.serving.model_spec import Spec
from kit.serving.predictions import AlikePredictions, Later, Prediction
from kit.serving.servable import Question, Servable
from kit.serving.settings import Settings
from kit.serving.transport import Transport

Answer = Callable[[Servable, Any], Any]


class Inference:
    """Answers requests from any transport; gRPC's servicer and REST's handlers only translate.

    Every method takes the message of its API, the headers by names in lower case, and the transport,
    and returns the response message.

    Attributes:
        manager: the manager of the models.
        quick: whether no interceptor blocks, so that the thread that reads requests may call them.

    Raises:
        ServingError: from every method, when there is no answer.
    """

    def __init__(self, manager: Manager, settings: Settings, chain: Chain | None = None) -> None:
        self.manager, self._chain = manager, chain or Chain()
        self.quick = self._chain.quick
        self._checked = checked = settings.enable_signature_method_name_check
        self._as_content = settings.enable_serialization_as_tensor_content
        self._alike: AlikePredictions | None = None
        if settings.enable_batching and self._chain.empty:
            self._alike = AlikePredictions(manager, self._predict_message, self._as_content)
        self._predict = partial(answers.predict, as_content=self._as_content, check_method=checked)
        self._classify = partial(answers.classify, check_method=checked)
        self._regress = partial(answers.regress, check_method=checked)
        self._multi_inference = partial(answers.multi_inference, check_method=checked)

    def predict(self, request: Any, metadata: Mapping[str, str], transport: Transport) -> Any:
        """PredictRequest to PredictResponse."""
        return self._answer("Predict", request.model_spec, request, metadata, transport, self._predict)

    def predict_soon(
        self, request: Any, metadata: Mapping[str, str], transport: Transport, later: Later
    ) -> None:
        """PredictRequest to PredictResponse, without waiting for the result.

        Args:
            request: see the class.
            metadata: see the class.
            transport: see the class.
            later: who computes the result, and who gets it.
        """
        try:
            held = self._hold("Predict", request.model_spec, request, metadata, transport)
        except ServingError as error:
            later.reply(error, 0)
            return
        Prediction(held, request, later, self._response).start(check_method=self._checked)

    def predict_serialized(self, message: bytes, metadata: Mapping[str, str], later: Later) -> None:
        """As `predict_soon`, for a serialized PredictRequest of gRPC."""
        if not (self._alike and self._alike.gather(message, metadata, later)):
            self._predict_message(message, metadata, later)

    def _predict_message(self, message: bytes, metadata: Mapping[str, str], later: Later) -> None:
        try:
            request = predict_pb2.PredictRequest.FromString(message)
        except DecodeError:
            later.reply(ServingError(grpc.StatusCode.INTERNAL, "Exception deserializing request!"), 0)
            return
        self.predict_soon(request, metadata, Transport.GRPC, later)

    def _response(self, servable: Servable, request: Any, question: Question, values: Values) -> Any:
        """Return a PredictResponse, serialized if no interceptor looks at it: that is faster."""
        if self._chain.empty:
            name = request.model_spec.signature_name
            return answers.predict_serialized(
                servable, name, question.names, values, as_content=self._as_content
            )
        return answers.predict_response(servable, request, question, values, as_content=self._as_content)

    def classify(self, request: Any, metadata: Mapping[str, str], transport: Transport) -> Any:
        """ClassificationRequest to ClassificationResponse."""
        return self._answer(
            "Classify",
            request.model_spec,
            request,
            metadata,
            transport,
            self._classify,
        )

    def regress(self, request: Any, metadata: Mapping[str, str], transport: Transport) -> Any:
        """RegressionRequest to RegressionResponse."""
        return self._answer(
            "Regress",
            request.model_spec,
            request,
            metadata,
            transport,
            self._regress,
        )

    def multi_inference(self, request: Any, metadata: Mapping[str, str], transport: Transport) -> Any:
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

    def metadata(self, request: Any, metadata: Mapping[str, str], transport: Transport) -> Any:
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
        transport: Transport,
        answer: Answer,
    ) -> Any:
        held = self._hold(api, spec, request, metadata, transport)
        return held.end(lambda: answer(held.servable, request))

    def _hold(
        self, api: str, spec: Any, request: Any, metadata: Mapping[str, str], transport: Transport
    ) -> Held:
        check_allowed(spec.name, metadata)
        name, version, label = Spec.of(spec)
        if self._chain.empty:
            return Held(self.manager, self.manager.hold(name, version, label))
        context = RequestContext(
            api=api,
            model=name,
            signature=spec.signature_name,
            version=version,
            label=label,
            request=request,
            metadata=metadata,
            transport=transport,
            find=partial(self._find, spec.name),
        )
        return Intercepted(self._chain, self.manager, context)

    def _find(self, model: str, version: int | None, label: str | None) -> int | None:
        try:
            with self.manager.get(model, version, label) as servable:
                return servable.version
        except ServingError:
            return None
