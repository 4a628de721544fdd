"""Predict requests whose results are computed by others, most often together with those of other requests."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import grpc
from google.protobuf.message import DecodeError

from kit.serving import answers
from kit.serving.batching.forms import Form, Sent, form_of
from kit.serving.errors import ServingError
from kit.serving.gathering import BROKEN, Submit, Values, Waiting
from kit.serving.held import Held
from kit.serving.hooks import check_allowed
from kit.serving.manager import Manager
from kit.serving.servable import Question, Servable

Reply = Callable[[bytes | ServingError, int], None]
_NOT_ITS_OWN = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
"""Codes of errors that another reading of the same request would not change."""
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


class AlikePredictions:
    """Requests whose form is known, so that little of them must be read; see `kit.serving.batching.forms`."""

    def __init__(
        self, manager: Manager, read: Callable[[bytes, Mapping[str, str], Later], None], as_content: bool
    ) -> None:
        """Take what is needed.

        Args:
            manager: the manager of the models.
            read: answers a serialized request as any other.
            as_content: see `answers.predict`.
        """
        self._manager, self._read, self._as_content = manager, read, as_content

    def gather(self, message: bytes, metadata: Mapping[str, str], later: Later) -> bool:
        """Gather a serialized PredictRequest; return False if it must be answered as any other."""
        try:
            sent = Sent.read(message) if later.gather else None
            if sent is None:
                return False
            check_allowed(sent.spec.name, metadata)
            harness = self._manager.hold(*sent.spec)
        except (DecodeError, ServingError):  # found once more where it is answered
            return False
        form = form_of(harness.servable, sent, message)
        values = form.taken(sent) if form else None
        if form is None or values is None or later.gather is None:
            self._manager.release(harness)
            return False

        def done(found: Values | ServingError) -> None:
            response = self._response(found, harness.servable, form)
            version = harness.version
            self._manager.release(harness)
            if isinstance(response, ServingError) and response.code not in _NOT_ITS_OWN:
                self._read(message, metadata, later._replace(gather=None))
            else:
                later.reply(response, version)

        later.gather(Waiting(form, values, None, 1, done, later.deadline))
        return True

    def _response(self, found: Values | ServingError, servable: Servable, form: Form) -> bytes | ServingError:
        if isinstance(found, ServingError):
            return found
        try:
            return answers.predict_serialized(
                servable, form.signature_name, form.names, found, as_content=self._as_content
            )
        except Exception:  # noqa: BLE001  see `_outcome`
            return _broken()


def _computed(servable: Servable, question: Question) -> Values | ServingError:
    try:
        return servable.compute(question.feeds, question.fetches)
    except ServingError as error:
        return error
    except Exception:  # noqa: BLE001  whoever asked waits for an answer, and keeps the version loaded
        return _broken()


class Prediction:
    """A Predict request whose result is computed by others, perhaps together with those of other requests."""

    def __init__(self, held: Held, request: Any, later: Later, answer: Callable[..., Any]) -> None:
        self._held, self._request, self._later, self._answer = held, request, later, answer
        self._question: Question

    def start(self, *, check_method: bool) -> None:
        """Have the question computed; any error becomes the reply."""
        servable, later = self._held.servable, self._later
        done = servable.timed(self.finish)
        try:
            self._question = question = answers.predict_question(
                servable, self._request, check_method=check_method
            )
            batch = servable.batch_of(question) if later.gather else None
            if later.gather and batch:
                later.gather(Waiting(batch[0], question, question.alike, batch[1], done, later.deadline))
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
