"""The versions of packages: of all of them, and of those that results depend on."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.versions import installed_packages, locked_packages_digest


@pytest.fixture
def afresh() -> Iterator[Callable[[], None]]:
    """Return what forgets the versions, as if this were another process."""

    def forget() -> None:
        installed_packages.cache_clear()
        locked_packages_digest.cache_clear()

    yield forget
    forget()


def test_all_packages_are_known_by_name(afresh: Callable[[], None]) -> None:
    afresh()
    assert installed_packages()["tf-keras"] == importlib.metadata.version("tf_keras")
    assert len(installed_packages()) > 100


def test_a_locked_package_counts_and_another_one_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, afresh: Callable[[], None]
) -> None:
    afresh()
    before = locked_packages_digest()
    monkeypatch.syspath_prepend(str(tmp_path))
    told = []
    for name in ("no_package_of_ours-1.0", "tf_keras-99.0"):
        (tmp_path / f"{name}.dist-info").mkdir()
        afresh()
        told.append(locked_packages_digest())
    assert told[0] == before
    assert told[1] != before


def test_what_setuptools_brings_along_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, afresh: Callable[[], None]
) -> None:
    afresh()
    before = installed_packages()
    (tmp_path / "setuptools" / "_vendor" / "tf_keras-99.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path / "setuptools" / "_vendor"))
    afresh()
    assert installed_packages() == before
