"""A schema edited as texts: what may be written, what changes, what the statistics say, and where it is saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from kit import decisions
from kit.data.rules import FIELDS, EditError, change, rule_of, split_values
from kit.data.schema import read_schema, save_schema, schema_gen
from kit.data.schema_desk import SchemaDesk, SchemaEditError
from kit.data.statistics import load_statistics
from kit.data.validation import check_anomalies
from kit.errors import ProjectError
from kit.project import Project
from kit.session import Session
from widgets.schema_editor import SchemaEditor
from widgets.values.decisions import Rule

from .sessions import check, small

SCHEMA = """
feature { name: "age" type: INT presence { min_fraction: 0.98 min_count: 1 } int_domain { min: 13 max: 120 } }
feature { name: "price" type: FLOAT float_domain { min: 0.5 } }
feature { name: "clicked" type: INT bool_domain {} }
feature { name: "city" type: BYTES domain: "place" drift_comparator { infinity_norm { threshold: 0.1 } } }
feature { name: "town" type: BYTES domain: "place" }
feature { name: "note" type: BYTES string_domain { name: "note" value: "a, b" value: 'say "so"' } }
string_domain { name: "place" value: "Rom" value: "東京" }
"""


def schema() -> schema_pb2.Schema:
    return text_format.Parse(SCHEMA, schema_pb2.Schema())


def rules(of: schema_pb2.Schema) -> dict[str, tuple[str, ...]]:
    made = [rule_of(feature, of) for feature in of.feature]
    return {rule.feature: tuple(getattr(rule, field) for field in FIELDS) for rule in made}


def test_rules_are_read_as_they_are_written() -> None:
    assert rules(schema()) == {
        "age": ("INT", "0.98", "13", "120", "", "", ""),
        "price": ("FLOAT", "", "0.5", "", "", "", ""),
        "clicked": ("INT", "", "0", "1", "", "", ""),
        "city": ("BYTES", "", "", "", "Rom, 東京", "0.1", ""),
        "town": ("BYTES", "", "", "", "Rom, 東京", "", ""),
        "note": ("BYTES", "", "", "", '"a, b", "say ""so"""', "", ""),
    }


def test_a_rule_written_back_is_no_change() -> None:
    edited = schema()
    for feature in edited.feature:
        for field in FIELDS:
            change(edited, feature, field, getattr(rule_of(feature, edited), field))
    assert rules(edited) == rules(schema())
    assert list(edited.string_domain) == list(schema().string_domain)


@pytest.mark.parametrize(
    ("feature", "field", "text", "expected"),
    [
        ("age", "presence", "0.5", "presence { min_fraction: 0.5 min_count: 1 } int_domain { min: 13 max: 120 }"),
        ("age", "presence", "", "presence { min_count: 1 } int_domain { min: 13 max: 120 }"),
        ("age", "most", "", "presence { min_fraction: 0.98 min_count: 1 } int_domain { min: 13 }"),
        ("age", "type", "FLOAT", "presence { min_fraction: 0.98 min_count: 1 }"),
        ("price", "most", "9.5", "float_domain { min: 0.5 max: 9.5 }"),
        ("price", "least", "", "float_domain {}"),
        ("age", "skew", "0.2", ("presence { min_fraction: 0.98 min_count: 1 } int_domain { min: 13 max: 120 } "
         "skew_comparator { jensen_shannon_divergence { threshold: 0.2 } }")),
        ("clicked", "most", "3", "int_domain { min: 0 max: 3 }"),
        ("city", "drift", "", 'domain: "place"'),
        ("town", "skew", "0.3", 'domain: "place" skew_comparator { infinity_norm { threshold: 0.3 } }'),
        ("town", "values", "", ""),
        ("town", "values", "Bern,Bern", 'string_domain { name: "town" value: "Bern" }'),
    ],
)  # fmt: skip
def test_a_text_changes_one_thing(feature: str, field: str, text: str, expected: str) -> None:
    edited = schema()
    [mine] = [one for one in edited.feature if one.name == feature]
    change(edited, mine, field, text)
    kind = "FLOAT" if field == "type" else schema_pb2.FeatureType.Name(mine.type)
    wanted = text_format.Parse(f'name: "{feature}" type: {kind} {expected}', schema_pb2.Feature())
    assert mine == wanted
    others = [one for one in edited.feature if one.name != feature]
    assert others == [one for one in schema().feature if one.name != feature]
    assert list(edited.string_domain) == list(schema().string_domain), "who shares the domain keeps it"


def test_a_domain_that_nobody_shares_is_changed_in_place() -> None:
    edited = schema()
    del edited.feature[4]
    change(edited, edited.feature[3], "values", 'Rom, "Bad Ems, Lahn"')
    assert list(edited.string_domain[0].value) == ["Rom", "Bad Ems, Lahn"]
    assert edited.feature[3].domain == "place"


