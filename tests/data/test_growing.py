"""A file that a writer is still adding to is not read as if it were whole."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from valid_projects import SMALL

from kit.data.example_gen import SPLITS, ProjectExampleGen
from kit.data.growing import unchanged
from kit.data.records import count_records
from kit.digests import of_file
from kit.errors import InputDataError, StepOrderError
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

WRITER = """
import sys, time
with open(sys.argv[1], "a", buffering=1) as file:
    while True:
        file.write("31,Oslo,1\\n")
        print("row", flush=True)
        time.sleep(0.002)
"""


@pytest.fixture
def growing(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """Return a file that another process adds rows to."""
    path = tmp_path / "shop" / "visitors.csv"
    path.parent.mkdir()
    path.write_text("age,city,bought\n" + "31,Oslo,1\n" * 20_000)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        yield path, writer
        writer.kill()


def test_a_span_that_grows_is_not_read_until_it_is_whole(
    growing: tuple[Path, subprocess.Popen[str]], tmp_path: Path
) -> None:
    path, writer = growing
    for part, content in {"project.yml": SMALL, "features.py": "", "model.py": ""}.items():
        (path.parent / part).write_text(content)
    project = Project.load(path.parent)
    session = Session(Workspace(tmp_path / "ws"), project)
    with pytest.raises(
        InputDataError, match=r"visitors\.csv must stay .* it is still being written\. Run again when"
    ):
        session.run(ProjectExampleGen(project))
    with pytest.raises(StepOrderError):
        session.path("ExampleGen", "examples")
    left = [one for one in (session.workspace.artifacts("shop")).rglob("*") if one.is_file()]
    assert not left, "nothing half-read is visible"
    writer.kill()
    writer.wait()
    whole = len(path.read_text().splitlines()) - 1
    session.run(ProjectExampleGen(project))
    examples = session.path("ExampleGen", "examples")
    assert sum(count_records(examples, split) for split in SPLITS) == whole


def rows(path: Path) -> str:
    path.write_text("age\n1\n")
    return of_file(path)


def test_a_file_that_stays_is_read(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    with unchanged(path, rows(path)):
        assert path.read_text()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("age\n1\n22\n", "but 3 bytes were added: it is still"),
        ("age\n2\n", "but its bytes have changed: it is"),
    ],
)
def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path, content: str, expected: str) -> None:
    path = tmp_path / "rows.csv"
    sha256 = rows(path)
    with pytest.raises(InputDataError, match=expected), unchanged(path, sha256):
        path.write_text(content)


def test_a_file_that_changed_and_changed_back_is_refused(tmp_path: Path) -> None:
    """The digest is as before, but what was read in between is not known."""
    path = tmp_path / "rows.csv"
    sha256 = rows(path)
    os.utime(path, ns=(0, 0))
    with pytest.raises(InputDataError, match="its bytes have changed"), unchanged(path, sha256):
        rows(path)


def test_a_file_that_changed_since_its_digest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    sha256 = rows(path)
    path.write_text("age\n3\n")
    with pytest.raises(InputDataError, match="its bytes have changed"), unchanged(path, sha256):
        pass


def fail_at(path: Path, content: str) -> None:
    """Grow, and then find that the last row is not whole."""
    path.write_text(content)
    raise InputDataError("row 2 is not whole")


def test_half_a_row_of_a_file_that_grows_is_no_mistake_of_its_author(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    sha256 = rows(path)
    with pytest.raises(InputDataError, match="still being written"), unchanged(path, sha256):
        fail_at(path, "age\n1\n2")
    with pytest.raises(InputDataError, match="row 2 is bad"), unchanged(path, of_file(path)):
        raise InputDataError("row 2 is bad")


def test_a_file_that_is_gone_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    sha256 = rows(path)
    with (
        pytest.raises(InputDataError, match=r"must exist until it is read, but: no such file"),
        unchanged(path, sha256),
    ):
        path.unlink()
