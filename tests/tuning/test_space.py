"""The search space of a model.py, read before anything is trained."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kit.projects
from kit.errors import SearchSpaceError
from kit.project import Project
from kit.projects import recommender
from kit.training.config import Training
from kit.tuning.space import active, axes, logarithmic, read_space


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Project]:
    """Write a project with a model.py; what it imports is forgotten afterwards."""

    def write(model: str) -> Project:
        folder = tmp_path / "spaced"
        folder.mkdir(exist_ok=True)
        text = (Path(recommender.__file__).parent / "project.yml").read_text()
        text = text.replace("name: recommender", "name: spaced").replace("schema_file: schema.pbtxt\n", "")
        (folder / "project.yml").write_text(text)
        (folder / "features.py").touch()
        (folder / "model.py").write_text(model)
        shutil.rmtree(folder / "__pycache__", ignore_errors=True)
        for name in [name for name in sys.modules if name.startswith("kit.projects.spaced")]:
            monkeypatch.delitem(sys.modules, name)
        return Project.load(folder)

    monkeypatch.setattr(kit.projects, "__path__", list(kit.projects.__path__))
    return write


def test_the_projects_own_values_are_the_present_ones(project: Callable[[str], Project]) -> None:
    mine = project(
        "def search_space(hp):\n"
        "    hp.Float('learning_rate', 1e-4, 1e-1, sampling='log')\n"
        "    if hp.Choice('kind', ['deep', 'wide']) == 'wide':\n"
        "        with hp.conditional_scope('kind', ['wide']):\n"
        "            hp.Int('width', 1, 9, default=5)\n"
        "    hp.Int('units', 8, 16, default=12)\n"
        "    hp.Boolean('crossed')\n"
        "    hp.Choice('depth', [1, 2], default=2)\n"
    )
    space = read_space(
        mine, Training(learning_rate=0.05, model={"kind": "wide", "units": 99, "crossed": True, "depth": "7"})
    )
    assert active(space) == {
        "learning_rate": 0.05,
        "kind": "wide",
        "width": 5,
        "units": 99,
        "crossed": True,
        "depth": 2,
    }
    assert axes(space) == {
        "learning_rate": [],
        "kind": ["deep", "wide"],
        "units": [],
        "crossed": [False, True],
        "depth": [1, 2],
        "width": [],
    }
    assert logarithmic(space) == ("learning_rate",)
    space.values["kind"] = "deep"
    assert "width" not in active(space)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            "",
            r"spaced/model.py must say in search_space\(hp\) what Tuner may change, but has no such function",
        ),
        ("def search_space(hp): pass", "must name at least one value to search, but names none"),
        (
            "def search_space(hp): hp.Float('x', 2, 1)",
            r"spaced/model.py: search_space\(hp\) .* raised ValueError",
        ),
        ("def search_space(hp): hp.Flaot('x', 1, 2)", "raised AttributeError: .*Flaot"),
        (
            "def search_space(hp): hp.Choice('batch_size', [64, 0])",
            "spaced/model.py: search_space gives batch_size the value 0",
        ),
        ("def search_space(hp): hp.Choice('schedule', ['linear'])", "gives schedule the value 'linear'"),
        ("def search_space(hp): hp.Int('seed', 1, 9)", "'seed' is the same for all trials"),
    ],
    ids=["none", "empty", "bounds", "misspelt", "value", "choice", "fixed"],
)
def test_an_error_names_file_and_field(project: Callable[[str], Project], model: str, message: str) -> None:
    with pytest.raises(SearchSpaceError, match=message):
        read_space(project(model), Training())


@pytest.mark.parametrize("name", ["recommender", "chicago_taxi"])
def test_the_built_in_projects_have_one_that_holds_their_own_values(name: str) -> None:
    project = Project.load(name)
    values = active(read_space(project, project.spec.training))
    assert values["learning_rate"] == project.spec.training.learning_rate
    assert {"dropout", "units"} < set(values)
