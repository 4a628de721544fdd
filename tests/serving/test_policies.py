from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from kit.serving.policies import Folders, versions_in


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name in ("1", "2", "010", "11", ".12.part", "latest", "-3", "٣", "1e3", "99999999999999999999"):
        (tmp_path / name).mkdir()
    (tmp_path / "13").write_text("a file")
    return tmp_path


def _config(base: Path, policy: str) -> Any:
    return text_format.Parse(
        f'name: "m" base_path: "{base}" model_version_policy {{ {policy} }}',
        model_server_config_pb2.ModelConfig(),
    )


def test_only_folders_that_are_numbers_are_versions(base: Path) -> None:
    assert {version: path.name for version, path in versions_in(base).items()} == {
        1: "1",
        2: "2",
        10: "010",
        11: "11",
    }


@pytest.mark.parametrize(
    ("policy", "versions"),
    [
        ("", {11}),
        ("latest {}", {11}),
        ("latest { num_versions: 2 }", {10, 11}),
        ("latest { num_versions: 9 }", {1, 2, 10, 11}),
        ("all {}", {1, 2, 10, 11}),
        ("specific { versions: 2 }", {2}),
    ],
)
def test_a_policy_chooses_among_the_versions_in_the_folder(
    base: Path, policy: str, versions: set[int]
) -> None:
    assert set(Folders().aspired(_config(base, policy)) or ()) == versions


def test_a_specific_version_that_is_missing_is_said_when_it_begins(
    base: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folders, config = Folders(), _config(base, "specific { versions: 1 versions: 5 }")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert set(folders.aspired(config) or ()) == {1}
        (base / "5").mkdir()
        assert set(folders.aspired(config) or ()) == {1, 5}
        (base / "5").rmdir()
        folders.aspired(config)
    assert [("[5]" in one.message) for one in caplog.records] == [True, True], "gone, and gone again"


def test_a_folder_that_cannot_be_read_is_no_empty_folder(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folders = Folders()
    with caplog.at_level(logging.WARNING):
        assert [folders.aspired(_config(tmp_path / "missing", "")) for _ in range(2)] == [None, None]
    assert [one.message.startswith("The versions of m cannot be looked for") for one in caplog.records] == [
        True
    ]
