"""No byte of a pack can change unseen, and what changed is named; a pack that is whole opens as any ZIP file."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from commands import KIT
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from imports import imported_by

import kit.audit.verify
from kit.audit import layout
from kit.audit.layout import DIRECTORY, MANIFEST, SEAL, file_of, manifest_of, seal_of
from kit.audit.seal import sealed
from kit.audit.verify import fingerprint, main, read_pack, read_public_key, verify

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
FACTS = {"project": "shop", "version": "7"}
MEMBERS = {
    "a/notebook.ipynb": b'{"cells": []}',
    "empty": b"",
    "zwölf.json": json.dumps({"größe": 12}).encode(),
    "schema.pbtxt": b"feature { name: 'x' }\n" * 3,
}
PACK = sealed(FACTS, MEMBERS, KEY)
with zipfile.ZipFile(io.BytesIO(PACK)) as _pack:
    ORDERED = [(info.filename, _pack.read(info)) for info in _pack.infolist()]
SECOND, THIRD = ORDERED[3:5]
UNKNOWN_KIND = "-----BEGIN PUBLIC KEY-----\nMAowBAYCKgMDAgAA\n-----END PUBLIC KEY-----\n"


def test_a_pack_that_is_whole_says_what_it_is_of_and_who_signed_it() -> None:
    verdict = verify(PACK, PUBLIC)
    assert verdict.broken == ()
    assert verdict.members == len(MEMBERS)
    assert "project shop, version 7" in verdict.message
    assert fingerprint(PUBLIC) in verdict.message


def test_it_opens_as_any_zip_file() -> None:
    with zipfile.ZipFile(io.BytesIO(PACK)) as pack:
        assert pack.testzip() is None
        assert pack.namelist() == [SEAL, MANIFEST, *sorted(MEMBERS)]
        assert {name: pack.read(name) for name in MEMBERS} == MEMBERS
        assert {info.date_time for info in pack.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert json.loads(pack.read(SEAL))["manifest_bytes"] == len(pack.read(MANIFEST))


def test_the_same_members_are_the_same_bytes() -> None:
    assert sealed(FACTS, dict(reversed(MEMBERS.items())), KEY) == PACK


@pytest.mark.parametrize("bit", [0, 7], ids=["lowest bit", "highest bit"])
def test_every_byte_that_is_flipped_is_found_and_its_member_named(bit: int) -> None:
    whole, regions = file_of(ORDERED)
    assert whole == PACK
    assert {region.what for region in regions} == {"header", "content", "entry in the directory", "end"}
    for region in regions:
        for place in range(region.start, region.stop):
            changed = bytearray(PACK)
            changed[place] ^= 1 << bit
            named = {one.member for one in verify(bytes(changed)).broken}
            assert named == {region.member}, (place, region)


@settings(max_examples=200)
@given(st.binary(min_size=1, max_size=40), st.integers(0, len(PACK) - 1), st.integers(0, 40))
def test_whatever_else_is_written_into_it_is_found(junk: bytes, place: int, length: int) -> None:
    changed = PACK[:place] + junk + PACK[place + length :]
    assert bool(verify(changed).broken) == (changed != PACK)


@pytest.mark.parametrize("cut", [0, 1, 100, 300, len(PACK) // 2, len(PACK) - 1])
def test_a_file_that_was_cut_off_is_found(cut: int) -> None:
    assert verify(PACK[:cut]).broken


def test_bytes_after_the_end_are_found() -> None:
    [broken] = verify(PACK + b"more").broken
    assert (broken.member, broken.what) == (DIRECTORY, "4 bytes follow the end.")


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ([*ORDERED[:3], *ORDERED[4:]], {SECOND[0]: "was signed, but is not in the file"}),
        ([*ORDERED[:3], ("new", b"1"), *ORDERED[3:]], {"new": "is in the file, but was not signed"}),
        ([*ORDERED[:4], *ORDERED[3:]], {SECOND[0]: "is in the file more than once"}),
        ([*ORDERED[:3], (SECOND[0], b"longer"), *ORDERED[4:]], {SECOND[0]: "its SHA-256 must be"}),
        ([*ORDERED[:3], THIRD, SECOND, *ORDERED[5:]], {DIRECTORY: "the file was made anew"}),
        (
            [*ORDERED[:3], ("other name", SECOND[1]), *ORDERED[4:]],
            {"other name": "was not signed", SECOND[0]: "is not in the file"},
        ),
    ],
    ids=["removed", "added", "doubled", "replaced", "exchanged", "renamed"],
)
def test_of_a_file_that_was_put_together_anew_what_differs_is_named_and_nothing_else(
    members: list[tuple[str, bytes]], named: dict[str, str]
) -> None:
    """Although every member behind it has another place."""
    broken = verify(file_of(members)[0]).broken
    assert [one.member for one in broken] == list(named)
    assert all(named[one.member] in one.what for one in broken)


def test_a_pack_to_which_a_zip_program_added_is_refused_for_what_it_added(tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_bytes(PACK)
    with zipfile.ZipFile(tmp_path / "pack.zip", "a", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("zeros", bytes(10_000_000))
    [broken] = verify((tmp_path / "pack.zip").read_bytes()).broken
    assert (broken.member, broken.what) == ("zeros", "it is in the file, but was not signed.")


def test_a_pack_that_somebody_else_signed_is_whole_but_not_from_whom_it_should_be() -> None:
    other = Ed25519PrivateKey.generate()
    pack = sealed(FACTS, {**MEMBERS, "empty": b"not any more"}, other)
    assert verify(pack).fingerprint == fingerprint(other.public_key().public_bytes_raw())
    [broken] = verify(pack, PUBLIC).broken
    assert broken.member == SEAL
    assert fingerprint(PUBLIC) in broken.what


def test_an_order_that_was_signed_and_does_not_fit_the_chain_is_found() -> None:
    """Only whoever has the key can make such a file; the chain is checked all the same."""
    content = json.loads(manifest_of(FACTS, sorted(MEMBERS.items())))
    content["members"][0], content["members"][1] = content["members"][1], content["members"][0]
    manifest = json.dumps(content).encode()
    seal = seal_of(PUBLIC, KEY.sign(manifest), len(manifest))
    members = [(one["name"], MEMBERS[one["name"]]) for one in content["members"]]
    pack, _ = file_of([(SEAL, seal), (MANIFEST, manifest), *members])
    assert "the chain is broken here" in verify(pack).message


def _crafted(manifest: bytes) -> bytes:
    """Return a pack that somebody signed who wrote its manifest without the kit."""
    seal = seal_of(PUBLIC, KEY.sign(manifest), len(manifest))
    return file_of([(SEAL, seal), (MANIFEST, manifest)])[0]


_ENTRY = {"name": "a", "bytes": 0, "sha256": "0" * 64, "chain": "0" * 64}


@pytest.mark.parametrize(
    "members",
    [
        *[[{**_ENTRY, "bytes": size}] for size in (float("inf"), "2", 2.0, -1, True)],
        *[[{**_ENTRY, "name": name}] for name in (5, "\ud800", "n" * 70_000)],
        [{**_ENTRY, "sha256": "\x1b[1A"}],
        [{**_ENTRY, "chain": None}],
        [_ENTRY] * 65_536,
        {},
        "ab",
    ],
    ids=range(13),
)
def test_a_manifest_that_the_kit_does_not_write_is_refused_in_words(members: object) -> None:
    [broken] = verify(_crafted(json.dumps({"members": members}).encode())).broken
    assert broken.member == MANIFEST
    assert broken.what.startswith("it is signed, but is not a list of members")


def test_a_manifest_that_is_nested_without_end_is_refused_in_words() -> None:
    [broken] = verify(_crafted(b'{"members": ' + b"[" * 200_000)).broken
    assert broken.member == MANIFEST


def test_a_stranger_writes_no_lines_of_the_verdict() -> None:
    forged = "shop.\nSigned with SHA256:0\x1b[8m"
    said = verify(sealed({"project": forged, "a\r": "b"}, MEMBERS, KEY)).message
    assert said.splitlines()[1:] == [f"Signed with {fingerprint(PUBLIC)}."]
    assert said.replace("\n", "").isprintable()
    named = verify(sealed({}, {"b\n  seal.json: fine": b"x" * 99}, KEY).replace(b"x" * 99, b"y" * 99)).message
    assert len(named.splitlines()) == 2
    assert named.replace("\n", "").isprintable()


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pack.zip")
    alone = [sys.executable, kit.audit.verify.__file__]
    for command in (alone, [KIT, "audit", "verify"]):
        told = [*command, str(tmp_path / "pack.zip")]
        done = subprocess.run(told, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert "must be a file, but is none" in done.stderr


def test_what_is_larger_than_any_pack_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "pack.zip").open("wb") as file:
        file.truncate(layout.MOST_BYTES + 1)
    with pytest.raises(ValueError, match=r"at most 4,294,967,295 bytes, but has 4,294,967,296"):
        read_pack(tmp_path / "pack.zip")


def test_a_key_is_given_in_hexadecimal_or_as_a_file(tmp_path: Path) -> None:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415

    path = tmp_path / "key.pem"
    path.write_bytes(
        KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    assert read_public_key(PUBLIC.hex()) == read_public_key(str(path)) == PUBLIC
    (tmp_path / "kind.pem").write_text(UNKNOWN_KIND)
    for wrong in ("zz", "00", "0" * 5000, str(tmp_path), str(tmp_path / "kind.pem")):
        with pytest.raises(ValueError, match=r".+"):
            read_public_key(wrong)
        assert main([str(tmp_path / "no pack"), wrong]) == 2


def test_two_files_verify_it_where_there_is_no_kit(tmp_path: Path) -> None:
    """Only these two modules, Python and cryptography; nothing of the kit can be imported there."""
    for module in (kit.audit.verify, layout):
        source = Path(str(module.__file__))
        (tmp_path / source.name).write_bytes(source.read_bytes())
    (tmp_path / "whole.zip").write_bytes(PACK)
    (tmp_path / "broken.zip").write_bytes(PACK.replace(b"name: 'x'", b"name: 'y'", 1))
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = [
        subprocess.run(
            [sys.executable, "-P", str(tmp_path / "verify.py"), str(tmp_path / name), PUBLIC.hex()],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={**environ, "PYTHONPATH": str(tmp_path)},
        )
        for name in ("whole.zip", "broken.zip")
    ]
    assert [one.returncode for one in ended] == [0, 1], ended[0].stderr
    assert "schema.pbtxt: its SHA-256 must be" in ended[1].stdout


def test_verifying_imports_nothing_slow() -> None:
    modules, _ = imported_by("import kit.audit.verify")
    assert not {"tensorflow", "tfx", "pandas", "numpy", "google.protobuf", "pydantic"} & modules
