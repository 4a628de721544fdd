from __future__ import annotations

from pathlib import Path
from typing import Any

import grpc
import pytest

from kit.serving.errors import ServerError, ServingError
from kit.serving.hooks import RequestContext, make_interceptors
from kit.serving.server import ModelServer
from kit.serving.settings import Settings
from kit.serving.transport import Transport
from serving.models import predict_request, save_linear, settings_of

Told = tuple[str, Any, int | None]


class _Recorder:
    """Sends everybody to one version, and remembers what it is told."""

    def __init__(self, version: int | None = None) -> None:
        self.version, self.told = version, list[tuple[RequestContext, Any, int | None, float]]()

    def before(self, context: RequestContext) -> None:
        context.version = self.version

    def after(self, context: RequestContext, response: Any, version: int | None, seconds: float) -> None:
        self.told.append((context, response, version, seconds))


class _Broken:
    def before(self, context: RequestContext) -> None:
        raise RuntimeError(context.api)

    after = before


class _Refuses:
    def before(self, _context: RequestContext) -> None:
        raise ServingError(grpc.StatusCode.PERMISSION_DENIED, "not today")

    def after(self, *_: object) -> None:
        """Nothing to tell."""


def _started(base: Path, *interceptors: Any) -> ModelServer:
    save_linear(base, 2, 3.0)
    policy = base.with_name("models.config")
    policy.write_text(
        f'model_config_list {{ config {{ name: "linear" base_path: "{base}" model_platform: "tensorflow" '
        "model_version_policy { all {} } } }"
    )
    server = ModelServer(settings_of(base, port=None, model_config_file=str(policy)), interceptors)
    server.start()
    return server


def test_an_interceptor_chooses_the_version_and_is_told_what_came_of_it(base: Path) -> None:
    recorder = _Recorder(version=1)
    with _started(base, recorder) as server:
        response = server.inference.predict(predict_request(1.0), {"x-request-id": "7"}, Transport.REST)
    assert list(response.outputs["y"].float_val) == [2]
    [(context, told, version, seconds)] = recorder.told
    assert (context.api, context.model, context.transport) == ("Predict", "linear", Transport.REST)
    assert context.metadata["x-request-id"] == "7"
    assert (told, version) == (response, 1)
    assert 0 < seconds < 10


def test_an_error_is_told_too(base: Path) -> None:
    recorder = _Recorder(version=9)
    with _started(base, recorder) as server, pytest.raises(ServingError, match="Specific") as raised:
        server.inference.predict(predict_request(1.0), {}, Transport.GRPC)
    [(_, told, version, _)] = recorder.told
    assert (told, version) == (raised.value, None)


def test_an_interceptor_that_breaks_breaks_no_request(base: Path, caplog: pytest.LogCaptureFixture) -> None:
    recorder = _Recorder()
    with _started(base, _Broken(), recorder) as server:
        assert server.inference.predict(predict_request(1.0), {}, Transport.GRPC).outputs["y"].float_val == [
            3
        ]
    assert caplog.text.count("_Broken failed") == 2
    assert len(recorder.told) == 1


def test_an_interceptor_can_ask_which_version_a_request_would_get(base: Path) -> None:
    recorder = _Recorder()
    with _started(base, recorder) as server:
        server.inference.predict(predict_request(1.0), {}, Transport.GRPC)
        find = recorder.told[0][0].find
        assert [find(None, None), find(2, None), find(9, None), find(None, "canary")] == [2, 2, None, None]


def test_interceptors_finish_after_the_last_request_whatever_the_others_do(
    base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    recorder, told = _Recorder(), list[int]()

    class Finishes(_Recorder):
        def close(self) -> None:
            told.append(len(recorder.told))
            raise RuntimeError

    with _started(base, recorder, Finishes(), Finishes()) as server:
        server.inference.predict(predict_request(1.0), {}, Transport.GRPC)
        assert told == []
    assert told == [1, 1]
    assert caplog.text.count("Finishes failed at the end") == 2


def test_an_interceptor_may_refuse(base: Path) -> None:
    recorder = _Recorder()
    with _started(base, recorder, _Refuses()) as server, pytest.raises(ServingError, match="not today"):
        server.inference.predict(predict_request(1.0), {}, Transport.GRPC)
    assert recorder.told[0][1].code is grpc.StatusCode.PERMISSION_DENIED


def test_interceptors_are_named_in_the_settings() -> None:
    made = make_interceptors(Settings(model_name="m", interceptors=f"{__name__}:interceptor_of,"))
    assert [each.version for each in made if isinstance(each, _Recorder)] == [len("m")]
    for name in ("kit.serving", "kit.nowhere:x", "kit.serving.hooks:x", ":"):
        with pytest.raises(ServerError, match=r"package\.module:function"):
            make_interceptors(Settings(interceptors=name))


def interceptor_of(settings: Settings) -> _Recorder:
    return _Recorder(len(settings.model_name))
