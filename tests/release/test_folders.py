"""What is no whole version any more is never gone back to."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.release import history
from kit.release.errors import VersionError
from kit.release.versions import WITHDRAWN, numbers, rollback

from .killing import BY


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Versions 1, 2, 3; somebody has begun to remove the second one."""
    for name in ("1", "2", "3"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_text(name)
    (tmp_path / "2" / "saved_model.pb").unlink()
    return tmp_path


@pytest.mark.parametrize("to", [None, 2])
def test_a_version_that_somebody_began_to_remove_is_not_gone_back_to(base: Path, to: int | None) -> None:
    with pytest.raises(VersionError, match=r"must be a SavedModel, but .*/2 has no saved_model\.pb"):
        rollback(base, to, **BY)
    assert (numbers(base), history.read(base)) == ([1, 2, 3], [])
    assert rollback(base, 1, **BY).now == 1


def test_nor_is_it_brought_back(base: Path) -> None:
    (base / WITHDRAWN).mkdir()
    (base / "2").rename(base / WITHDRAWN / "2")
    with pytest.raises(VersionError, match="must be a SavedModel"):
        rollback(base, 2, **BY)
    assert (numbers(base), numbers(base / WITHDRAWN)) == ([1, 3], [2])


def test_a_graph_as_text_is_a_savedmodel_too(base: Path) -> None:
    (base / "2" / "saved_model.pbtxt").touch()
    assert rollback(base, None, **BY).now == 2
