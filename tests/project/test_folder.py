"""Where a project is found, and what is said when there is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from valid_projects import write

from kit.errors import ProjectError
from kit.project import Project
from kit.project.folder import name_from_anywhere


def test_a_name_for_every_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "ws" / "projects" / "small")
    mine = write(tmp_path / "mine")
    monkeypatch.chdir(tmp_path)
    for name, found in {
        "small": "small",
        "chicago_taxi": "chicago_taxi",
        "mine": str(mine),
        "./mine": str(mine),
    }.items():
        assert name_from_anywhere(name, tmp_path / "ws") == found
    with pytest.raises(ProjectError, match="There is no project 'nix'"):
        name_from_anywhere("nix", tmp_path / "ws")


def test_a_near_miss_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ProjectError, match=r"no project 'recomender'\. Did you mean recommender\? Known projects"
    ):
        Project.load("recomender", tmp_path)
    write(tmp_path / "projects" / "shop")
    with pytest.raises(ProjectError, match=r"Did you mean shop.*chicago_taxi, recommender, shop"):
        Project.load("shopp", tmp_path)


@pytest.mark.parametrize("name", ["", ".", "/", "no/such/folder", "x" * 5000, "a\0b", "~no-such-user/shop"])
def test_what_is_no_project_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProjectError, match=r"no project|needs a name"):
        Project.load(name, tmp_path)
