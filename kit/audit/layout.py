"""The byte layout of an audit pack: a ZIP file fully determined by its members, so that any changed byte shows.

    seal.json        the public key, the signature of manifest.json, and its size; always of the same length
    manifest.json    of each member its name, size, SHA-256, and a chain of digests that fixes their order
    …                the members as they are listed, stored and not compressed
    (the directory of ZIP)

Any ZIP program opens it. Names, sizes and content of the members determine the file's headers, so verification writes
the headers anew and compares: a change there is found like one in a member. Members are not compressed, since what a
compressor makes of them differs from release to release. ZIP: PKWARE's APPNOTE.TXT, version 6.3.10.

This module and `kit.audit.verify` need nothing but Python and `cryptography`, and no other part of the kit.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SEAL, MANIFEST = "seal.json", "manifest.json"
DIRECTORY = "the directory of the ZIP file"
FORMAT = "kit audit pack 1"

_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_HEADER = "<4s5H3I2H"  # of a member; its name follows
_LENGTHS = 26  # where in a header the lengths of the name and of what else follows are
_VERSION, _UTF8, _STORED = 20, 1 << 11, 0
_TIME, _DATE = 0, (1 << 5) | 1  # midnight of 1980-01-01: the time of packing is not part of the content
_UNIX_FILE = (3 << 8) | _VERSION, 0o100644 << 16  # made on Unix; a plain file that everybody may read
MOST_BYTES, MOST_MEMBERS = 0xFFFFFFFF, 0xFFFF  # beyond these, ZIP needs other headers
MOST_NAME_BYTES = 0xFFFF

_SEAL = (
    '{{\n "format": "{format}",\n "algorithm": "ed25519",\n "public_key": "{key}",\n "signature": "{signature}",\n'
    ' "manifest_bytes": {size:>10}\n}}\n'
)
SEAL_PATTERN = re.compile(
    re.escape(_SEAL.format(format=FORMAT, key="KEY", signature="SIGNATURE", size="SIZE"))
    .replace("KEY", "([0-9a-f]{64})")
    .replace("SIGNATURE", "([0-9a-f]{128})")
    .replace("\\ " * 6 + "SIZE", "(?=.{10}\n)( *[0-9]+)")
)


@dataclass(frozen=True)
class Region:
    """A part of the file, from one byte up to another, and the member that it belongs to."""

    start: int
    stop: int
    member: str
    what: str


def file_of(members: Sequence[tuple[str, bytes]]) -> tuple[bytes, list[Region]]:
    """Return the ZIP file of the members, and the meaning of each part of it.

    Raises:
        ValueError: when they are more or larger than ZIP's plain headers can express.
    """
    parts: list[tuple[str, str, bytes]] = []
    offset, places = 0, []
    for name, content in members:
        places.append(offset)
        header = _local(name, content)
        parts += [(name, "header", header), (name, "content", content)]
        offset += len(header) + len(content)
    entries = [_central(name, content, place) for (name, content), place in zip(members, places, strict=True)]
    parts += [
        (name, "entry in the directory", entry) for (name, _), entry in zip(members, entries, strict=True)
    ]
    size = sum(map(len, entries))
    if len(members) > MOST_MEMBERS or offset + size > MOST_BYTES:
        raise ValueError(f"{len(members)} members of {offset + size} bytes")
    parts.append(
        (DIRECTORY, "end", struct.pack("<4s4H2IH", _END, 0, 0, len(members), len(members), size, offset, 0))
    )
    ends = [0]
    for _, _, part in parts:
        ends.append(ends[-1] + len(part))
    regions = [
        Region(*ends_, name, what) for ends_, (name, what, _) in zip(pairwise(ends), parts, strict=True)
    ]
    return b"".join(part for _, _, part in parts), regions


def found_in(data: bytes) -> list[tuple[str, int, bytes]] | None:
    """Return the members that a ZIP file's own directory lists: the name, where it starts, and what it stores there.

    None: it has no such directory. Nothing is decompressed, and no byte is read twice, whatever the directory says.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            listed = sorted(pack.infolist(), key=lambda info: info.header_offset)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, struct.error):
        return None
    starts = [max(0, info.header_offset) for info in listed]
    found = []
    for info, start, end in zip(listed, starts, [*starts[1:], len(data)], strict=True):
        lengths = data[start + _LENGTHS : start + struct.calcsize(_HEADER)]
        place = (
            start
            + struct.calcsize(_HEADER)
            + sum(int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2))
        )
        found.append((info.filename, start, data[place : min(place + info.compress_size, end)]))
    return found


def header_bytes(name: str) -> int:
    """Return how many bytes precede the content of a member in the file."""
    return struct.calcsize(_HEADER) + len(name.encode())


def _facts(name: str, content: bytes) -> tuple[int, ...]:
    flags = 0 if name.isascii() else _UTF8
    return (
        flags,
        _STORED,
        _TIME,
        _DATE,
        zlib.crc32(content),
        len(content),
        len(content),
        len(name.encode()),
        0,
    )


def _local(name: str, content: bytes) -> bytes:
    return struct.pack(_HEADER, _LOCAL, _VERSION, *_facts(name, content)) + name.encode()


def _central(name: str, content: bytes, offset: int) -> bytes:
    made_by, attributes = _UNIX_FILE
    head = struct.pack(
        "<4s6H3I5H2I", _CENTRAL, made_by, _VERSION, *_facts(name, content), 0, 0, 0, attributes, offset
    )
    return head + name.encode()


def manifest_of(facts: Mapping[str, str], members: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the manifest of members in their order.

    Args:
        facts: what the pack accounts for.
        members: names and contents.
    """
    listed, link = [], ""
    for name, content in members:
        digest = hashlib.sha256(content).hexdigest()
        link = next_link(link, name, len(content), digest)
        listed.append({"name": name, "bytes": len(content), "sha256": digest, "chain": link})
    text = json.dumps({"format": FORMAT, **facts, "members": listed}, indent=1, ensure_ascii=False)
    return (text + "\n").encode()


def next_link(before: str, name: str, size: int, digest: str) -> str:
    """Return the link of the chain at a member: a digest of the link before it, of its name, size and content."""
    return hashlib.sha256(f"{before}\n{name}\n{size}\n{digest}\n".encode()).hexdigest()


def seal_of(public_key: bytes, signature: bytes, manifest_bytes: int) -> bytes:
    """Return the seal; its length never varies, so that the manifest is always at the same place."""
    key, signed = public_key.hex(), signature.hex()
    return _SEAL.format(format=FORMAT, key=key, signature=signed, size=manifest_bytes).encode()


SEAL_BYTES = len(seal_of(bytes(32), bytes(64), 0))
