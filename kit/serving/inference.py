"""The APIs of PredictionService over all models: choose the version, keep it loaded, call the interceptors."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import grpc

from kit.serving import answers
from kit.serving.errors import ServingError
from kit.serving.gathering import BROKEN, Submit, Values, Waiting
from kit.serving.held import Held, Intercepted
from kit.serving.hooks import Chain, RequestContext, check_allowed
from kit.serving.manager import Manager
from kit.serving.servable import Question, Servable
from kit.serving.settings import Settings
from kit.serving.transport import Transport

Answer = Callable[[Servable, Any], Any]
Reply = Callable[[bytes | ServingError, int], None]
_LOG = logging.getLogger(__name__)


class Later(NamedTuple):
    """How a request is answered without waiting for its result.

    Attributes:
        reply: called with the serialized response or the error, and the version that gave it (0: none), in any thread;
            must not raise.
        submit: runs in another thread what cannot be computed together with other requests.
        gather: takes what can; None: everything is computed by itself.
        deadline: the time, seconds since 1970, after which nobody wants the answer.
    """

    reply: Reply
    submit: Submit
    gather: Callable[[Waiting], None] | None
    deadline: float


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
        # Without interceptors nobody looks at the message, and to make it takes longer than to write its bytes.
        answer = answers.predict_serialized if self._chain.empty else answers.predict_response
        _Prediction(held, request, later, partial(answer, as_content=self._as_content)).start(
            check_method=self._checked
        )

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
        choice = spec.WhichOneof("version_choice")
        version = spec.version.value if choice == "version" else None
        label = spec.version_label if choice == "version_label" else None
        if self._chain.empty:
            return Held(self.manager, self.manager.hold(spec.name, version, label))
        context = RequestContext(
            api=api,
            model=spec.name,
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


def _computed(servable: Servable, question: Question) -> Values | ServingError:
    try:
        return servable.compute(question.feeds, question.fetches)
    except ServingError as error:
        return error
    except Exception:  # noqa: BLE001  whoever asked waits for an answer, and keeps the version loaded
        return _broken()


class _Prediction:
    """A Predict request whose result is computed by others, perhaps together with those of other requests."""

    def __init__(self, held: Held, request: Any, later: Later, answer: Callable[..., Any]) -> None:
        self._held, self._request, self._later, self._answer = held, request, later, answer
        self._question: Question

    def start(self, *, check_method: bool) -> None:
        """Hand the question to who computes it; whatever goes wrong is replied."""
        servable, later = self._held.servable, self._later
        done = servable.timed(self.finish)
        try:
            self._question = question = answers.predict_question(
                servable, self._request, check_method=check_method
            )
            batch = servable.batch_of(question) if later.gather else None
            if later.gather and batch:
                waiting = Waiting(batch[0], question.feeds, question.fetches, batch[1], done, later.deadline)
                later.gather(waiting)
            else:
                later.submit(lambda: done(_computed(servable, question)))
        except ServingError as error:
            self.finish(error)
        except Exception:  # noqa: BLE001  see `_outcome`
            self.finish(_broken())

    def finish(self, found: Values | ServingError) -> None:
        """End the request with its result, and reply."""
        outcome = _outcome(self._held, lambda: self._response(found))
        plain = isinstance(outcome, bytes | ServingError)
        self._later.reply(outcome if plain else outcome.SerializeToString(), self._held.servable.version)

    def _response(self, found: Values | ServingError) -> Any:
        if isinstance(found, ServingError):
            raise found
        return self._answer(self._held.servable, self._request, self._question, found)


def _outcome(held: Held, answer: Callable[[], Any]) -> Any:
    """End a request; return the answer or the error."""
    try:
        return held.end(answer)
    except ServingError as error:
        return error
    except Exception:  # noqa: BLE001  of the server, not of the request: its text is not for strangers
        return _broken()


def _broken() -> ServingError:
    """Log the error that is being handled, and return what may be told of it."""
    _LOG.exception("A request broke the server's own code.")
    return ServingError(grpc.StatusCode.INTERNAL, BROKEN)
