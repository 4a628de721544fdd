"""The notebooks' client, asked of a real server."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from kit.errors import UsageError
from kit.gateway.certificate import make_certificate
from kit.gateway.config import GatewaySettings
from kit.gateway.keys import KeyStore
from kit.gateway.plan import Address, GatewayFiles, Plan
from kit.gateway.process import Gateway
from kit.serving.client import Client, NoAnswerError, typed
from kit.serving.client.transports import ByRest
from kit.serving.client.values import converted, to_json
from kit.serving.server import ModelServer
from kit.serving.settings import Addresses
from kit.serving.transport import Transport
from serving.models import NAME, config_text, save_linear, settings_of

_TRANSPORTS = pytest.mark.parametrize("transport", list(Transport))


@pytest.fixture(scope="module")
def addresses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    folder = tmp_path_factory.mktemp("client")
    for version in (1, 2):
        save_linear(folder / NAME, version, version + 1.0)
    config = folder / "models.config"
    label = 'version_labels { key: "stable" value: 1 }'
    config.write_text(config_text(folder / NAME, "model_version_policy { all {} }", label))
    settings = settings_of(
        folder,
        model_base_path="",
        model_config_file=str(config),
        rest_api_port=0,
        allow_version_labels_for_unavailable_models=True,
    )
    with ModelServer(settings) as server:
        yield server.start()


@pytest.fixture
def client(addresses: Addresses) -> Iterator[Client]:
    with Client(addresses, NAME) as client:
        yield client


def test_bytes_that_end_in_zeros_are_sent_whole() -> None:
    for dtype in (tf.string, None):
        assert to_json([b"a\0\0"], dtype) == [{"b64": base64.b64encode(b"a\0\0").decode()}]


@_TRANSPORTS
def test_plain_values_come_back(client: Client, transport: Transport) -> None:
    answer = client.predict({"x": [1, 0.1]}, transport=transport)
    assert answer.outputs == {"y": np.array([3, 0.1 * 3], np.float32).tolist()}
    assert (answer.version, 0 < answer.milliseconds < 10_000) == (2, True)


@_TRANSPORTS
def test_texts_and_arrays_go_in(client: Client, transport: Transport) -> None:
    inputs = {"pair": np.array([[1, 2], [3, 4]], np.float32), "text": ["ä", b"hi"]}
    assert client.predict(inputs, signature="pairs", transport=transport).outputs == {
        "echo": ["ä", "hi"],
        "total": [3, 7],
    }


@_TRANSPORTS
def test_a_large_integer_is_rounded_where_numbers_are_wanted(client: Client, transport: Transport) -> None:
    assert client.predict({"x": [1_767_744_165]}, version=1, transport=transport).outputs == {
        "y": [2 * 1_767_744_128.0]
    }


@_TRANSPORTS
def test_a_version_or_a_label_is_asked(client: Client, transport: Transport) -> None:
    assert client.predict({"x": [1]}, version=1, transport=transport).outputs == {"y": [2.0]}
    stable = client.predict({"x": [1]}, label="stable", transport=transport)
    assert (stable.outputs, stable.version) == ({"y": [2.0]}, 1)


@pytest.mark.parametrize(("transport", "code"), [(Transport.GRPC, "NOT_FOUND"), (Transport.REST, "404")])
def test_what_the_server_refuses_is_said(client: Client, transport: Transport, code: str) -> None:
    with pytest.raises(NoAnswerError, match=r"by .* Specific\(linear, 7\).* Correct the request") as raised:
        client.predict({"x": [1]}, version=7, transport=transport)
    assert raised.value.__context__ is None, "it would be pickled too where Dask is imported"
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301  own bytes
    assert (raised.value.code, str(again)) == (code, str(raised.value))


def test_an_input_that_json_cannot_hold_is_said() -> None:
    with pytest.raises(UsageError, match=r"Input c takes complex64, but \[1j\] was given: .* ask by gRPC"):
        converted("c", [1j], tf.complex64, to_json)


@_TRANSPORTS
def test_a_value_of_another_type_is_said_with_its_input(client: Client, transport: Transport) -> None:
    with pytest.raises(
        UsageError, match=r"Input x takes float32, but \['tall'\] was given: .* Correct the value"
    ):
        client.predict({"x": ["tall"]}, transport=transport)


@_TRANSPORTS
def test_an_input_that_there_is_not_is_the_servers_to_name(client: Client, transport: Transport) -> None:
    with pytest.raises(NoAnswerError, match="x"):
        client.predict({"z": [1.0]}, transport=transport)


def test_status_and_signatures_by_either_port(addresses: Addresses) -> None:
    for some in (addresses, addresses._replace(grpc=None)):
        with Client(some, NAME) as client:
            assert client.status() == [
                {"version": 2, "state": "AVAILABLE", "error": ""},
                {"version": 1, "state": "AVAILABLE", "error": ""},
            ]
            rows = client.signatures()
        row = {
            "signature": "serving_default",
            "kind": "input",
            "name": "x",
            "dtype": "float32",
            "shape": "[?]",
        }
        assert row in rows
        assert {found["signature"] for found in rows} == {
            "serving_default",
            "pairs",
            "three",
            "classify",
            "regress",
        }


def test_what_initialises_a_model_is_no_signature(tmp_path: Path) -> None:
    module = tf.Module()
    module.serve = tf.function(lambda x: {"y": 2.0 * x}, input_signature=[tf.TensorSpec([None, 3], name="x")])
    tf.saved_model.save(module, str(tmp_path / NAME / "1"), signatures={"twice": module.serve})
    with (
        ModelServer(settings_of(tmp_path / NAME, rest_api_port=0)) as server,
        Client(server.start(), NAME) as client,
    ):
        assert client.signatures() == [
            {"signature": "twice", "kind": "input", "name": "x", "dtype": "float32", "shape": "[?, 3]"},
            {"signature": "twice", "kind": "output", "name": "y", "dtype": "float32", "shape": "[?, 3]"},
        ]


def test_no_server_and_no_address_are_told_apart(addresses: Addresses) -> None:
    with (
        Client(Addresses(None, "127.0.0.1:1"), NAME) as client,
        pytest.raises(NoAnswerError, match="Connection"),
    ):
        client.status()
    with (
        Client(addresses._replace(grpc=None), NAME) as client,
        pytest.raises(NoAnswerError, match="no address"),
    ):
        client.predict({"x": [1]})


def test_a_connection_that_the_server_closed_is_opened_again(base: Path) -> None:
    with ModelServer(settings_of(base, rest_api_port=0)) as server:
        addresses = server.start()
        port = int(str(addresses.rest).rpartition(":")[2])
        client = Client(addresses, NAME)
        assert client.predict({"x": [1]}, transport=Transport.REST).outputs == {"y": [2.0]}
    with client, ModelServer(settings_of(base, rest_api_port=port)) as server:
        server.start()
        assert client.predict({"x": [2]}, transport=Transport.REST).outputs == {"y": [4.0]}


def test_numbers_of_classify_and_regress_are_those_of_the_tensor() -> None:
    tenth = float(np.float32(0.1))
    assert typed.outputs_of_json(typed.REGRESS, [0.1]) == {typed.OUTPUTS: [tenth]}
    found = typed.outputs_of_json(typed.CLASSIFY, [[["a", 0.1]]])
    assert found == {typed.CLASSES: [["a"]], typed.SCORES: [[tenth]]}


class _Silent:
    """A connection that is kept, to a server that answers nothing."""

    def request(self, *_: object) -> None:
        pass

    def getresponse(self) -> None:
        raise TimeoutError("timed out")

    def close(self) -> None:
        pass


def test_a_request_that_took_too_long_is_not_sent_again() -> None:
    asks = ByRest("127.0.0.1:1", {}, None, 1.0, [_Silent()])
    with pytest.raises(NoAnswerError, match="TimeoutError: timed out"):
        asks.ask("POST", "/v1/models/m:predict", b"{}")


def test_the_gateway_is_asked_with_a_token_through_tls_and_logs_the_version(
    addresses: Addresses, tmp_path: Path
) -> None:
    files = GatewayFiles(tmp_path / "gateway")
    keys = KeyStore(files.keys)
    keys.rotate()
    certificate = make_certificate(tmp_path)
    rest, direct = Address.parse(str(addresses.rest)), Address.parse(str(addresses.grpc))
    plan = Plan(
        (NAME,),
        GatewaySettings(),
        NAME,
        files.keys / "jwks.json",
        certificate,
        files,
        rest,
        direct,
        Address(0),
    )
    with Gateway(plan) as gateway:
        both = Addresses(str(gateway.address), str(gateway.address))
        with Client(both, NAME, certificate=certificate[0]) as stranger:
            with pytest.raises(NoAnswerError, match="UNAUTHENTICATED"):
                stranger.predict({"x": [1]})
            with pytest.raises(NoAnswerError, match="UNAUTHENTICATED"):
                stranger.status()
        headers = {"authorization": f"Bearer {keys.issue('ann', 'kit', NAME)}"}
        with Client(both, NAME, headers=headers, certificate=certificate[0]) as client:
            found = [client.predict({"x": [1]}, transport=transport).outputs for transport in Transport]
    assert found == [{"y": [3.0]}] * 2
    lines = [json.loads(line) for line in files.access_log.read_text().splitlines()]
    answered = [line for line in lines if line["subject"] == "ann" and line["route"] != "GetModelMetadata"]
    assert [line["version"] or line["version_trailer"] for line in answered] == ["2", "2"]
