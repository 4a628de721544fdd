"""What ML Metadata's tables say was made last, on a store that a real chain has written."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from small_notebooks import write_notebook

from kit.batch import unchanged
from kit.batch.notebook_metadata import NotebookFacts
from kit.batch.parameters import Value, read_parameters
from kit.batch.plan import PlannedNotebook
from kit.batch.unchanged import Surroundings, differences, latest_outputs, steps_in
from kit.versions import installed_packages
from kit.workspace import Workspace

if TYPE_CHECKING:
    from training.tiny import Tiny


def test_what_each_component_made_last_is_what_the_session_finds(tiny: Tiny) -> None:
    session = tiny.session
    made = latest_outputs(session.workspace.metadata_path, session.project.name)
    assert made["SchemaGen"] == str(session.latest("SchemaGen", "schema").id)
    transform = {session.latest("Transform", key).id for key in ("transform_graph", "transformed_examples")}
    assert set(made["Transform"].split(", ")) >= {str(number) for number in transform}
    assert latest_outputs(session.workspace.metadata_path, "another") == {}


def test_a_decision_about_it_and_its_loss_are_seen(tiny: Tiny) -> None:
    from kit import decisions  # noqa: PLC0415  imports TFX, as the project does

    session = tiny.session
    schema = session.latest("SchemaGen", "schema")
    store, project = session.workspace.metadata_path, session.project.name
    before = latest_outputs(store, project)
    decisions.record(session, schema, "accept", who="Ada", why="It is right.")
    after = latest_outputs(store, project)
    assert after["SchemaGen"].startswith(f"{schema.id} (decision ")
    assert differences(before, after) == ["SchemaGen"]
    shutil.rmtree(session.path("Transform", "transform_graph"))
    assert "gone" in latest_outputs(store, project)["Transform"]


def test_a_store_that_is_not_there_has_nothing(tmp_path: Path) -> None:
    assert latest_outputs(tmp_path / "metadata.sqlite", "any") == {}


def test_the_steps_are_found_again_in_the_digests(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text('{"metadata": {}, "cells": []}')
    notebook = PlannedNotebook(path, {}, {}, NotebookFacts(reads=()))
    digests = Surroundings(tmp_path, None).digests(notebook, ["Trainer", "ExampleGen"])
    assert steps_in(digests) == ["ExampleGen", "Trainer"]


def test_data_and_project_files_count(tiny: Tiny) -> None:
    project = tiny.session.project
    path = Path(tiny.session.workspace.path) / "a.ipynb"
    path.write_text('{"metadata": {}, "cells": []}')
    notebook = PlannedNotebook(path, {}, {}, NotebookFacts(reads=()))

    def digests() -> dict[str, str]:
        return Surroundings(tiny.session.workspace.path, project).digests(notebook, ["Trainer"])

    before = digests()
    assert before["what Trainer made"]
    features, schema = project.folder / "features.py", project.folder / "schema.pbtxt"
    with features.open("a") as file:
        file.write("\n# changed\n")
    assert differences(before, digests()) == ["the project"]
    before = digests()
    schema.write_text('feature { name: "height" type: FLOAT }')
    assert differences(before, digests()) == ["the project"]
    before = digests()
    (project.folder / ".swp").write_text("an editor's own")
    assert differences(before, digests()) == []
    data = next(file.path for file in project.input_files())
    data.write_bytes(data.read_bytes() + b"\n")
    assert differences(before, digests()) == ["data files"]


def digests_of(notebook: Path) -> dict[str, str]:
    """Return the digests of what surrounds a notebook without a project."""
    planned = PlannedNotebook(notebook, {}, {}, NotebookFacts(reads=()))
    return Surroundings(notebook.parent, None).digests(planned, [])


def test_code_that_a_notebook_can_import_from_its_folder_counts(tmp_path: Path) -> None:
    path, package = tmp_path / "a.ipynb", tmp_path / "own" / "deep"
    path.write_text('{"metadata": {}, "cells": []}')
    package.mkdir(parents=True)
    (tmp_path / "own" / "__init__.py").touch()

    for helpers in (tmp_path / "helpers.py", package / "more.py"):
        before = digests_of(path)
        helpers.write_text("x = 1")
        assert differences(before, digests_of(path)) == ["the code beside it"]
    before = digests_of(path)
    (tmp_path / "notes.txt").write_text("no code")
    assert differences(before, digests_of(path)) == []


def test_what_lies_beside_the_code_and_is_none_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, package = tmp_path / "a.ipynb", tmp_path / "kit"
    path.write_text('{"metadata": {}, "cells": []}')
    package.mkdir()
    (package / "__init__.py").touch()
    monkeypatch.setattr(unchanged, "CHECKOUT", tmp_path)

    before = digests_of(path)
    for folder in (tmp_path, package):
        (folder / ".#helper.py").symlink_to("somebody@somewhere.1")  # Emacs locks a file with it
        (folder / "nowhere.py").symlink_to("gone.py")
        (folder / "folder.py").mkdir()
        os.mkfifo(folder / "pipe.py")
    assert differences(before, digests_of(path)) == []


def test_another_version_of_any_package_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.ipynb"
    path.write_text('{"metadata": {}, "cells": []}')
    notebook = PlannedNotebook(path, {}, {}, NotebookFacts(reads=()))
    before = Surroundings(tmp_path, None).digests(notebook, [])
    (tmp_path / "tf_keras-99.0.dist-info").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    installed_packages.cache_clear()  # as in another process
    changed = differences(before, Surroundings(tmp_path, None).digests(notebook, []))
    installed_packages.cache_clear()
    assert changed == ["versions"]


def test_a_workspace_that_was_moved_is_the_same(tiny: Tiny, tmp_path: Path) -> None:
    lines = 'workspace: str = "workspace"\nepochs: int = 3'
    path = write_notebook(tmp_path / "a.ipynb", parameters=lines)
    facts = NotebookFacts(reads=("serving", "logs/*/Trainer.log"))

    def digests(workspace: Path, epochs: int = 3) -> dict[str, str]:
        given: dict[str, Value] = {"workspace": str(workspace), "epochs": epochs}
        notebook = PlannedNotebook(path, read_parameters(path), given, facts)
        return Surroundings(workspace, tiny.project).digests(notebook, ["Trainer"])

    shutil.copytree(tiny.folder, tmp_path / "first")
    before = digests(Workspace(tmp_path / "first").path)
    (tmp_path / "first").rename(tmp_path / "second")
    moved = Workspace(tmp_path / "second").path
    assert differences(before, digests(moved)) == []
    assert differences(before, digests(moved, epochs=4)) == ["parameters"]
    with (moved / "logs" / "tiny" / "Trainer.log").open("a") as file:
        file.write("more")
    assert differences(before, digests(moved)) == ["what it reads"]


def test_a_file_that_is_no_store_has_nothing(tmp_path: Path) -> None:
    (tmp_path / "metadata.sqlite").write_text("something else")
    assert latest_outputs(tmp_path / "metadata.sqlite", "any") == {}


@pytest.mark.parametrize("then", [{"a": "1"}, {"a": "1", "b": "2"}, {}], ids=["more", "same", "nothing"])
def test_what_is_not_known_to_be_the_same_differs(then: dict[str, str]) -> None:
    now = {"a": "1", "b": "2"}
    assert differences(then, now) == [name for name in now if name not in then]
