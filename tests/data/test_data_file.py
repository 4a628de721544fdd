"""The data files of ExampleGen come back from ML Metadata as they were put in."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from kit.data.data_file import DataFile, files_of, in_json, to_json
from kit.span_files import BY_HASH, InputFile


@pytest.mark.parametrize(("split", "span"), [("train", 3), (BY_HASH, None)])
def test_a_file_comes_back_as_it_was_written(tmp_path: Path, split: str, span: int | None) -> None:
    path = tmp_path / "东" / 'a "b".csv'
    path.parent.mkdir()
    path.write_bytes(b"1")
    file = DataFile.of(InputFile(path, split, span))
    written = to_json([file])
    assert json.loads(written) == [
        {"path": str(path), "split": split, "span": span, "sha256": hashlib.sha256(b"1").hexdigest()}
    ]
    assert files_of({"files": written}) == [file]
    assert in_json('东/a "b"') in written, "by it executions are searched"
    assert file.short_path == '东/a "b".csv'


def test_what_is_no_example_gen_has_no_files() -> None:
    assert files_of({"component_id": "Trainer"}) == files_of({"files": ""}) == []
