from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from kit.deploy.write import FilesDifferError, write_files
from kit.errors import DeployError


def test_what_is_new_is_written_and_what_is_the_same_is_left(tmp_path: Path) -> None:
    first = write_files(tmp_path / "out", {"a.yaml": "1\n", "b.yaml": "2\n", "c.yaml": None})
    assert (first.new, first.same, first.changed) == (("a.yaml", "b.yaml"), (), ())
    age = (tmp_path / "out" / "a.yaml").stat().st_mtime_ns
    again = write_files(tmp_path / "out", {"a.yaml": "1\n", "b.yaml": "2\n", "c.yaml": None})
    assert again.message == f"{tmp_path / 'out'}: as before: a.yaml, b.yaml."
    assert (tmp_path / "out" / "a.yaml").stat().st_mtime_ns == age


def test_what_somebody_changed_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("replicas: 5\n")
    with pytest.raises(FilesDifferError, match=r"b\.yaml is different") as caught:
        write_files(tmp_path, {"a.yaml": "1\n", "b.yaml": "replicas: 2\n"})
    assert "-replicas: 5\n+replicas: 2\n" in str(caught.value)
    assert "--force" in str(caught.value)
    assert not (tmp_path / "a.yaml").exists()
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301  of this process


def test_a_long_difference_is_cut(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("\n".join(map(str, range(200))))
    with pytest.raises(FilesDifferError, match=r"… and \d+ lines more"):
        write_files(tmp_path, {"a.yaml": ""})


def test_force_replaces_and_removes(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("old")
    (tmp_path / "canary.yaml").write_text("old")
    with pytest.raises(FilesDifferError, match=r"canary\.yaml"):
        write_files(tmp_path, {"canary.yaml": None})
    written = write_files(tmp_path, {"a.yaml": "new", "canary.yaml": None}, force=True)
    assert (written.changed, written.removed) == (("a.yaml",), ("canary.yaml",))
    assert (tmp_path / "a.yaml").read_text() == "new"
    assert not (tmp_path / "canary.yaml").exists()


def test_a_place_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DeployError, match="must be a folder"):
        write_files(tmp_path / "file", {"a": "1"})
    (tmp_path / "a").mkdir()
    with pytest.raises(DeployError, match="must be a text file"):
        write_files(tmp_path, {"a": "1"})
