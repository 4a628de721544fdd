"""What REST hands to the rest of the server, and what becomes of the server's own mistakes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from kit.serving.errors import ServingError
from kit.serving.hooks import RequestContext
from kit.serving.server import ModelServer
from kit.serving.transport import Transport
from serving.models import NAME, config_text, save_linear, settings_of
from serving.rest.asking import ask

_MODEL = f"/v1/models/{NAME}"
_BODY = {"instances": [1.0]}


class _Seen:
    """Keeps the requests that it sees, and does with them what their headers say."""

    def __init__(self) -> None:
        self.contexts: list[RequestContext] = []
        self.responses: list[tuple[Any, int | None]] = []

    def before(self, context: RequestContext) -> None:
        self.contexts.append(context)
        if "x-version" in context.metadata:
            context.version = int(context.metadata["x-version"])
        if "x-refuse" in context.metadata:
            raise ServingError(grpc.StatusCode.PERMISSION_DENIED, "Not you.")

    def after(self, _context: RequestContext, response: Any, version: int | None, _seconds: float) -> None:
        self.responses.append((response, version))


@pytest.fixture(scope="module")
def seen() -> _Seen:
    return _Seen()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, seen: _Seen) -> Iterator[ModelServer]:
    base: Path = tmp_path_factory.mktemp("api") / NAME
    for version in (1, 2):
        save_linear(base, version, version + 1.0)
    config = base.parent / "models.config"
    config.write_text(
        config_text(base, "model_version_policy { all {} }", 'version_labels { key: "old" value: 1 }')
    )
    settings = settings_of(
        base,
        model_base_path="",
        model_config_file=str(config),
        rest_api_port=0,
        allow_version_labels_for_unavailable_models=True,
    )
    with ModelServer(settings, [seen]) as server:
        yield server


@pytest.fixture(scope="module")
def address(server: ModelServer) -> str:
    return str(server.start().rest)


def test_interceptors_see_what_was_asked(address: str, seen: _Seen) -> None:
    ask(address, f"{_MODEL}/labels/old:predict", _BODY, headers={"X-Request-ID": "r1"})
    context, (response, version) = seen.contexts[-1], seen.responses[-1]
    assert (context.api, context.model, context.version, context.label) == ("Predict", NAME, None, "old")
    assert (context.transport, context.metadata["x-request-id"]) == (Transport.REST, "r1")
    assert (list(response.outputs["y"].float_val), version) == ([2.0], 1)


@pytest.mark.parametrize(
    ("path", "expected"), [("", ("2", 3.0)), ("/versions/1", ("1", 2.0)), ("/labels/old", ("1", 2.0))]
)
def test_a_version_or_a_label_is_answered_by_it(address: str, path: str, expected: tuple[str, float]) -> None:
    answer = ask(address, f"{_MODEL}{path}:predict", _BODY)
    assert (answer.headers["x-model-version"], answer.json["predictions"][0]) == expected


def test_an_interceptor_may_choose_the_version(address: str) -> None:
    answer = ask(address, f"{_MODEL}:predict", _BODY, headers={"x-version": "1"})
    assert (answer.headers["x-model-version"], answer.json) == ("1", {"predictions": [2.0]})
    answer = ask(address, f"{_MODEL}:predict", _BODY, headers={"x-version": "7"})
    assert (answer.status, answer.error) == (404, f"Servable not found for request: Specific({NAME}, 7)")


def test_an_interceptor_may_refuse(address: str) -> None:
    answer = ask(address, f"{_MODEL}:predict", _BODY, headers={"x-refuse": "1"})
    assert (answer.status, answer.error) == (403, "Not you.")


def test_metadata_and_status_of_a_label(address: str) -> None:
    assert ask(address, f"{_MODEL}/labels/old/metadata").json["model_spec"]["version"] == "1"
    [status] = ask(address, f"{_MODEL}/labels/old").json["model_version_status"]
    assert status["version"] == "1"


def test_a_mistake_of_the_server_is_told_to_its_log_only(
    address: str, server: ModelServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a secret path")

    monkeypatch.setattr(server.inference, "predict", broken)
    answer = ask(address, f"{_MODEL}:predict", _BODY)
    assert (answer.status, answer.error) == (500, "Internal error; the server's log has the reason.")
    assert "a secret path" in caplog.text


def test_a_models_own_error_is_cut(
    address: str, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise ServingError(grpc.StatusCode.UNAVAILABLE, "x" * 10_000)

    monkeypatch.setattr(server.inference, "predict", failing)
    answer = ask(address, f"{_MODEL}:predict", _BODY)
    assert (answer.status, answer.error) == (503, "x" * 2000)
