"""What is removed is gone, and what cannot be removed is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kit.retention.pruned import remove


def test_a_file_a_folder_and_a_link_are_removed_and_what_a_link_leads_to_stays(tmp_path: Path) -> None:
    folder, kept = tmp_path / "trial", tmp_path / "kept"
    for path in (folder / "run", kept):
        path.mkdir(parents=True)
        (path / "events").write_text("1")
    (folder / "link").symlink_to(kept)
    remove(folder / "run" / "events")
    assert not (folder / "run" / "events").exists()
    remove(folder / "link")
    remove(folder)
    remove(folder)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["events", "kept"]


def test_a_folder_that_cannot_be_removed_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "run").mkdir()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / "run"))

    monkeypatch.setattr(os, "rmdir", refuse)
    with pytest.raises(PermissionError):
        remove(tmp_path / "run")
