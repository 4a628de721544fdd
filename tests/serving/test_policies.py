from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from kit.serving.policies import aspired, versions_in


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
def test_policies(base: Path, policy: str, versions: set[int]) -> None:
    assert set(aspired(_config(base, policy))) == versions


def test_a_specific_version_that_is_missing_is_said(base: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert set(aspired(_config(base, "specific { versions: 1 versions: 5 }"))) == {1}
    assert "[5]" in caplog.text


def test_a_folder_that_cannot_be_read_is_no_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        aspired(_config(tmp_path / "missing", ""))
