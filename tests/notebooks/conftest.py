from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from commands import kit_command, kit_run

from kit.projects import recommender


@pytest.fixture
def copy_of_recommender(tmp_path: Path) -> Callable[[str, str, str], Path]:
    """Copy the recommender's folder under another name, with one text in its project.yml replaced."""

    def copy(name: str, old: str, new: str) -> Path:
        source = Path(recommender.__file__).parent
        folder = Path(shutil.copytree(source, tmp_path / name))
        file = folder / "project.yml"
        text = file.read_text()
        assert old in text
        text = re.sub(r"^name: .*", f"name: {name}", text.replace(old, new), flags=re.MULTILINE)
        file.write_text(text.replace("files: ../../..", f"files: {source.parents[2]}"))
        return folder

    return copy


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the project `small`, written by `kit new` for 600 rows, whose data step has run."""
    workspace = tmp_path_factory.mktemp("small") / "ws"
    rows = pd.DataFrame(
        {"amount": [row * 37 % 101 for row in range(600)], "shop": ["north", "south", "west"] * 200}
    )
    rows["bought"] = (rows["amount"] > 40).map({True: "yes", False: "no"})
    projects = workspace / "projects"
    projects.mkdir(parents=True)
    rows.to_csv(projects / "rows.csv", index=False)
    words = ("new", "small", "--data", "rows.csv", "--label", "bought", "--into", projects)
    assert kit_command(*words, cwd=projects).code == 0
    assert kit_run("01_data", "-P", "small", workspace=workspace).code == 0
    return workspace
