"""Requests that are alike get the answers that they would get one by one, each read as a whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import types_pb2
from tensorflow_serving.apis import predict_pb2

from kit.serving.batching import Batching, forms
from kit.serving.errors import ServingError
from kit.serving.gathering import Gathering
from kit.serving.inference import Inference
from kit.serving.predictions import Later
from kit.serving.server import ModelServer
from kit.serving.tensors import as_proto
from serving.batching.models import NAME, save_batches
from serving.models import settings_of

_Told = list[tuple[bytes | tuple[grpc.StatusCode, str], int]]
"""What each request was told: the answer, or code and text of the error; and the version that gave it."""


class _Asked:
    """Asks a server's inference in this thread, by both ways."""

    def __init__(self, server: ModelServer) -> None:
        self.inference: Inference = server.inference
        self.gathering = Gathering(1, self._now, by_reader=True)
        with server.manager.get(NAME) as servable:
            self.forms: dict[Any, Any] = servable.forms  # type: ignore[attr-defined]

    @staticmethod
    def _now(work: Callable[[], None]) -> None:
        work()

    def together(self, messages: Sequence[bytes]) -> _Told:
        """Ask for all at once; return what each was told."""
        return self._told(
            messages, lambda message, later: self.inference.predict_serialized(message, {}, later)
        )

    def each(self, messages: Sequence[bytes]) -> _Told:
        """Ask for one after the other, each read as a whole and computed alone."""
        return self._told(
            messages,
            lambda message, later: self.inference.predict_serialized(
                message, {}, later._replace(gather=None)
            ),
        )

    def _told(self, messages: Sequence[bytes], ask: Callable[[bytes, Later], None]) -> _Told:
        told: dict[int, tuple[bytes | tuple[grpc.StatusCode, str], int]] = {}
        for place, message in enumerate(messages):

            def reply(response: bytes | ServingError, version: int, place: int = place) -> None:
                assert place not in told
                if isinstance(response, ServingError):
                    told[place] = (response.code, response.message), version
                else:
                    told[place] = response, version

            ask(message, Later(reply, self._now, self.gathering.add, math.inf))
        while self.gathering.work() is not None:
            pass
        return [told[place] for place in range(len(messages))]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    folder = tmp_path_factory.mktemp(NAME)
    save_batches(folder / "1")
    Batching(max_batch_size=8, allowed_batch_sizes=(4, 8), num_batch_threads=1).write(
        folder / "batching.pbtxt"
    )
    chosen = settings_of(
        folder,
        model_name=NAME,
        enable_batching=True,
        batching_parameters_file=str(folder / "batching.pbtxt"),
        enable_model_warmup=False,
        port=None,
    )
    with ModelServer(chosen) as started:
        started.start()
        yield started


@pytest.fixture
def asked(server: ModelServer) -> Iterator[_Asked]:
    found = _Asked(server)
    yield found
    found.forms.clear()


def _request(word: bytes | Sequence[bytes] = b"one", x: float | Sequence[float] = 1.0) -> Any:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, "codes"
    request.inputs["word"].CopyFrom(as_proto(np.atleast_1d(np.array(word, object))))
    request.inputs["x"].CopyFrom(as_proto(np.atleast_1d(np.array(x, np.float32))))
    return request


def _codes(told: _Told) -> list[tuple[list[int], list[float]]]:
    """Return the codes and the numbers of each answer."""
    found = []
    for response, version in told:
        assert isinstance(response, bytes), response
        assert version == 1
        outputs = predict_pb2.PredictResponse.FromString(response).outputs
        found.append((list(outputs["code"].int64_val), list(outputs["x"].float_val)))
    return found


def _known(asked: _Asked) -> list[bool]:
    return [form is not None for form in asked.forms.values()]


def test_requests_that_are_alike_have_one_form_and_their_own_answers(asked: _Asked) -> None:
    words = [b"one", b"two", b"", b"a word of some length", b"two", b"one"]
    messages = [_request(word, number).SerializeToString() for number, word in enumerate(words)]
    codes = [1, 2, -1, -1, 2, 1]
    assert _codes(asked.together(messages)) == [([code], [n]) for n, code in enumerate(codes)]
    assert _known(asked) == [True]
    assert asked.together(messages) == asked.each(messages)


def test_texts_of_other_shapes_than_theirs_stay_with_their_request(asked: _Asked) -> None:
    """Two texts for one row, and none: among others, nobody's answer may move to another."""
    more, none = _request(x=2.0), _request(x=3.0)
    more.inputs["word"].string_val.append(b"two")
    del none.inputs["word"].string_val[:]
    requests = [_request(b"one", 1.0), more, _request(b"two", 4.0), none, _request(b"two", 5.0)]
    messages = [each.SerializeToString() for each in requests]
    assert asked.together(messages[:1]) == asked.each(messages[:1])
    told = asked.together(messages)
    assert told == asked.each(messages)
    assert _codes([told[0], told[2], told[4]]) == [([1], [1]), ([2], [4]), ([2], [5])]


