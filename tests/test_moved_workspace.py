"""A workspace that was moved, or copied, goes on with what was made in it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from google.protobuf import text_format
from lineage.stores import VERSION, Writer, chain
from tensorflow_serving.config import model_server_config_pb2

from kit.errors import WorkspaceError
from kit.lineage.read import read_graph
from kit.moved_workspace import moving
from kit.session import Session
from kit.workspace import Workspace, write_atomically

if TYPE_CHECKING:
    from training.tiny import Tiny


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a/ws/artifacts/x", "/b/artifacts/x"),
        ("/a/ws", "/b"),
        ('{"base": "/a/ws/serving", "other": "/a/ws"}', '{"base": "/b/serving", "other": "/b"}'),
        ("/a/ws2/artifacts", "/a/ws2/artifacts"),
        ("/a/ws-old", "/a/ws-old"),
        ("/x/a/ws/artifacts", "/x/a/ws/artifacts"),
    ],
)
def test_only_the_path_of_the_workspace_is_moved(text: str, expected: str) -> None:
    assert moving("/a/ws", "/b")(text) == expected


def test_a_path_inside_json_is_moved_however_it_is_escaped() -> None:
    assert moving("/a/东", "/b")('{"p": "/a/\\u4e1c/x"}') == '{"p": "/b/x"}'


@pytest.mark.parametrize("name", ["é", 'a"b', "a\\b", "东"])
def test_metadata_and_models_follow_to_a_name_of_other_letters_and_back(tmp_path: Path, name: str) -> None:
    first = tmp_path / "first"
    writer = Writer(Workspace(first))
    made = chain(writer, folder=f"{first}/", version=VERSION)
    config = model_server_config_pb2.ModelServerConfig()
    config.model_config_list.config.add(base_path=f"{first}/serving/shop")
    write_atomically(first / "serving" / "models.config", text_format.MessageToString(config))
    before = _texts(first), (first / "serving" / "models.config").read_text()
    del writer
    second = first.rename(tmp_path / name)
    Workspace(second)
    nodes = read_graph(Workspace(second)).nodes
    assert all(Path(node.uri, "content").is_file() for node in nodes.values() if node.kind == "artifact")
    pushed = nodes[f"artifact {made['pushed_model']}"].properties["pushed_destination"]
    assert pushed == f"{second}/serving/shop/{VERSION}"
    [files] = [json.loads(one.properties["files"]) for one in nodes.values() if one.name == "ExampleGen"]
    assert [Path(file["path"]).parents[1] for file in files] == [second] * 2
    told = text_format.Parse((second / "serving" / "models.config").read_text(), type(config)())
    assert told.model_config_list.config[0].base_path == f"{second}/serving/shop"
    second.rename(first)
    Workspace(first)
    assert (_texts(first), (first / "serving" / "models.config").read_text()) == before


def test_what_an_earlier_version_wrote_of_such_a_name_is_put_right_by_the_next_move() -> None:
    assert moving("/a/é", "/b/é")("/a/\\u00e9/artifacts") == "/b/é/artifacts"


def _texts(workspace: Path) -> list[str]:
    with closing(sqlite3.connect(workspace / "metadata.sqlite")) as store:
        return list(store.iterdump())


def test_steps_that_were_done_before_the_move_come_from_the_cache(tiny: Tiny, tmp_path: Path) -> None:
    from tfx.components.example_validator.component import ExampleValidator  # noqa: PLC0415  imports TFX

    def validate(session: Session) -> Path:
        given = {
            "statistics": session.channel("StatisticsGen", "statistics"),
            "schema": session.channel("SchemaGen", "schema"),
        }
        session.run(ExampleValidator(**given))
        return session.path("ExampleValidator", "anomalies")

    shutil.copytree(tiny.folder, tmp_path / "first")
    first = Session(Workspace(tmp_path / "first"), tiny.project)
    made = validate(first)
    assert made.is_relative_to(tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "second")
    second = Session(Workspace(tmp_path / "second"), tiny.project)
    assert validate(second) == tmp_path / "second" / made.relative_to(tmp_path / "first")
    assert second.steps[-1].state == "cached"
    assert not (tmp_path / "first").exists()


def test_a_copy_is_a_workspace_of_its_own_and_a_link_is_not(tmp_path: Path) -> None:
    first = Workspace(tmp_path / "first")
    config = first.path / "serving" / "models.config"
    config.parent.mkdir()
    config.write_text(f'base_path: "{first.path}/serving/shop"')
    (tmp_path / "link").symlink_to(first.path)
    assert Workspace(tmp_path / "link").path == tmp_path / "link"
    assert f"{first.path}/serving/shop" in config.read_text()
    shutil.copytree(first.path, tmp_path / "copy")
    Workspace(tmp_path / "copy", read_only=True)
    copied = tmp_path / "copy" / "serving" / "models.config"
    assert f"{first.path}/serving/shop" in copied.read_text()
    Workspace.to_look_at(tmp_path / "copy")
    assert f"{tmp_path / 'copy'}/serving/shop" in copied.read_text()
    assert f"{first.path}/serving/shop" in config.read_text()


def test_what_is_no_metadata_is_told_as_such(tmp_path: Path) -> None:
    first = Workspace(tmp_path / "first")
    first.metadata_path.write_text("rubbish, which is longer than a header of SQLite would be " * 3)
    second = first.path.rename(tmp_path / "second")
    with pytest.raises(
        WorkspaceError, match=r"second/metadata.sqlite must be ML Metadata, but .* move it away"
    ):
        Workspace(second)


def test_metadata_that_cannot_follow_stay_as_they_were(tmp_path: Path) -> None:
    first = Workspace(tmp_path / "first")
    with closing(sqlite3.connect(first.metadata_path)) as other:
        other.execute("CREATE TABLE Artifact (name TEXT)")
        other.commit()
    before = first.metadata_path.read_bytes()
    second = first.path.rename(tmp_path / "second")
    for _ in range(2):
        with pytest.raises(
            WorkspaceError, match=rf"second was moved from {first.path}, and its ML Metadata must"
        ):
            Workspace(second)
    assert (second / "metadata.sqlite").read_bytes() == before
    assert not list(second.glob(".moved*"))