@pytest.mark.parametrize(
    ("feature", "field", "text", "message"),
    [
        ("age", "type", "TEXT", "a type is BYTES, INT, FLOAT, not TEXT"),
        ("age", "presence", "1.5", "a share from 0 to 1, not 1.5"),
        ("age", "presence", "nan", "a share from 0 to 1, not nan"),
        ("age", "drift", "much", "a share from 0 to 1, not much"),
        ("age", "least", "1.5", "the range of INT needs a whole number, not 1.5"),
        ("price", "least", "inf", "the range of FLOAT needs a number, not inf"),
        ("age", "least", "121", "the least value 121 must not be above the greatest 120"),
        ("age", "values", "a", "only BYTES have allowed values, and this is INT"),
        ("city", "most", "3", "only numbers have a range, and this is BYTES"),
        ("city", "values", '"Rom', "values are separated by commas, and quoted where they have one"),
    ],
)
def test_a_wrong_text_is_explained_and_changes_nothing(
    feature: str, field: str, text: str, message: str
) -> None:
    edited = schema()
    [mine] = [one for one in edited.feature if one.name == feature]
    with pytest.raises(EditError, match=message):
        change(edited, mine, field, text)
    assert edited == schema()


def test_values_are_split_at_commas_outside_quotes() -> None:
    assert split_values(' a ,"b, c", a, "d ""e""",') == ["a", "b, c", 'd "e"']


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    """A project with an inferred schema, whose eval split has a city that training had not."""
    return check(small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Bern " * 30))


def test_edits_are_checked_at_once(shop: Session) -> None:
    desk = SchemaDesk(shop)
    before = desk.check({})
    assert (before.wrong, before.changes) == ({}, [])
    assert [(split, feature) for split, feature, _, _ in before.anomalies] == [("eval", "city")]
    after = desk.check({"city": {"values": "Oslo, Rom, Bern"}, "age": {"most": "20", "least": "x"}})
    assert after.wrong == {"age": {"least": "the range of FLOAT needs a number, not x"}}
    assert ("city", "values", "Oslo, Rom", "Oslo, Rom, Bern") in after.changes
    assert ("age", "most", "", "20") in after.changes
    assert {feature for _, feature, _, _ in after.anomalies} == {"age"}
    assert desk.check({}) == before, "nothing sticks to the desk"


@pytest.mark.parametrize(
    "edits",
    [
        {},
        {"city": {"values": "Rom"}},
        {"age": {"least": "3", "type": "INT"}, "bought": {"values": "", "presence": "1"}},
        {"city": {"drift": "0.01"}, "age": {"drift": "0.2", "skew": "0"}},
    ],
)
def test_validating_what_was_edited_is_validating_all(
    shop: Session, edits: dict[str, dict[str, str]]
) -> None:
    earlier = load_statistics(shop.path("StatisticsGen", "statistics"), "train")
    desk = SchemaDesk(shop, previous=earlier, serving=earlier)
    edited, wrong = desk._edited(edits)
    assert not wrong
    assert desk.check(edits).anomalies == sorted(desk._validated(edited))
    assert bool(desk.check(edits).anomalies)


def test_the_type_is_changed_before_the_range(shop: Session) -> None:
    checked = SchemaDesk(shop).check({"age": {"most": "9.5", "type": "FLOAT"}})
    assert checked.wrong == {}
    assert ("age", "most", "", "9.5") in checked.changes


def test_drift_is_checked_against_earlier_statistics(shop: Session) -> None:
    earlier = load_statistics(shop.path("StatisticsGen", "statistics"), "train")
    edits = {"city": {"drift": "0.1", "values": ""}}
    assert SchemaDesk(shop).check(edits).anomalies == []
    [(split, feature, _, found)] = SchemaDesk(shop, previous=earlier).check(edits).anomalies
    assert (split, feature) == ("eval", "city")
    assert "0.1" in found


def test_a_saved_schema_is_used_by_the_next_run_and_the_decision_recorded(shop: Session) -> None:
    edits = {"city": {"values": "Oslo, Rom, Bern"}}
    artifact = shop.latest("SchemaGen", "schema")
    desk = SchemaDesk(shop)
    file = shop.project.folder / "schema.pbtxt"
    assert desk.save(edits, "Ann", "a new shop").startswith(f"1 change saved to {file} by Ann, ")
    [decision] = decisions.about(shop, artifact)
    assert (decision.what, decision.who, decision.why) == ("edit schema", "Ann", "a new shop")
    assert json.loads(decision.subject) == edits, "what was done can be done again"
    assert desk.check(edits).changes == []

    project = Project.load(shop.project.folder)
    assert project.spec == shop.project.spec, "the open session knows of the new line too"
    assert tfdv.get_domain(read_schema(file), "city").value == ["Oslo", "Rom", "Bern"]
    again = check(Session(shop.workspace, project))
    assert check_anomalies(again.path("ExampleValidator", "anomalies"))


def test_what_was_saved_elsewhere_meanwhile_is_kept(shop: Session) -> None:
    desk, other = SchemaDesk(shop), SchemaDesk(shop)
    other.save({"city": {"values": "Oslo, Rom, Bern"}}, "Ann", "a new shop")
    desk.save({"age": {"most": "99"}}, "Bo", "nobody is older")
    rules = {rule.feature: rule for rule in SchemaDesk(shop).rules()}
    assert (rules["city"].values, rules["age"].most) == ("Oslo, Rom, Bern", "99")


def test_the_view_edits_and_saves(shop: Session) -> None:
    desk = SchemaDesk(shop)
    view = SchemaEditor([Rule(**vars(rule)) for rule in desk.rules()], desk.check, desk.save, who="Ann")
    view.edits = {"city": {"values": "Oslo, Rom, Bern"}, "age": {"presence": "2"}}
    assert "✗ this is a share from 0 to 1, not 2" in view.content
    view.edits = {"city": {"values": "Oslo, Rom, Bern"}}
    assert "✓ None: the data follow it." in view.content
    view.why = "a new shop"
    view.asked = ["save", ""]
    assert "1 change saved to " in view.content
    assert view.edits == {}
    assert tfdv.get_domain(read_schema(desk.file), "city").value == ["Oslo", "Rom", "Bern"]


def test_an_edited_file_is_never_a_cache_hit(shop: Session) -> None:
    project, desk = shop.project, SchemaDesk(shop)
    desk.save({"city": {"values": "Oslo, Rom, Bern"}}, "Ann", "new")
    statistics = shop.channel("StatisticsGen", "statistics")
    for values, state in (("", "done"), ("", "cached"), ("Oslo", "done")):
        if values:
            desk.save({"city": {"values": values}}, "Ann", "older")
        shop.run(schema_gen(project, statistics))
        assert shop.steps[-1].state == state


def test_the_comment_at_the_head_and_other_lines_of_the_project_stay(shop: Session) -> None:
    file, project = shop.project.folder / "schema.pbtxt", shop.project
    yml = (project.folder / "project.yml").read_text()
    save_schema(shop.workspace, project, schema())
    assert (project.folder / "project.yml").read_text() == f"{yml.rstrip()}\nschema_file: schema.pbtxt\n"
    file.write_text("# Read me.\n# Twice.\n" + file.read_text())
    save_schema(shop.workspace, project, schema())
    assert file.read_text().startswith('# Read me.\n# Twice.\nfeature {\n  name: "age"')
    assert read_schema(file) == schema()
    assert sorted(path.name for path in project.folder.glob("*schema*")) == ["schema.pbtxt"]


def test_a_project_file_that_cannot_take_the_line_is_left_alone(shop: Session) -> None:
    file = shop.project.folder / "project.yml"
    file.write_text(f"{file.read_text().rstrip()}\n...\n")
    before = file.read_text()
    with pytest.raises(ProjectError, match=r"Write `schema_file: schema\.pbtxt` there"):
        save_schema(shop.workspace, shop.project, schema())
    assert file.read_text() == before
    assert not (shop.project.folder / "schema.pbtxt").exists()


@pytest.mark.parametrize(
    ("edits", "who", "error", "message"),
    [
        ({}, "Ann", SchemaEditError, "nothing differs from the saved schema"),
        (
            {"age": {"presence": "2"}},
            "Ann",
            SchemaEditError,
            "age, presence: this is a share from 0 to 1, not 2",
        ),
        ({"agee": {"presence": "1"}}, "Ann", SchemaEditError, "found 'agee'. Choose one of "),
        ({"age": {"most_": "1"}}, "Ann", SchemaEditError, "found 'most_'. Choose one of type, presence"),
        ({"age": {"most": "9"}}, "", decisions.DecisionError, "needs a name"),
    ],
    ids=["no change", "wrong value", "no such feature", "no such field", "no name"],
)
def test_what_cannot_be_saved_leaves_all_as_it_was(
    shop: Session, edits: dict[str, dict[str, str]], who: str, error: type[Exception], message: str
) -> None:
    before = (shop.project.folder / "project.yml").read_bytes()
    with pytest.raises(error, match=message):
        SchemaDesk(shop).save(edits, who, "because")
    assert (shop.project.folder / "project.yml").read_bytes() == before
    assert not (shop.project.folder / "schema.pbtxt").exists()
    assert decisions.about(shop, shop.latest("SchemaGen", "schema")) == []


def test_a_file_that_is_no_schema_is_named_with_its_line(shop: Session) -> None:
    (shop.project.folder / "schema.pbtxt").write_text("feature {\n  nam: 3\n}\n")
    with (shop.project.folder / "project.yml").open("a") as file:
        file.write("\nschema_file: schema.pbtxt\n")
    project = Project.load(shop.project.folder)
    with pytest.raises(
        ProjectError, match=r"schema\.pbtxt must be a schema in protobuf's text format, but is not: 2:"
    ):
        schema_gen(project, shop.channel("StatisticsGen", "statistics"))
