"""A curated schema against project.yml, against itself and against the data."""

from __future__ import annotations

from pathlib import Path

import pytest
from data.sessions import quiet, small
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2
from valid_projects import altered

from kit.checks.curated_schema import any_fault, check_file, check_project
from kit.data.schema import read_schema
from kit.errors import ProjectError
from kit.project import Project
from kit.workspace import Workspace

SCHEMA = """
feature { name: "age" type: FLOAT presence { min_fraction: 0.9 } float_domain { min: 0 max: 99 } }
feature {
  name: "city" type: BYTES domain: "place" distribution_constraints { min_domain_mass: 0.9 }
  drift_comparator { infinity_norm { threshold: 0.1 } }
}
feature { name: "bought" type: INT bool_domain {} not_in_environment: "SERVING" }
string_domain { name: "place" value: "Rom" value: "Oslo" }
default_environment: "TRAINING"
default_environment: "SERVING"
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Bern " * 30).project


def faults(project: Project, text: str) -> list[tuple[str, str, str]]:
    found = check_file(text_format.Parse(text, schema_pb2.Schema()), project)
    assert all(one.what_to_do for one in found)
    return [(one.state, one.subject, one.found) for one in found]


def test_a_sound_file_has_no_fault(project: Project) -> None:
    assert faults(project, SCHEMA) == []


@pytest.mark.parametrize(
    ("old", "new", "subject", "found"),
    [
        (
            'name: "age" type: FLOAT',
            'name: "ago" type: FLOAT',
            "age",
            "project.yml reads this column, but the schema does not have it",
        ),
        (
            'name: "age" type: FLOAT',
            'name: "ago" type: FLOAT',
            "ago",
            "project.yml reads no column of this name",
        ),
        ('name: "age"', 'name: "city"', "city", "the schema has this feature 2 times"),
        (
            "type: INT bool_domain {}",
            "type: FLOAT",
            "bought",
            "its type must be INT by project.yml, but is FLOAT",
        ),
        (
            "type: INT bool_domain {}",
            "",
            "bought",
            "its type must be INT by project.yml, but is TYPE_UNKNOWN",
        ),
        (
            "type: INT bool_domain {}",
            "type: INT lifecycle_stage: DEPRECATED",
            "bought",
            "project.yml reads this column, but it is DEPRECATED in the schema",
        ),
        ("bool_domain {}", "float_domain {}", "bought", "float_domain is for FLOAT, but its type is INT"),
        ("min: 0 max: 99", "min: 100 max: 99", "age", "min 100 is above max 99"),
        (
            'string_domain { name: "place"',
            'string_domain { name: "town"',
            "city",
            "there must be one string_domain 'place', but there are 0",
        ),
        (
            'value: "Rom" value: "Oslo"',
            "",
            "city",
            "its string_domain has no value, so that every text is wrong",
        ),
        ('domain: "place"', "", "city", "min_domain_mass needs allowed values, but there are none"),
        (
            "min_fraction: 0.9",
            "min_fraction: 9",
            "age",
            "presence.min_fraction is a share from 0 to 1, but is 9",
        ),
        (
            "min_domain_mass: 0.9",
            "min_domain_mass: -1",
            "city",
            "min_domain_mass is a share from 0 to 1, but is -1",
        ),
        (
            "threshold: 0.1",
            "threshold: 2",
            "city",
            "drift_comparator.infinity_norm is a share from 0 to 1, but is 2",
        ),
        (
            "bool_domain {}",
            "skew_comparator { infinity_norm { threshold: 0.1 } }",
            "bought",
            "skew_comparator: TFDV has an L-infinity distance of categories only, so that this is never checked",
        ),
        (
            'default_environment: "TRAINING"',
            'default_environment: "TRAINNG"',
            "bought",
            "there must be an environment TRAINING, but there are only TRAINNG, SERVING",
        ),
        (
            'not_in_environment: "SERVING"',
            'not_in_environment: "SERVE"',
            "bought",
            "its environments must be among TRAINING, SERVING, but 'SERVE' is not",
        ),
    ],
)
def test_each_fault_of_a_file_is_named(
    project: Project, old: str, new: str, subject: str, found: str
) -> None:
    assert old in SCHEMA
    assert ("fail", subject, f"file: {found}") in faults(project, SCHEMA.replace(old, new))


def test_a_file_without_environments_is_warned_of(project: Project) -> None:
    plain = SCHEMA.partition("default_environment")[0].replace('not_in_environment: "SERVING"', "")
    assert [(state, subject) for state, subject, _ in faults(project, plain)] == [("warn", "bought")]


def test_a_column_that_the_project_ignores_must_not_be_there(project: Project) -> None:
    columns = dict(project.spec.columns)
    columns["age"] = columns["age"].model_copy(update={"kind": "ignore"})
    ignoring = altered(project, columns=columns)
    assert ("fail", "age", "file: project.yml ignores this column") in faults(ignoring, SCHEMA)


def test_a_bad_span_is_named_and_a_good_one_is_not(project: Project, tmp_path: Path) -> None:
    (project.folder / "schema.pbtxt").write_text(SCHEMA)
    with (project.folder / "project.yml").open("a") as file:
        file.write("\nschema_file: schema.pbtxt\n")
    named = Project.load(project.folder)
    lines: list[str] = []
    file_, features, findings = check_project(Workspace(tmp_path / "ws"), named, "1-2", say=lines.append)
    assert (file_, features) == (project.folder / "schema.pbtxt", 3)
    assert lines == ["span 1: 60 rows", "span 2: 60 rows"]
    [finding] = findings
    assert finding.subject == "city"
    assert finding.found.startswith("span 2: Unexpected string values. ")
    assert "Bern (~50%)" in finding.found
    assert any_fault(findings)
    assert not any_fault(check_project(Workspace(tmp_path / "ws"), named, "1", say=lines.append)[2])


def test_a_schema_for_another_environment_is_a_fault_and_no_crash(project: Project, tmp_path: Path) -> None:
    (project.folder / "schema.pbtxt").write_text(SCHEMA.replace("TRAINING", "DAY"))
    with (project.folder / "project.yml").open("a") as file:
        file.write("\nschema_file: schema.pbtxt\n")
    _, _, findings = check_project(Workspace(tmp_path / "ws"), Project.load(project.folder), "1", say=quiet)
    assert [(one.subject, one.state) for one in findings] == [("bought", "fail")]
    assert "there must be an environment TRAINING" in findings[0].found


def test_without_a_curated_schema_the_way_to_one_is_told(project: Project, tmp_path: Path) -> None:
    with pytest.raises(
        ProjectError, match=r"shop must have a curated schema.*kit schema update --project .*shop"
    ):
        check_project(Workspace(tmp_path / "ws"), project, say=quiet)


def test_the_recommender_passes_on_its_clean_spans_and_not_on_the_bad_day(tmp_path: Path) -> None:
    recommender, workspace = Project.load("recommender"), Workspace(tmp_path / "ws")
    file, features, findings = check_project(workspace, recommender, "1-7", say=quiet)
    assert (features, findings) == (len(read_schema(file).feature), [])
    _, _, findings = check_project(workspace, recommender, "8", say=quiet)
    assert [finding.subject for finding in findings] == ["age", "device", "price", "region"]
    assert all(finding.found.startswith("span 8: ") for finding in findings)
