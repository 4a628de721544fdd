"""Verify an audit pack, offline and without TensorFlow: every byte, the chain of its members, and the signature.

Also runs alone, with layout.py beside it, where the kit is not installed: python verify.py FILE [PUBLIC_KEY].
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import sys
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

if __package__:
    from kit.audit import layout
else:
    import layout  # type: ignore[import-not-found,no-redef]  # beside this file

SEAL, MANIFEST = layout.SEAL, layout.MANIFEST
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class Broken:
    """Something in the file is not as it was signed.

    Attributes:
        member: the member or the part of the file.
        what: one sentence.
    """

    member: str
    what: str

    def __str__(self) -> str:
        return f"{_printable(self.member)}: {self.what}"


@dataclass(frozen=True)
class Verdict:
    """What the check of a file said.

    Attributes:
        broken: what is wrong, in the order of the file; empty: every byte is as it was signed.
        fingerprint: the fingerprint of the key that the file names; empty when it cannot be read.
        facts: what the pack accounts for, from its manifest; to be trusted only when nothing is broken.
        members: how many it has.
    """

    broken: tuple[Broken, ...]
    fingerprint: str = ""
    facts: Mapping[str, str] | None = None
    members: int = 0

    @property
    def message(self) -> str:
        if self.broken:
            return "The pack is NOT what was signed.\n" + "\n".join(f"  {one}" for one in self.broken)
        of = ", ".join(_printable(f"{name} {value}") for name, value in (self.facts or {}).items())
        whole = f"All {self.members} members are as they were signed, in their order: {of}."
        return f"{whole}\nSigned with {self.fingerprint}."


def _printable(text: str) -> str:
    """Write what is neither letter nor sign as its escape: whoever made a pack could write lines of this message."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )


class _Unreadable(Exception):  # noqa: N818  an early return, not an error
    """The file cannot be read beyond this point."""


def fingerprint(public_key: bytes) -> str:
    """Return the text that two people compare to see whether they mean the same key."""
    return f"SHA256:{hashlib.sha256(public_key).hexdigest()}"


def read_public_key(text: str) -> bytes:
    """Return the 32 bytes of a public key that is given as a PEM file, or in hexadecimal.

    Raises:
        ValueError: when it is neither.
    """
    path = Path(text)
    try:
        key = serialization.load_pem_public_key(path.read_bytes()) if path.is_file() else None
    except (OSError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from None
    if isinstance(key, Ed25519PublicKey):
        return key.public_bytes_raw()
    if key is not None:
        raise ValueError(f"{text} holds no ed25519 key")
    raw = bytes.fromhex(text)
    Ed25519PublicKey.from_public_bytes(raw)
    return raw


def read_pack(path: Path) -> bytes:
    """Return the bytes of a pack.

    Raises:
        ValueError: when it is not a file (a pipe might never end), or is larger than any pack.
    """
    if not path.is_file():
        raise ValueError(f"{path} must be a file, but is none. Give an audit pack, copied to the disk.")
    if (size := path.stat().st_size) > (most := layout.MOST_BYTES):
        raise ValueError(f"{path} must be an audit pack of at most {most:,} bytes, but has {size:,}.")
    return path.read_bytes()


def verify(data: bytes, public_key: bytes | None = None) -> Verdict:
    """Check every byte of a pack.

    Args:
        data: the whole file.
        public_key: the key of whoever should have signed it, 32 bytes; None: the key in the file, whose fingerprint
            somebody must compare, since anybody can sign with a key of their own.
    """
    try:
        key, manifest = _signed(data, public_key)
        content = _read(manifest)
    except _Unreadable as stop:
        return Verdict(stop.args)
    members, broken = _members(data, manifest, content["members"])
    broken += _rest(data, members, {one.member for one in broken})
    if len({one.member for one in broken}) > 1:  # perhaps only since one of them has another size or place
        broken = _by_name(data, manifest, content["members"]) or broken
    facts = {name: value for name, value in content.items() if isinstance(value, str)}
    return Verdict(tuple(broken), fingerprint(key), facts, len(content["members"]))


def _signed(data: bytes, expected: bytes | None) -> tuple[bytes, bytes]:
    """Return the key and the manifest, once their signature is verified."""
    start = layout.header_bytes(SEAL)
    seal = data[start : start + layout.SEAL_BYTES]
    match = layout.SEAL_PATTERN.fullmatch(seal.decode("ascii", "replace"))
    if not match:
        raise _Unreadable(Broken(SEAL, "it must be the seal of an audit pack, but cannot be read as one."))
    key, signature, size = bytes.fromhex(match[1]), bytes.fromhex(match[2]), int(match[3])
    if expected is not None and not hmac.compare_digest(key, expected):
        raise _Unreadable(
            Broken(SEAL, f"it must be signed with {fingerprint(expected)}, but is with {fingerprint(key)}.")
        )
    place = start + layout.SEAL_BYTES + layout.header_bytes(MANIFEST)
    manifest = data[place : place + size]
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, manifest)
    except (InvalidSignature, ValueError):
        raise _Unreadable(*_who_broke(data, seal, manifest)) from None
    return key, manifest


