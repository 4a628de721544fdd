"""Which tokens count, asked of the real Envoy; what it refuses never reaches the server."""

from __future__ import annotations

import base64
import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import jwt
import pytest
from waiting import wait_until

from gateway.standin import MODEL, PREDICT, Lab
from kit.gateway import process
from kit.gateway.config import Tokens
from kit.gateway.keys import KeyStore

SOON_SECONDS = 20


def pem(lab: Lab) -> bytes:
    return (lab.keys.folder / f"{lab.keys.kids()[-1]}.pem").read_bytes()


def signed(lab: Lab, algorithm: str = "RS256", key: Any = None, **claims: Any) -> str:
    """Return a token that is right but for the claims that are given; None leaves one out."""
    now = int(dt.datetime.now(dt.UTC).timestamp())
    right = {"sub": "ann", "iss": "kit", "aud": MODEL, "exp": now + 600}
    given = {name: value for name, value in {**right, **claims}.items() if value is not None}
    return jwt.encode(given, key or pem(lab), algorithm, headers={"kid": lab.keys.kids()[-1]})


def other(lab: Lab, folder: Path) -> str:
    """Return a token of a key that nobody published, under the name of one that is."""
    stranger = KeyStore(folder)
    return signed(lab, key=(folder / f"{stranger.rotate()}.pem").read_bytes())


def unsigned(lab: Lab) -> str:
    header, payload, _ = signed(lab).split(".")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    assert header
    return f"{none}.{payload}."


def by_public_key(lab: Lab) -> str:
    """Return a token signed by HMAC with what everybody knows, for servers that let the token choose."""
    header = {"alg": "HS256", "kid": lab.keys.kids()[-1]}
    public = (lab.keys.folder / "jwks.json").read_bytes()
    payload = signed(lab).split(".")[1]
    head = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    signature = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256).sign(
        f"{head}.{payload}".encode(), public
    )
    return f"{head}.{payload}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


WRONG: dict[str, tuple[Callable[[Lab, Path], str], int]] = {
    "none": (lambda _lab, _folder: "x", 401),
    "expired": (lambda lab, _: signed(lab, exp=int(time.time()) - SOON_SECONDS), 401),
    "never expires": (lambda lab, _: signed(lab, exp=None), 401),
    "not yet": (lambda lab, _: signed(lab, nbf=int(time.time()) + 600), 401),
    "for somebody else": (lambda lab, _: signed(lab, aud="other"), 403),
    "for nobody": (lambda lab, _: signed(lab, aud=None), 403),
    "by somebody else": (lambda lab, _: signed(lab, iss="other"), 401),
    "by nobody": (lambda lab, _: signed(lab, iss=None), 401),
    "of a stranger's key": (other, 401),
    "unsigned": (lambda lab, _: unsigned(lab), 401),
    "signed by the public key": (lambda lab, _: by_public_key(lab), 401),
    "another algorithm": (lambda lab, _: signed(lab, "RS512"), 401),
    "changed": (lambda lab, _: signed(lab)[:-12] + "AAAAAAAAAAAA", 401),
    "of no name": (lambda lab, _: signed(lab, sub=None), 403),
    "of an empty name": (lambda lab, _: signed(lab, sub=""), 403),
    "of a name with a line break": (lambda lab, _: signed(lab, sub="a\nb"), 403),
    "of a long name": (lambda lab, _: signed(lab, sub="a" * 129), 403),
}


def test_a_right_token_counts(shared: Lab) -> None:
    assert shared.ask(token=signed(shared)).status_code == 200
    assert shared.ask(token=signed(shared, aud=["x", MODEL])).status_code == 200


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_token_does_not(shared: Lab, tmp_path: Path, what: str) -> None:
    make, status = WRONG[what]
    before = len(shared.standin.seen)
    token = make(shared, tmp_path)
    assert shared.ask(token=token).status_code == status
    refused = {401: grpc.StatusCode.UNAUTHENTICATED, 403: grpc.StatusCode.PERMISSION_DENIED}
    assert shared.call(token=token) is refused[status]
    assert len(shared.standin.seen) == before


@pytest.mark.parametrize("value", ["", "Bearer", "Basic eDp5", "bearer", "Bearer a.b.c"])
def test_a_header_without_a_token_does_not(shared: Lab, value: str) -> None:
    before = len(shared.standin.seen)
    assert shared.ask(headers={"authorization": value}).status_code == 401
    assert len(shared.standin.seen) == before


def test_a_token_in_the_address_does_not_count(shared: Lab) -> None:
    """Addresses are written into logs."""
    assert (
        shared.ask(path=f"{PREDICT}?access_token={signed(shared)}", headers={"authorization": ""}).status_code
        == 401
    )


def test_keys_rotate_while_it_runs_and_connections_stay(lab: Callable[..., Lab]) -> None:
    running = lab()
    old = running.token()
    [first] = running.keys.kids()
    with grpc.insecure_channel(str(running.gateway.address)) as channel:
        call = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")

        def status(token: str) -> int:
            try:
                call(b"x", metadata=[("authorization", f"Bearer {token}")], timeout=20)
            except grpc.RpcError as error:
                return 401 if error.code() is grpc.StatusCode.UNAUTHENTICATED else 500
            return 200

        assert status(old) == 200
        running.keys.rotate()
        new = running.token()
        wait_until(lambda: status(new) == 200)
        assert status(old) == 200  # two keys at once
        running.keys.retire(first)
        wait_until(lambda: status(old) == 401)
        assert status(new) == 200
    assert running.gateway.stats("http.gateway.downstream_cx_total") == {
        "http.gateway.downstream_cx_total": 1
    }


def test_keys_that_cannot_be_used_change_nothing(lab: Callable[..., Lab]) -> None:
    running = lab()
    (running.keys.folder / "jwks.json").write_text('{"keys": []}')
    wait_until(lambda: "are not taken over" in running.files.envoy_log.read_text())
    assert running.ask(token=signed(running)).status_code == 200


def test_keys_for_which_there_was_no_room_are_taken_once_there_is(
    lab: Callable[..., Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    running = lab()
    [first] = running.keys.kids()
    old = signed(running)
    monkeypatch.setattr(process, "write_atomically", full)
    running.keys.rotate()
    running.keys.retire(first)
    wait_until(lambda: "are not taken over" in running.files.envoy_log.read_text())
    assert running.ask(token=old).status_code == 200
    monkeypatch.undo()
    wait_until(lambda: running.ask(token=old).status_code == 401)


def test_the_smallest_skew_of_clocks_is_a_second(lab: Callable[..., Lab]) -> None:
    with pytest.raises(ValueError, match="greater than or equal to 1"):  # Envoy takes 0 for a minute
        Tokens(clock_skew_seconds=0)
    running = lab(tokens={"clock_skew_seconds": 1})
    assert running.ask(token=signed(running, exp=int(time.time()) - 3)).status_code == 401
