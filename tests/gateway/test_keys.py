from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from kit.gateway import keys
from kit.gateway.errors import GatewayError
from kit.gateway.keys import KeyStore, read_jwks


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    store = KeyStore(tmp_path / "keys")
    store.rotate()
    return store


def test_the_newest_key_signs_and_the_public_one_checks(store: KeyStore) -> None:
    kid = store.rotate()
    assert store.kids()[-1] == kid
    token = store.issue("ann", "kit", "shop", 60)
    keys = jwt.PyJWKSet.from_dict(read_jwks(store.folder / "jwks.json"))
    claims = jwt.decode(token, keys[kid], ["RS256"], audience="shop", issuer="kit")
    assert claims["sub"] == "ann"
    assert claims["exp"] - claims["iat"] == 60
    assert jwt.get_unverified_header(token)["kid"] == kid


def test_a_key_made_after_the_clock_was_set_back_signs(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Earlier(dt.datetime):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Earlier:
            return cls(2020, 1, 1, tzinfo=tz)

    monkeypatch.setattr(keys, "dt", SimpleNamespace(datetime=Earlier, UTC=dt.UTC))
    for _ in range(2):
        assert store.rotate() == store.kids()[-1]


def test_a_private_key_is_its_owners(store: KeyStore) -> None:
    [path] = store.folder.glob("*.pem")
    assert path.stat().st_mode & 0o777 == 0o600
    assert store.folder.stat().st_mode & 0o777 == 0o700
    assert '"d"' not in (store.folder / "jwks.json").read_text()


def test_one_key_stays(store: KeyStore) -> None:
    [first] = store.kids()
    with pytest.raises(GatewayError, match="One key must stay"):
        store.retire(first)
    second = store.rotate()
    store.retire(first)
    assert store.kids() == [second]
    assert [key["kid"] for key in read_jwks(store.folder / "jwks.json")["keys"]] == [second]
    with pytest.raises(GatewayError, match=f"There are: {second}"):
        store.retire(first)


def test_a_change_that_is_killed_leaves_no_key_that_nobody_checks_or_lists(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    def published() -> set[str]:
        return {key["kid"] for key in read_jwks(store.folder / "jwks.json")["keys"]}

    with monkeypatch.context() as change:
        change.setattr(keys, "write_private", dies)
        with pytest.raises(KeyboardInterrupt):
            store.rotate()
    assert set(store.kids()) < published()
    first, second = store.kids()[0], store.rotate()
    with monkeypatch.context() as change:
        change.setattr(Path, "unlink", dies)
        with pytest.raises(KeyboardInterrupt):
            store.retire(first)
    assert published() == {second}
    assert first in store.kids()
    store.retire(first)
    assert store.kids() == [second]


@pytest.mark.parametrize("content", ["", "-----BEGIN PRIVATE KEY-----", "rubbish"])
def test_a_file_that_is_no_key_is_told(store: KeyStore, content: str) -> None:
    (store.folder / "0.pem").write_text(content)
    with pytest.raises(GatewayError, match=r"0\.pem must hold an RSA key without a password"):
        store.rotate()


@pytest.mark.parametrize("seconds", [0, -1, 30 * 86_400 + 1])
def test_a_token_ends(store: KeyStore, seconds: int) -> None:
    with pytest.raises(GatewayError, match="A token lives 1 to 2592000 seconds"):
        store.issue("ann", "kit", "shop", seconds)


@pytest.mark.parametrize("seconds", [1, 30 * 86_400])
def test_a_token_may_live_a_second_and_thirty_days(store: KeyStore, seconds: int) -> None:
    claims = jwt.decode(store.issue("ann", "kit", "shop", seconds), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == seconds


def test_a_token_is_for_somebody(store: KeyStore) -> None:
    with pytest.raises(GatewayError, match="Name who it is for"):
        store.issue(" ", "kit", "shop")


def test_without_a_key_nothing_is_signed(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="kit gateway keys --rotate -P shop"):
        KeyStore(tmp_path / "shop" / "keys").issue("ann", "kit", "shop")


def test_a_private_key_among_the_public_ones_is_refused(store: KeyStore, tmp_path: Path) -> None:
    keys = json.loads((store.folder / "jwks.json").read_text())
    keys["keys"][0]["d"] = "AQAB"
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(keys))
    with pytest.raises(GatewayError, match="is a private one"):
        read_jwks(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"keys": 1}', '{"keys": [1]}', '{"keys": [{"kty": "RSA"}]}']
)
def test_what_is_no_key_set_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(text)
    with pytest.raises(GatewayError, match="must be a JSON Web Key Set"):
        read_jwks(path)


def test_a_key_that_is_too_short_is_refused(tmp_path: Path) -> None:
    short = rsa.generate_private_key(public_exponent=65_537, key_size=1024).public_key()  # noqa: S505
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [RSAAlgorithm.to_jwk(short, as_dict=True)]}))
    with pytest.raises(GatewayError, match=r"must hold RSA keys of 2048 bits or more .* None has 1024"):
        read_jwks(path)


@pytest.mark.parametrize("change", [{"kty": "EC"}, {"use": "enc"}, {"alg": "PS256"}])
def test_keys_for_something_else_do_not_count(
    store: KeyStore, tmp_path: Path, change: dict[str, str]
) -> None:
    [key] = json.loads((store.folder / "jwks.json").read_text())["keys"]
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps({"keys": [{**key, **change}]}))
    with pytest.raises(GatewayError, match="must hold an RSA key for RS256"):
        read_jwks(path)
    path.write_text(json.dumps({"keys": [{**key, **change}, key]}))
    assert read_jwks(path) == {"keys": [key]}
