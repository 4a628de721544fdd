"""The ed25519 key that signs a workspace's audit packs."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.errors import UsageError
from kit.gateway.keys import write_private
from kit.os_errors import reason_of
from kit.workspace import Workspace

FOLDER, PRIVATE, PUBLIC = "private", "audit_ed25519.pem", "audit_ed25519.pub.pem"


class AuditKeyError(UsageError):
    """A key cannot be used to sign."""


def signing_key(workspace: Workspace, path: Path | None = None) -> Ed25519PrivateKey:
    """Return a private key: the one in a file, or that of the workspace, which is made when it is first asked for.

    Args:
        workspace: keeps its key in `private/`, which only its owner can read.
        path: the path of a PEM file (PKCS 8) with another key.

    Raises:
        AuditKeyError: when a file holds no such key, or others can read it.
    """
    place = path or workspace.path / FOLDER / PRIVATE
    if path is None:
        with workspace.lock("audit_key", "makes the key of audit packs"):
            if not place.exists():
                _make(place)
    return _read(place)


def _make(place: Path) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    write_private(place.with_name(PUBLIC), public)
    write_private(place, pem)


def _read(place: Path) -> Ed25519PrivateKey:
    try:
        content = place.read_bytes()
    except OSError as error:
        raise AuditKeyError(
            f"The key to sign with must be in {place}, but cannot be read: {reason_of(error)}. Name another with --key."
        ) from None
    if place.stat().st_mode & 0o077:
        raise AuditKeyError(
            f"Only its owner may read the private key {place}, but others can: whoever can read it can sign. "
            f"chmod 600 it, and make a new one if somebody may have."
        )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuditKeyError(
            f"{place} must be a private key in PEM without a password, but: {error}."
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise AuditKeyError(
            f"{place} must be an ed25519 key, but is a {type(key).__name__}. Make one: "
            "openssl genpkey -algorithm ed25519."
        )
    return key