def _who_broke(data: bytes, seal: bytes, manifest: bytes) -> list[Broken]:
    """Return which of seal and manifest breaks the signature: the one whose header has another checksum."""
    place = 14  # of the checksum in a header
    parts = ((SEAL, 0, seal), (MANIFEST, layout.header_bytes(SEAL) + layout.SEAL_BYTES, manifest))
    changed = [
        name
        for name, start, content in parts
        if int.from_bytes(data[start + place : start + place + 4], "little") != zlib.crc32(content)
    ]
    # A changed seal cannot be trusted about where the manifest ends.
    name = changed[0] if changed else f"{SEAL} or {MANIFEST}"
    return [Broken(name, "the signature does not hold for the manifest.")]


def _read(manifest: bytes) -> dict[str, Any]:
    """Read a signed manifest; one that cannot be read was not written by the kit."""
    try:
        content: dict[str, Any] = json.loads(manifest)
        members = content["members"]
        most = layout.MOST_MEMBERS - 2  # besides the seal and the manifest
        listed = isinstance(members, list) and len(members) <= most and all(map(_is_member, members))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _Unreadable(
            Broken(MANIFEST, f"it is signed, but is not a list of members: {error!r}.")
        ) from None
    if not listed:
        raise _Unreadable(Broken(MANIFEST, "it is signed, but is not a list of members."))
    return content


def _is_member(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry is what the kit writes; of anything else the layout cannot be written anew."""
    name, size = entry["name"], entry["bytes"]
    return (
        isinstance(name, str)
        and len(name.encode()) <= layout.MOST_NAME_BYTES
        and type(size) is int  # and no bool
        and size >= 0
        and all(
            isinstance(entry[what], str) and _DIGEST.fullmatch(entry[what]) for what in ("sha256", "chain")
        )
    )


def _members(
    data: bytes, manifest: bytes, listed: Sequence[Mapping[str, Any]]
) -> tuple[list[tuple[str, bytes]], list[Broken]]:
    """Return the members at the places that the manifest gives, and what differs from it."""
    start = layout.header_bytes(SEAL)
    members = [(SEAL, data[start : start + layout.SEAL_BYTES]), (MANIFEST, manifest)]
    broken, link = list[Broken](), ""
    place = start + layout.SEAL_BYTES + layout.header_bytes(MANIFEST) + len(manifest)
    for one in listed:
        name, size = one["name"], one["bytes"]
        place += layout.header_bytes(name)
        content = data[place : place + size]
        place += size
        digest = hashlib.sha256(content).hexdigest()
        if len(content) != size:
            broken.append(Broken(name, f"it must have {size} bytes, but the file ends after {len(content)}."))
        elif digest != one["sha256"]:
            broken.append(Broken(name, f"its SHA-256 must be {one['sha256']}, but is {digest}."))
        link = layout.next_link(link, name, size, one["sha256"])
        if link != one["chain"]:
            broken.append(Broken(name, "it does not follow the member before it: the chain is broken here."))
            link = one["chain"]
        members.append((name, content))
    return members, broken


def _rest(data: bytes, members: Sequence[tuple[str, bytes]], known: set[str]) -> list[Broken]:
    """Return what differs from the one file that these members make: headers, the directory, bytes too many.

    A member whose content is broken is not reported again: its checksum in the headers has to differ as well.
    """
    whole, regions = layout.file_of(members)
    if data == whole:
        return []
    broken = [
        Broken(region.member, f"its {region.what} is not as it was written.")
        for region in regions
        if region.what != "content"
        and region.member not in known
        and data[region.start : region.stop] != whole[region.start : region.stop]
    ]
    if len(data) > len(whole):
        broken.append(Broken(layout.DIRECTORY, f"{len(data) - len(whole)} bytes follow the end."))
    return broken


def _by_name(data: bytes, manifest: bytes, listed: Sequence[Mapping[str, Any]]) -> list[Broken]:
    """Return what differs in a file that was put together anew, by names: the places of its members say nothing.

    Empty: all are where they should be, or its directory cannot be read.
    """
    found, start, places = layout.found_in(data) or [], 0, list[tuple[str, int]]()
    sizes = {SEAL: layout.SEAL_BYTES, MANIFEST: len(manifest)} | {one["name"]: one["bytes"] for one in listed}
    for name, size in sizes.items():
        places.append((name, start))
        start += layout.header_bytes(name) + size
    if not found or [one[:2] for one in found] == places:
        return []
    contents, broken = dict[str, bytes](), list[Broken]()
    for name, _, content in found:
        if name not in sizes:
            broken.append(Broken(name, "it is in the file, but was not signed."))
        elif name in contents:
            broken.append(Broken(name, "it is in the file more than once."))
        contents[name] = content
    digests = {one["name"]: one["sha256"] for one in listed}  # seal and manifest are verified where they are
    for name in sizes:
        if name not in contents:
            broken.append(Broken(name, "it was signed, but is not in the file."))
        elif name in digests and (now := hashlib.sha256(contents[name]).hexdigest()) != digests[name]:
            broken.append(Broken(name, f"its SHA-256 must be {digests[name]}, but is {now}."))
    whole = "all members are as they were signed, but the file was made anew."
    return broken or [Broken(layout.DIRECTORY, whole)]


def main(arguments: Sequence[str]) -> int:
    """Verify one file on the command line; return 0 when it is whole."""
    if len(arguments) not in {1, 2}:
        print("Usage: python verify.py FILE [PUBLIC_KEY]", file=sys.stderr)  # noqa: T201  a program
        return 2
    try:
        key = read_public_key(arguments[1]) if len(arguments) > 1 else None
        verdict = verify(read_pack(Path(arguments[0])), key)
    except ValueError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 2
    print(verdict.message)  # noqa: T201
    return 1 if verdict.broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
