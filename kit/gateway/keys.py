"""Keys that sign tokens and keys that check them (RFC 7517, RFC 7519).

The private keys of a workspace are for learning and for tests. In production an identity provider holds them, and
`gateway.tokens.jwks_file` names its public keys.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import secrets
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from kit.gateway.errors import GatewayError
from kit.units import SECONDS_PER_DAY
from kit.workspace import write_atomically

ALGORITHM = "RS256"
JWKS = "jwks.json"
_BITS = 2048  # the least that RFC 7518, section 3.3, allows
_MOST_SECONDS = 30 * SECONDS_PER_DAY


class KeyStore:
    """The keys of one gateway in its workspace: the newest signs, all of them check.

    Args:
        folder: holds one file `<kid>.pem` per private key, and the public ones in `jwks.json`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def kids(self) -> list[str]:
        """Return the names of the keys, oldest first."""
        return sorted(path.stem for path in self.folder.glob("*.pem"))

    def rotate(self) -> str:
        """Make a key that signs from now on; tokens of other keys stay valid until those are retired.

        Returns:
            The name of the key.
        """
        key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._alone():
            kid = self._next_kid()
            # Published first: what it signs is then never refused, whenever this is killed.
            self._publish({**self._every(), kid: key})
            write_private(self.folder / f"{kid}.pem", pem)
        return kid

    def retire(self, kid: str) -> None:
        """Remove a key; tokens that it signed are refused from now on.

        Raises:
            GatewayError: when there is no such key, or it is the only one.
        """
        if kid not in (kids := self.kids()):
            raise GatewayError(
                f"A key of {self.folder} must be named, but {kid!r} is not one. There are: {', '.join(kids) or 'none'}."
            )
        with self._alone():
            others = {name: key for name, key in self._every().items() if name != kid}
            if not others:
                raise GatewayError(
                    f"One key must stay, but {kid} is the only one. Make another one first: kit gateway keys --rotate."
                )
            self._publish(others)  # first: killed after it, the key is still listed, and can be retired again
            (self.folder / f"{kid}.pem").unlink(missing_ok=True)

    def issue(
        self, subject: str, issuer: str, audience: str, seconds: int = 3600, *, kid: str | None = None
    ) -> str:
        """Sign a token.

        Args:
            subject: whom it is for; becomes `sub`.
            issuer: becomes `iss`.
            audience: becomes `aud`.
            seconds: the seconds after which it expires, at most 30 days.
            kid: the key that signs; the newest unless given.

        Raises:
            GatewayError: when there is no key or no subject, or the token would live too long.
        """
        if not subject.strip():
            raise GatewayError("A token is for somebody, but the subject is empty. Name who it is for.")
        if not 0 < seconds <= _MOST_SECONDS:
            raise GatewayError(
                f"A token lives 1 to {_MOST_SECONDS} seconds, but {seconds} is asked for. Issue a new one in time."
            )
        kids = self.kids()
        if not kids or (kid is not None and kid not in kids):
            raise GatewayError(
                f"A token is signed by a key of {self.folder}, but {kid or 'none'} is there. "
                f"Make one: kit gateway keys --rotate -P {self.folder.parent.name}."
            )
        chosen = kid or kids[-1]
        now = int(dt.datetime.now(dt.UTC).timestamp())
        claims = {"sub": subject, "iss": issuer, "aud": audience, "iat": now, "exp": now + seconds}
        return jwt.encode(claims, self._private(chosen), ALGORITHM, headers={"kid": chosen})

    def _next_kid(self) -> str:
        """Return a name that sorts behind all others, also when the clock was set back since the newest was made."""
        now, nonce = dt.datetime.now(dt.UTC), secrets.token_hex(2)
        kid = f"{now:%Y%m%dT%H%M%S}-{now.microsecond:06d}-{nonce}"
        newest = max(self.kids(), default="")
        return kid if kid > newest else f"{newest}-{nonce}"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time change the keys: of two, one would publish them without the other's."""
        with filelock.FileLock(self.folder / ".lock"):
            yield

    def _every(self) -> dict[str, rsa.RSAPrivateKey]:
        return {kid: self._private(kid) for kid in self.kids()}

    def _publish(self, keys: Mapping[str, rsa.RSAPrivateKey]) -> None:
        public = [_public(kid, key) for kid, key in sorted(keys.items())]
        write_atomically(self.folder / JWKS, json.dumps({"keys": public}, indent=2))

    def _private(self, kid: str) -> rsa.RSAPrivateKey:
        path = self.folder / f"{kid}.pem"
        try:
            key = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # a password is a TypeError
            raise GatewayError(
                f"{path} must hold an RSA key without a password, but cannot be read as one: {error}. Remove it."
            ) from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise GatewayError(f"{path} must hold an RSA key and holds another. Remove it.")
        return key


def _public(kid: str, key: rsa.RSAPrivateKey) -> dict[str, Any]:
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {"kty": "RSA", "kid": kid, "use": "sig", "alg": ALGORITHM, "n": public["n"], "e": public["e"]}


def read_jwks(path: Path) -> dict[str, Any]:
    """Return the public keys of a file for checking RS256, each reduced to what that needs.

    Raises:
        GatewayError: when there is none, or a private key is among them.
    """
    try:
        keys = json.loads(path.read_text())["keys"]
        usable = [_checked(key, path) for key in keys if key.get("kty") == "RSA" and key.get("use") != "enc"]
        usable = [key for key in usable if key["alg"] == ALGORITHM]
    except FileNotFoundError:
        raise GatewayError(
            f"The public keys must be in {path}, but it is not there. Make a key: kit gateway keys --rotate; or set "
            "gateway.tokens.jwks_file in project.yml."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
        raise GatewayError(
            f"{path} must be a JSON Web Key Set, but it cannot be read as one: {error!r}. Get it anew from the issuer "
            "of the tokens."
        ) from error
    if not usable:
        raise GatewayError(f"{path} must hold an RSA key for {ALGORITHM}, but none is there. Add one.")
    return {"keys": usable}


def write_private(path: Path, content: bytes) -> None:
    """Write a file atomically that only its owner may read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _checked(key: dict[str, Any], path: Path) -> dict[str, Any]:
    if "d" in key:
        raise GatewayError(
            f"{path} must hold public keys, but key {key.get('kid')!r} is a private one. Take it out, and make a new "
            "key: this one may be known."
        )
    public = RSAAlgorithm.from_jwk({"kty": "RSA", "n": key["n"], "e": key["e"]})
    if public.key_size < _BITS:
        raise GatewayError(
            f"{path} must hold RSA keys of {_BITS} bits or more (RFC 7518), but key {key.get('kid')!r} has "
            f"{public.key_size}. Have the issuer of the tokens make a longer one."
        )
    kid = {"kid": key["kid"]} if "kid" in key else {}
    return {"kty": "RSA", **kid, "use": "sig", "alg": key.get("alg", ALGORITHM), "n": key["n"], "e": key["e"]}
