"""Sign members as one audit pack."""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.audit.layout import MANIFEST, MOST_BYTES, MOST_MEMBERS, SEAL, file_of, manifest_of, seal_of
from kit.errors import UsageError


class PackError(UsageError):
    """A pack cannot be made."""


def sealed(facts: Mapping[str, str], members: Mapping[str, bytes], key: Ed25519PrivateKey) -> bytes:
    """Return the file of a pack; the same members and key give the same bytes (ed25519 is deterministic).

    Args:
        facts: what it accounts for; goes into the manifest.
        members: contents by their names, which are relative paths; they are put in the order of the names.
        key: the key that signs.

    Raises:
        PackError: when there is too much for one file.
    """
    ordered = [(name, members[name]) for name in sorted(members)]
    manifest = manifest_of(facts, ordered)
    seal = seal_of(key.public_key().public_bytes_raw(), key.sign(manifest), len(manifest))
    try:
        data, _ = file_of([(SEAL, seal), (MANIFEST, manifest), *ordered])
    except ValueError as error:
        raise PackError(
            f"A pack has at most {MOST_MEMBERS:,} members and {MOST_BYTES:,} bytes, but this one would have {error}. "
            "Move the largest executed notebooks of the runs away, and pack again."
        ) from None
    return data
