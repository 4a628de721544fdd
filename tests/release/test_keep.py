"""The last versions stay; what is served, labelled or the only one that was blessed stays too."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from kit.release import history
from kit.release.errors import VersionError
from kit.release.keep import prune, remove_leftovers
from kit.release.versions import WITHDRAWN, numbers, rollback

from .killing import BY, kill_at


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    for number in range(1, 7):
        (folder / str(number) / "variables").mkdir(parents=True)
        (folder / str(number) / "saved_model.pb").write_text(str(number))
    return folder


def test_the_last_versions_stay(base: Path) -> None:
    assert prune(base, 4) == [2, 1]
    assert numbers(base) == [3, 4, 5, 6]
    assert history.read(base)[-1]["versions"] == [2, 1]
    assert prune(base, 4) == []


def test_what_cannot_be_removed_now_goes_with_the_next_push(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:  # as on NFS, while a server has a file of it open
        raise OSError(errno.ENOTEMPTY, "Directory not empty")

    with monkeypatch.context() as patched:
        patched.setattr(os, "rmdir", busy)
        assert prune(base, 4) == [2, 1]
        remove_leftovers(base)
    assert numbers(base) == [3, 4, 5, 6]
    assert history.read(base)[-1]["versions"] == [2, 1]
    assert len(list(base.glob(".*.part"))) == 2
    remove_leftovers(base)
    assert list(base.glob(".*.part")) == []


def test_what_was_withdrawn_counts_among_them_and_the_served_one_stays(base: Path) -> None:
    rollback(base, 1, **BY)
    assert prune(base, 2) == [4, 3, 2]
    assert numbers(base) == [1]
    assert numbers(base / WITHDRAWN) == [5, 6]


def test_what_the_server_is_told_of_stays(base: Path) -> None:
    (base.parent / "models.config").write_text(
        f'model_config_list {{ config {{ name: "shop" base_path: "{base}" version_labels {{ key: "stable" value: 2 }}'
        " model_version_policy { specific { versions: 3 versions: 2 } } } }"
    )
    assert prune(base, 1) == [5, 4, 1]
    assert numbers(base) == [2, 3, 6]


def test_the_newest_blessed_version_stays(base: Path) -> None:
    for number in (4, 5, 6):
        history.note(base, "push", version=number, override={"who": "Ann", "when": "now", "why": "campaign"})
    assert prune(base, 1) == [5, 4, 2, 1]
    assert numbers(base) == [3, 6]


def test_nothing_is_removed_when_it_is_not_known_what_a_server_is_told(base: Path) -> None:
    (base.parent / "models.config").write_text("what is this")
    with pytest.raises(VersionError):
        prune(base, 1)
    assert numbers(base) == [1, 2, 3, 4, 5, 6]


def test_a_removal_that_is_killed_anywhere_leaves_whole_versions(base: Path) -> None:
    ended = -signal.SIGKILL
    for last in range(1, 200):
        if (ended := kill_at(last, "kit.release.keep:prune", str(base), {"keep": 2})) == 0:
            break
        assert ended == -signal.SIGKILL
        for number in numbers(base):
            assert (base / str(number) / "saved_model.pb").read_text() == str(number)
        assert {5, 6} <= set(numbers(base))
        if numbers(base) == [5, 6]:
            break
    assert numbers(base) == [5, 6]
    remove_leftovers(base)
    assert not list(base.glob(".*.part"))
