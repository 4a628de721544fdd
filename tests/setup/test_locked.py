from __future__ import annotations

from pathlib import Path

import pytest

from kit.setup import locked

TEXT = """\
# Made by hand.
# Answers the dependencies with digest 0123
one==1.0 ; sys_platform == 'linux' \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via two
two-three==2.0.post1 \\
    --hash=sha256:cc
"""


def write(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "requirements.lock").write_text(text)
    monkeypatch.setattr(locked, "LOCK", tmp_path / "requirements.lock")


def test_lock_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(TEXT, tmp_path, monkeypatch)
    assert locked.read_lock() == [
        locked.Pin("one", "1.0", "sys_platform == 'linux'", ("sha256:aa", "sha256:bb")),
        locked.Pin("two-three", "2.0.post1", "", ("sha256:cc",)),
    ]
    assert locked.read_digest() == "0123"


def test_line_that_is_not_pinned_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("one>=1.0\n", tmp_path, monkeypatch)
    with pytest.raises(ValueError, match=r"expected name==version, found 'one>=1\.0'\. Run `make lock`"):
        locked.read_lock()
    assert not locked.read_digest()


def test_digest_changes_with_dependencies_and_not_with_lint_settings() -> None:
    pyproject = locked.read_pyproject()
    before = locked.dependency_digest(pyproject)
    pyproject["tool"]["ruff"]["line-length"] += 1
    assert locked.dependency_digest(pyproject) == before
    pyproject["project"]["dependencies"].append("another")
    assert locked.dependency_digest(pyproject) != before
