from __future__ import annotations

from pathlib import Path

import pytest

from kit.setup import older_glibc

DEBIAN = """\
Types: deb
# http://snapshot/archive/20250520T000000Z
URIs: http://mirror/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror/node
Suites: nodistro
Components: main
"""
UBUNTU = """\
# deb http://mirror/ubuntu jammy main
deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] http://mirror/ubuntu jammy main
deb http://mirror/ubuntu jammy-updates main universe
deb http://mirror/jammy/cloud cloud-sdk-jammy main
deb http://mirror/other stable main
"""


@pytest.fixture
def apt(tmp_path: Path) -> Path:
    (tmp_path / "apt" / "sources.list.d").mkdir(parents=True)
    return tmp_path / "apt"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    (tmp_path / "written").mkdir()
    return tmp_path / "written"


def test_paragraphs_are_renamed_with_their_signatures(apt: Path, written: Path) -> None:
    (apt / "sources.list.d" / "debian.sources").write_text(DEBIAN)
    (apt / "sources.list.d" / "debian.sources.disabled").write_text(DEBIAN)
    older_glibc.write_sources(apt, written, "bookworm", "trixie")
    [path] = written.iterdir()
    text = path.read_text()
    assert "Suites: trixie trixie-updates" in text
    assert "Suites: trixie-security" in text
    assert text.count("Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg") == 2
    assert "nodistro" not in text
    assert "bookworm" not in text


def test_lines_are_renamed_and_third_parties_left_out(apt: Path, written: Path) -> None:
    (apt / "sources.list").write_text(UBUNTU)
    older_glibc.write_sources(apt, written, "jammy", "noble")
    assert (written / "sources.list").read_text().splitlines() == [
        "deb [signed-by=/usr/share/keyrings/ubuntu-archive-keyring.gpg] http://mirror/ubuntu noble main",
        "deb http://mirror/ubuntu noble-updates main universe",
    ]


@pytest.mark.parametrize(
    ("os_release", "expected"),
    [
        ('ID=debian\nVERSION_CODENAME="bookworm"\n', "bookworm"),
        ("VERSION_CODENAME=virginia\nUBUNTU_CODENAME=jammy\n", "jammy"),
        ("ID=rhel\n", ""),
    ],
    ids=["debian", "mint", "rhel"],
)
def test_the_codename_is_that_of_the_release_below(os_release: str, expected: str) -> None:
    assert older_glibc.read_codename(os_release) == expected


def test_another_system_is_told_what_to_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = tmp_path / "os-release"
    release.write_text("ID=rhel\nVERSION_CODENAME=plow\n")
    monkeypatch.setattr(older_glibc, "OS_RELEASE", release)
    with pytest.raises(SystemExit, match=r"needs? glibc 2\.38.*plow.*Debian 13"):
        older_glibc.give_private_glibc(tmp_path, tmp_path, tmp_path / "patchelf", print)
    assert list(tmp_path.iterdir()) == [release]
