"""Digests of files stay what workspaces have kept."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from kit.digests import of_code, of_file, of_files


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / "b" / "c.py", tmp_path / "a.py"]
    found[0].parent.mkdir()
    found[0].write_text("two\n")
    found[1].write_text("one")
    return found


def test_a_file_has_the_digest_of_its_bytes(files: list[Path]) -> None:
    assert of_file(files[0]) == hashlib.sha256(b"two\n").hexdigest()


def test_the_digest_of_files_is_the_one_that_workspaces_have(files: list[Path], tmp_path: Path) -> None:
    kept = "47e79177ae26767eccbc91999b289feea0d1d37e65e83fc0aaec68844e93fafb"
    assert of_files(files, tmp_path) == of_files(reversed(files), tmp_path) == kept
    assert of_files(files, tmp_path, b"x") != kept
    (tmp_path / "a.py").rename(tmp_path / "d.py")
    assert of_files([files[0], tmp_path / "d.py"], tmp_path) != kept, "names count"


def test_the_digest_of_code_is_the_one_that_workspaces_have(files: list[Path], tmp_path: Path) -> None:
    given = [(path, tmp_path) for path in sorted(files)]
    assert of_code(given, b"x") == "a379e4df5098fbd346195e458a60e418209ceb9f661712d9481f262ef7dddca7"
