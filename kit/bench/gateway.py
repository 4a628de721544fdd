"""Throw malformed requests at a server and at the gateway in front of it, and count the outcomes."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import tensorflow as tf

from kit.bench import malformed
from kit.bench.figure import Figure
from kit.bench.throwing import ACCEPTED, BROKEN, HUNG, throw_grpc, throw_http
from kit.errors import StepFailedError
from kit.gateway.config import GatewaySettings
from kit.gateway.keys import KeyStore
from kit.gateway.plan import Address, GatewayFiles, Plan
from kit.gateway.process import Gateway
from kit.serving.process import Server
from kit.serving.settings import Settings

REQUESTS = 100_000
_SEED = 20_260_101
_GENEROUS = 1_000_000  # so that neither rate limit nor circuit breaker answers instead of the tested policy
_GRPC_PATH = "/tensorflow.serving.PredictionService/Predict"
_SHARES = {"tokens": 0.4, "heads": 0.1, "json": 0.25, "protos": 0.25}


@dataclass(frozen=True)
class _Outcomes:
    """The outcomes of requests: how many were refused, accepted, hung, or broke the server."""

    counts: Counter[str]
    reached: int


def gateway(folder: Path, requests: int = REQUESTS) -> Iterable[Figure]:
    """Measure; takes about three minutes on two cores.

    Args:
        folder: the folder for the model, the keys and the logs.
        requests: how many requests, all kinds together.
    """
    unknown = _without_token(folder / "sink", int(requests * _SHARES["tokens"]))
    yield Figure("requests without a valid token that reach the server", unknown.reached, "", 0, "less")
    known = _with_token(folder / "server", requests)
    counts = unknown.counts + known
    total = counts.total()
    yield Figure("malformed requests thrown at server and gateway", total, "", requests, "more")
    for outcome, name in ((BROKEN, "crashes"), (HUNG, "hangs"), (ACCEPTED, "accepted")):
        yield Figure(f"malformed requests, {name}", counts[outcome], "", 0, "less")


class _Sink:
    """Stands in for the server, and counts connections: a request that gets past the gateway makes one."""

    def __init__(self) -> None:
        self.reached = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self) -> Address:
        return Address(self._listener.getsockname()[1])

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return  # closed
            self.reached += 1
            connection.close()


def _without_token(folder: Path, requests: int) -> _Outcomes:
    """Send requests without a valid token; those that get through are counted by the stand-in for the server."""
    sink = _Sink()
    with Gateway(_plan(folder, sink.address, sink.address)) as running:
        keys = KeyStore(running.plan.files.keys)
        valid, stranger = _token(keys), KeyStore(folder / "stranger")
        stranger.rotate()
        drawn = malformed.without_token(_SEED, valid, _token(stranger))
        counts = throw_http(running.address, islice(drawn, requests))
        reached = sink.reached
        throw_http(running.address, [_good(valid)])
        if sink.reached == reached:
            raise StepFailedError(
                "A request with a valid token must reach the server, but none did, so that the count proves nothing. "
                f"Read {running.plan.files.access_log}."
            )
        _check_alive(running.is_running, running.plan.files.envoy_log)
    sink.close()
    return _Outcomes(counts, reached)


def _with_token(folder: Path, requests: int) -> Counter[str]:
    """Send malformed requests with a valid token, half to the gateway and half to the server itself."""
    _save_model(folder / malformed.MODEL / "1")
    settings = Settings(
        port=0, rest_api_port=0, model_name=malformed.MODEL, model_base_path=str(folder / malformed.MODEL)
    )
    counts: Counter[str] = Counter()
    with Server(settings, log_path=folder / "server.log") as server:
        rest, direct = _both(server)
        with Gateway(_plan(folder / "gateway", rest, direct)) as running:
            token = _token(KeyStore(running.plan.files.keys))
            heads = malformed.bad_heads(_SEED, token)
            counts += throw_http(running.address, islice(heads, int(requests * _SHARES["heads"])))
            for number, (address, to_rest, bearer) in enumerate(
                [(running.address, running.address, token), (direct, rest, "")]
            ):
                bodies = islice(malformed.bad_json(_SEED + number), int(requests * _SHARES["json"] / 2))
                counts += throw_http(to_rest, (_good(bearer, body) for body in bodies))
                protos = islice(malformed.bad_protos(_SEED + number), int(requests * _SHARES["protos"] / 2))
                counts += throw_grpc(address, _GRPC_PATH, bearer, protos)
            right = throw_http(running.address, [_good(token)]) + throw_grpc(
                running.address, _GRPC_PATH, token, [malformed.good_proto()]
            )
            if right[ACCEPTED] != right.total():
                raise StepFailedError(
                    f"What is right must be answered afterwards, but of {right.total()} requests {dict(right)}. Read "
                    f"{folder}/server.log."
                )
            _check_alive(running.is_running, running.plan.files.envoy_log)
        _check_alive(lambda: server.alive, folder / "server.log")
    return counts


def _both(server: Server) -> tuple[Address, Address]:
    rest, direct = server.addresses.rest, server.addresses.grpc
    if rest is None or direct is None:
        raise StepFailedError(
            f"The server must offer REST and gRPC, but it offers {server.addresses}. Start both."
        )
    return Address.parse(rest), Address.parse(direct)


def _plan(folder: Path, rest: Address, grpc_address: Address) -> Plan:
    rate = {"requests": _GENEROUS, "all_requests": _GENEROUS, "seconds": 1}
    settings = GatewaySettings.model_validate({"rate_limit": rate, "breaker": {"failures": _GENEROUS}})
    files = GatewayFiles(folder)
    KeyStore(files.keys).rotate()
    jwks = files.keys / "jwks.json"
    models, audience = (malformed.MODEL,), malformed.MODEL
    return Plan(models, settings, audience, jwks, None, files, rest, grpc_address, Address(0))


def _token(keys: KeyStore) -> str:
    return keys.issue("bench", "kit", malformed.MODEL)


def _good(token: str, body: bytes = b'{"instances": [1.0]}') -> bytes:
    return malformed.http(malformed.PREDICT, body, *([f"authorization: Bearer {token}"] if token else []))


def _check_alive(is_alive: Callable[[], bool], log: Path) -> None:
    if not is_alive():
        raise StepFailedError(
            f"Server and gateway must outlive what is thrown at them, but one ended. Read {log}."
        )


def _save_model(folder: Path) -> None:
    """Save a model that computes y = 2 x."""
    module = tf.Module()
    signature = tf.TensorSpec([None], tf.float32, malformed.INPUT)
    module.serve = tf.function(lambda x: {"y": 2.0 * x}, input_signature=[signature])
    tf.saved_model.save(module, str(folder), signatures={malformed.SIGNATURE: module.serve})
