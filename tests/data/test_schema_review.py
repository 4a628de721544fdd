"""What a curated schema is compared with: data, the last run, a file, a revision of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kit.data.anomalies import AnomalyDesk
from kit.data.schema import save_schema
from kit.data.schema_desk import SchemaDesk
from kit.data.schema_diff import differences
from kit.data.schema_proposal import propose, write
from kit.data.schema_review import schema_changes, schema_news, versions
from kit.errors import ProjectError, StepOrderError, UsageError
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

from .sessions import check, quiet, small


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    """A project with a curated schema, whose steps have run."""
    session = check(small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Bern " * 30))
    save_schema(session.workspace, session.project, SchemaDesk(session).schema)
    return check(Session(session.workspace, Project.load(session.project.folder)))


def found(session: Session, against: str, spans: str = "") -> list[str]:
    """Return what differs, as texts after the names of the two versions."""
    older, newer = versions(session.workspace, session.project, against, spans, say=quiet)
    changes = differences(older.schema, newer.schema)
    return [f"{older.name} → {newer.name}", *map(str, changes)]


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def test_data_are_newer_and_an_earlier_version_is_older(shop: Session) -> None:
    SchemaDesk(shop).save({"city": {"values": "Oslo, Rom, Paris"}}, "Ann", "soon")
    assert found(shop, "inferred") == ["curated → inferred", "city, values: 3 values → -Paris"]
    assert found(shop, "inferred", "2") == [
        "curated → inferred",
        "city, values: 3 values → -Oslo, -Paris, +Bern",
    ]
    assert found(shop, "saved") == ["saved → curated", "city, values: 2 values → +Paris"]


def test_without_statistics_in_the_workspace_the_train_spans_are_read(shop: Session, tmp_path: Path) -> None:
    lines: list[str] = []
    empty = Workspace(tmp_path / "empty")
    _, newer = versions(empty, shop.project, say=lines.append)
    assert lines == ["Reading span 1 …"]
    assert differences(newer.schema, SchemaDesk(shop).schema) == []
    assert not empty.metadata_path.exists(), "a question leaves no history"


def test_a_file_and_a_revision_of_git_are_earlier_versions(shop: Session, tmp_path: Path) -> None:
    folder = shop.project.folder
    kept = tmp_path / "kept.pbtxt"
    kept.write_bytes((folder / "schema.pbtxt").read_bytes())
    git(folder.parent, "init", "--quiet")
    git(folder.parent, "add", "shop/schema.pbtxt")
    git(folder.parent, "commit", "--quiet", "-m", "first")
    SchemaDesk(shop).save({"age": {"most": "99"}}, "Ann", "nobody is older")
    assert found(shop, str(kept)) == [f"{kept} → curated", "age, most: none → 99"]
    assert found(shop, "git:HEAD") == ["git:HEAD → curated", "age, most: none → 99"]


@pytest.mark.parametrize(
    ("against", "spans", "error", "message"),
    [
        ("no.pbtxt", "", UsageError, "there is no file no.pbtxt"),
        ("saved", "1", UsageError, "--against is saved. Leave one of them out"),
        ("git:HEAD", "", UsageError, r"must have schema\.pbtxt of .* in revision 'HEAD', but says: fatal: "),
        ("git:--output=stolen", "", UsageError, "in revision '--output=stolen'"),
    ],
    ids=["no file", "spans", "no repository", "an option of git"],
)
def test_what_cannot_be_compared_with_is_explained(
    shop: Session, against: str, spans: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        found(shop, against, spans)
    assert not list(shop.project.folder.glob("stolen*"))


def test_a_revision_that_holds_no_schema_is_named_with_its_line(shop: Session) -> None:
    folder = shop.project.folder
    good = (folder / "schema.pbtxt").read_text()
    (folder / "schema.pbtxt").write_text("feature {\n  nam: 3\n}\n")
    git(folder, "init", "--quiet")
    git(folder, "add", "schema.pbtxt")
    git(folder, "commit", "--quiet", "-m", "broken")
    (folder / "schema.pbtxt").write_text(good)
    with pytest.raises(ProjectError, match=r"HEAD:schema\.pbtxt must be a schema .*, but is not: 2:"):
        found(shop, "git:HEAD")


# -- what a notebook tells of the run before


def test_a_schema_that_was_edited_since_the_last_run_is_told_once(shop: Session) -> None:
    assert schema_changes(shop) == [], "the curated schema is the one that was inferred"
    SchemaDesk(shop).save({"city": {"values": "Oslo, Rom, Bern"}}, "Ann", "a new shop")
    assert schema_changes(shop) == [], "nothing has used it yet"
    check(shop)
    assert [str(change) for change in schema_changes(shop)] == ["city, values: 2 values → +Bern"]
    check(shop)
    assert shop.steps[-2].state == "cached"
    assert schema_changes(shop) == []


def test_who_changed_the_schema_is_told_however_it_was_done(shop: Session) -> None:
    assert schema_news(shop) == "The schema has not changed since the last run."
    SchemaDesk(shop).save({"age": {"most": "99"}}, "Ann", "nobody is older")
    AnomalyDesk(shop).decide("eval/city/ENUM_TYPE_UNEXPECTED_STRING_VALUES", "accept", "Bo", "a new shop")
    with (shop.project.folder / "1.csv").open("a") as file:
        file.write("120,Oslo,1\n")
    asked = propose(shop.workspace, shop.project, "1", say=quiet)
    write(shop.workspace, shop.project, asked, "Cy", "one is older")
    check(shop)
    lines = schema_news(shop).splitlines()
    assert lines[:4] == [
        "The schema has changed since the last run:",
        "  age, most: none → 120",
        "  city, values: 2 values → +Bern",
        "Who decided so:",
    ]
    decided = [(line.split(":")[0].strip(), line.split(", ")[0].split()[-1]) for line in lines[4:]]
    assert decided == [("edit schema", "Ann"), ("accept", "Bo"), ("update schema", "Cy")]


def test_a_schema_that_was_changed_by_hand_has_nobody(shop: Session) -> None:
    file = shop.project.folder / "schema.pbtxt"
    file.write_text(file.read_text().replace('"Oslo"', '"Lima"'))
    check(shop)
    assert schema_news(shop).splitlines()[-2:] == [
        "Who decided so:",
        "  Nobody, in this workspace. Look at the commits of the schema, or at what it was inferred from.",
    ]


def test_a_first_run_and_a_run_whose_schema_is_gone_tell_nothing(shop: Session, tmp_path: Path) -> None:
    first = small(tmp_path / "first", "Rom Oslo " * 30, "Rom " * 30)
    with pytest.raises(StepOrderError):
        schema_changes(first)
    assert schema_changes(check(first)) == []
    assert schema_news(first) == "There is no schema of an earlier run to compare this one with."
    SchemaDesk(shop).save({"age": {"most": "99"}}, "Ann", "so be it")
    check(shop)
    [before] = shop.history("SchemaGen")[1][1]["schema"]
    (Path(before.uri) / "schema.pbtxt").unlink()
    assert schema_changes(shop) == []