def test_a_dtype_that_is_written_again_counts(asked: _Asked) -> None:
    request = _request()
    good = request.SerializeToString()
    asked.together([good])
    tensor = request.inputs["word"].SerializeToString() + bytes([1 << 3, types_pb2.DT_FLOAT])
    parts = forms._Parts.FromString(good)
    parts.inputs["word"] = tensor
    messages = [good, parts.SerializeToString()]
    told = asked.together(messages)
    assert told == asked.each(messages)
    assert told[1][0][0] is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(
    ("change", "known"),
    [
        (lambda request: request.output_filter.append("code"), []),
        (lambda request: request.inputs["x"].CopyFrom(_content(7.0)), [True]),
        (lambda request: request.CopyFrom(_request([b"one", b"two"], [1, 2])), [False]),
        (lambda request: request.inputs["more"].CopyFrom(_content(7.0)), [False]),
        (lambda request: request.inputs.pop("x"), [False]),
        (lambda request: setattr(request.model_spec, "signature_name", "none"), [False]),
        (lambda request: setattr(request.model_spec, "name", "none"), []),
        (lambda request: setattr(request.model_spec.version, "value", 1), [True]),
        (lambda request: setattr(request.model_spec.version, "value", 2), []),
        (lambda request: setattr(request.model_spec, "version_label", "none"), []),
    ],
    ids=[
        "some outputs only",
        "numbers as bytes",
        "two rows",
        "an input too many",
        "an input too few",
        "no such signature",
        "no such model",
        "a version",
        "no such version",
        "no such label",
    ],
)
def test_what_is_not_like_most_is_answered_as_ever(
    asked: _Asked, change: Callable[[Any], None], known: list[bool]
) -> None:
    request = _request()
    change(request)
    messages = [request.SerializeToString()] * 3
    assert asked.together(messages) == asked.each(messages)
    assert _known(asked) == known


def _content(number: float) -> Any:
    return as_proto(np.array([number], np.float32), as_content=True)


def test_integers_of_varying_length_have_no_form(asked: _Asked) -> None:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = NAME, "uneven"
    request.inputs["ids"].CopyFrom(as_proto(np.array([[[1, 300]]], np.int64)))
    request.inputs["words"].CopyFrom(as_proto(np.array([[b"a", b"b"]], object)))
    messages = [request.SerializeToString()] * 2
    assert asked.together(messages) == asked.each(messages)
    assert _known(asked) == [False]
    asked.forms.clear()
    request.inputs["ids"].CopyFrom(as_proto(np.array([[[1, 300]]], np.int64), as_content=True))
    messages = [request.SerializeToString()] * 2
    assert asked.together(messages) == asked.each(messages)
    assert _known(asked) == [True]


def test_a_batch_is_filled_up_to_an_allowed_size(asked: _Asked) -> None:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = NAME
    request.inputs["x"].CopyFrom(as_proto(np.array([3], np.float32)))
    told = asked.together([request.SerializeToString()] * 3)
    rows = [predict_pb2.PredictResponse.FromString(response).outputs["rows"] for response, _ in told]
    assert [list(each.int_val) for each in rows] == [[4]] * 3


def test_forms_are_kept_in_bounds(asked: _Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_MOST_FORMS", 2)
    messages = []
    for count in range(5):
        request = _request()
        request.inputs[f"extra {count}"].CopyFrom(_content(1.0))
        messages.append(request.SerializeToString())
    assert asked.together(messages) == asked.each(messages)
    assert len(asked.forms) == 2


def test_what_is_no_request_is_told_so(asked: _Asked) -> None:
    good = _request()
    parts = forms._Parts.FromString(good.SerializeToString())
    parts.inputs["word"] += b"\xff"  # only this tensor is damaged, so the damage shows late
    messages = [b"\xff\xff", parts.SerializeToString(), good.SerializeToString(), parts.SerializeToString()]
    told = asked.together(messages)
    assert told == asked.each(messages)
    wrong = (grpc.StatusCode.INTERNAL, "Exception deserializing request!"), 0
    assert [told[0], told[1], told[3]] == [wrong] * 3


_DAMAGES: dict[str, Callable[[bytes, int, bytes], bytes]] = {
    "set": lambda message, place, byte: message[:place] + byte + message[place + 1 :],
    "insert": lambda message, place, byte: message[:place] + byte + message[place:],
    "cut": lambda message, place, _byte: message[:place],
    "twice": lambda message, place, _byte: message + message[place:],
}


@given(
    damage=st.sampled_from(list(_DAMAGES)), place=st.integers(0, 80), byte=st.binary(min_size=1, max_size=1)
)
@settings(max_examples=400)
def test_a_damaged_request_gets_the_answer_that_it_would_get_alone(
    server: ModelServer, damage: str, place: int, byte: bytes
) -> None:
    asked, good = _Asked(server), _request(b"two", 5.0).SerializeToString()
    asked.together([good])
    damaged = _DAMAGES[damage](good, place, byte)
    messages = [good, damaged, good]
    assert asked.together(messages) == asked.each(messages)
