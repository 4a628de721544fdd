"""A curated schema widened by the data, or made of them: as far as they force it, and not further."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2
from valid_projects import altered

from kit import decisions
from kit.data.environments import TRAINING, validate
from kit.data.schema import read_schema, save_schema
from kit.data.schema_diff import differences
from kit.data.schema_proposal import UPDATE, Proposal, propose, write
from kit.data.schema_spans import per_span
from kit.decisions import DecisionError
from kit.errors import InputDataError, UsageError
from kit.project import Project
from kit.replay import replay
from kit.session import Session
from kit.workspace import Workspace

from .sessions import check, quiet, small


@pytest.fixture
def shop(tmp_path: Path) -> tuple[Workspace, Project]:
    """A project whose third span has a city that the two before had not; it has no curated schema yet."""
    session = small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Oslo " * 30, "Rom Bern " * 40)
    return session.workspace, session.project


def make(workspace: Workspace, project: Project, spans: str, *features: str) -> Proposal:
    proposal = propose(workspace, project, spans, features, say=quiet)
    write(workspace, project, proposal, "Ann", "a new shop")
    return proposal


def rows(proposal: Proposal) -> list[tuple[str, ...]]:
    return [tuple(change) for change in proposal.changes]


def anomalies(workspace: Workspace, project: Project, spans: str) -> dict[str, list[str]]:
    """Return the features at fault in each span."""
    schema = read_schema(project.folder / "schema.pbtxt")
    found = per_span(workspace, project, spans, quiet)
    return {name: sorted(validate(one, schema, TRAINING).anomaly_info) for name, one in found}


def test_a_first_schema_lets_its_own_spans_pass_and_is_named_in_the_project(
    shop: tuple[Workspace, Project],
) -> None:
    proposal = make(*shop, "1-2")
    assert [(change.feature, change.rule) for change in proposal.changes] == [
        ("age", "feature"),
        ("city", "feature"),
        ("bought", "feature"),
        ("(schema)", "environments"),
    ]
    project = Project.load(shop[1].folder)
    assert project.spec.schema_file == "schema.pbtxt"
    assert anomalies(*shop, "1-3") == {"span 1": [], "span 2": [], "span 3": ["city"]}


def test_a_first_schema_of_spans_that_differ_lets_each_of_them_pass(
    shop: tuple[Workspace, Project],
) -> None:
    """Of all rows together Bern is one in a thousand, few enough to be news; of its own span it is a tenth."""
    (shop[1].folder / "1.csv").write_text("age,city,bought\n" + "1,Rom,0\n2,Oslo,1\n" * 500)
    (shop[1].folder / "2.csv").write_text("age,city,bought\n" + "1,Rom,0\n" * 9 + ",Bern,1\n")
    make(*shop, "1-2")
    assert anomalies(*shop, "1-2") == {"span 1": [], "span 2": []}


def test_an_update_changes_what_the_data_force_and_nothing_else(shop: tuple[Workspace, Project]) -> None:
    make(*shop, "1-2")
    file = shop[1].folder / "schema.pbtxt"
    file.write_text("# Ours.\n" + file.read_text().replace("min_count: 1", "min_count: 5"))
    before = file.read_text().splitlines()
    proposal = make(*shop, "3")
    assert rows(proposal) == [("city", "values", "Oslo, Rom", "Oslo, Rom, Bern")]
    after = file.read_text().splitlines()
    assert [line for line in after if line not in before] == ['  value: "Bern"']
    assert [line for line in before if line not in after] == []
    assert anomalies(*shop, "1-3") == {"span 1": [], "span 2": [], "span 3": []}
    assert rows(propose(*shop, "1-3", say=quiet)) == []


def test_one_feature_is_widened_and_the_others_wait(shop: tuple[Workspace, Project]) -> None:
    make(*shop, "1-2")
    (shop[1].folder / "3.csv").write_text("age,city,bought\n" + "1,Bern,0\n2,Bern,7\n" * 30)
    proposal = propose(*shop, "3", ["bought"], say=quiet)
    assert {change.feature for change in proposal.changes} == {"bought"}
    assert {change.feature for change in propose(*shop, "3", say=quiet).changes} == {"bought", "city"}


def test_a_column_that_no_row_has_keeps_its_rule(shop: tuple[Workspace, Project]) -> None:
    make(*shop, "1-2")
    (shop[1].folder / "3.csv").write_text("age,city,bought\n" + ",Rom,0\n,Oslo,1\n" * 30)
    proposal = propose(*shop, "3", say=quiet)
    assert (proposal.changes, proposal.without) == ([], ("age",))


def test_a_type_follows_the_project_and_a_new_column_is_as_loose_as_an_inferred_one(
    shop: tuple[Workspace, Project],
) -> None:
    workspace, project = shop
    make(workspace, project, "1-2")
    schema = read_schema(project.folder / "schema.pbtxt")
    schema.feature[0].type = schema_pb2.BYTES
    del schema.feature[1]
    save_schema(workspace, project, schema)
    proposal = propose(workspace, project, "1-2", say=quiet)
    assert ("age", "type", "BYTES", "FLOAT") in rows(proposal)
    [city] = [feature for feature in proposal.schema.feature if feature.name == "city"]
    assert city.distribution_constraints.min_domain_mass == pytest.approx(0.98)
    assert anomalies_of(proposal, workspace, project) == {}


def anomalies_of(proposal: Proposal, workspace: Workspace, project: Project) -> dict[str, object]:
    [(_, statistics)] = per_span(workspace, project, "1", quiet)
    return dict(validate(statistics, proposal.schema, TRAINING).anomaly_info)


def test_comments_that_would_be_lost_are_counted(shop: tuple[Workspace, Project]) -> None:
    make(*shop, "1-2")
    file = shop[1].folder / "schema.pbtxt"
    text = file.read_text().replace('name: "age"', 'name: "age"  # in years').replace('"Rom"', '"Rom #1"', 1)
    file.write_text(f"# Head.\n# Still.\n{text}# Foot.\n")
    assert propose(*shop, "3", say=quiet).lost_comments == 2


def test_the_decision_is_recorded_once_schema_gen_has_run_and_replayed(
    tmp_path: Path, shop: tuple[Workspace, Project]
) -> None:
    workspace, project = shop
    proposal = propose(workspace, project, "1-2", say=quiet)
    said = write(workspace, project, proposal, "Ann", "a first one")
    assert f"4 changes written to {project.folder / 'schema.pbtxt'}. SchemaGen has not run in " in said
    project = Project.load(project.folder)
    session = check(Session(workspace, project))
    artifact = session.latest("SchemaGen", "schema")
    first = (project.folder / "schema.pbtxt").read_bytes()
    said = write(workspace, project, propose(workspace, project, "3", say=quiet), "Ann", "a new shop")
    assert said.startswith(
        f"1 change written to {project.folder / 'schema.pbtxt'}. Recorded in {workspace.path}: Ann"
    )
    [decision] = decisions.about(session, artifact)
    assert (decision.what, decision.who, decision.why) == (UPDATE, "Ann", "a new shop")
    assert json.loads(decision.subject) == {"spans": "3", "features": []}
    second = (project.folder / "schema.pbtxt").read_bytes()

    (project.folder / "schema.pbtxt").write_bytes(first)
    other = check(Session(Workspace(tmp_path / "other"), project))
    replay(other, [decision])
    assert (project.folder / "schema.pbtxt").read_bytes() == second != first


@pytest.mark.parametrize(
    ("spans", "features", "error", "message"),
    [
        ("1-2", ("agee",), UsageError, "agee is not. Choose from age, city, bought"),
        ("1-2", ("age",), UsageError, "shop has none yet. Leave --feature out"),
        ("one", (), UsageError, "--spans: spans are written as 3, 1-6"),
        ("9", (), InputDataError, "delivered are 1-3"),
    ],
)
def test_what_cannot_be_proposed_is_explained(
    shop: tuple[Workspace, Project],
    spans: str,
    features: tuple[str, ...],
    error: type[Exception],
    message: str,
) -> None:
    with pytest.raises(error, match=message):
        propose(*shop, spans, features, say=quiet)


def test_without_a_reason_nothing_is_written(shop: tuple[Workspace, Project]) -> None:
    proposal = propose(*shop, "1-2", say=quiet)
    with pytest.raises(DecisionError, match="To update a schema needs a reason"):
        write(*shop, proposal, "Ann", " ")
    assert not (shop[1].folder / "schema.pbtxt").exists()
    assert differences(schema_pb2.Schema(), proposal.schema) == proposal.changes


def test_what_somebody_changed_meanwhile_is_not_overwritten(shop: tuple[Workspace, Project]) -> None:
    make(*shop, "1-2")
    file = shop[1].folder / "schema.pbtxt"
    proposal = propose(*shop, "3", say=quiet)
    file.write_text(file.read_text().replace("min_count: 1", "min_count: 5"))
    before = file.read_bytes()
    with pytest.raises(
        UsageError, match=r"schema\.pbtxt must be as it was .*, but somebody has changed it since"
    ):
        write(*shop, proposal, "Ann", "a new shop")
    assert file.read_bytes() == before


def test_a_project_without_spans_is_one_data_set(tmp_path: Path) -> None:
    session = small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Bern " * 30)
    data = session.project.spec.data.model_copy(
        update={"files": "1.csv", "train_spans": None, "eval_spans": None}
    )
    project = altered(session.project, data=data)
    lines: list[str] = []
    proposal = propose(session.workspace, project, say=lines.append)
    assert ("city", "feature") in {(change.feature, change.rule) for change in proposal.changes}
    assert lines == ["Reading all data …", "all data: 60 rows"]
    with pytest.raises(UsageError, match="Leave --spans out"):
        propose(session.workspace, project, "1", say=lines.append)
