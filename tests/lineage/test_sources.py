"""The data files behind a model are read again, and what became of each is said."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.audit.check import check_accounted
from kit.audit.seal import sealed
from kit.audit.verify import verify
from kit.errors import DataAnomalyError, InfraCheckError
from kit.lineage.query import trace
from kit.lineage.sources import SourceFile, check_sources, data_files
from kit.workspace import Workspace
from lineage.stores import VERSION, Writer, chain


def _files(tmp_path: Path) -> list[SourceFile]:
    contents = {"same.csv": b"a", "changed.csv": b"b", "gone.csv": b"c"}
    digests = {
        str(tmp_path / name): hashlib.sha256(content).hexdigest() for name, content in contents.items()
    }
    (tmp_path / "same.csv").write_bytes(b"a")
    (tmp_path / "changed.csv").write_bytes(b"x")
    writer = Writer(Workspace(tmp_path / "ws"))
    chain(
        writer,
        version=VERSION,
        files={path.lstrip("/"): digest for path, digest in digests.items()},
        folder="/",
    )
    return data_files(trace(writer.workspace, str(VERSION)))


def test_each_file_is_the_same_changed_or_gone(tmp_path: Path) -> None:
    files = _files(tmp_path)
    assert {Path(file.path).name: file.state for file in files} == {
        "same.csv": "the same bytes",
        "changed.csv": "changed since",
        "gone.csv": "gone",
    }
    assert {file.split for file in files} == {"train"}
    said = "It leads back to 3 data files, with the same bytes as then, but for "
    assert check_sources(files) == f"{said}changed.csv (changed since), gone.csv (gone)."
    assert check_sources(files[:1]) == "It leads back to one data file, with the same bytes as then."


def test_a_model_that_leads_back_to_no_data_is_an_error() -> None:
    with pytest.raises(DataAnomalyError, match="must lead back to data files"):
        check_sources([])


def test_a_model_is_accounted_for_with_its_data_and_a_whole_pack(tmp_path: Path) -> None:
    files = _files(tmp_path)
    pack = sealed({"project": "shop"}, {"a": b"b"}, Ed25519PrivateKey.generate())
    assert "All 1 members are as they were signed" in check_accounted(files, verify(pack))
    with pytest.raises(InfraCheckError, match="NOT what was signed"):
        check_accounted(files, verify(pack[:-1]))
