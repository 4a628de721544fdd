"""Anomalies with their rows, and what people decide about them: ignored here, accepted, blocked."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from tfx.components.example_validator.component import ExampleValidator

from kit.data.anomalies import AnomalyDecisionError, AnomalyDesk, FoundAnomaly
from kit.data.offenders import SHOWN_ROWS
from kit.data.schema import load_schema, schema_gen
from kit.data.validation import check_anomalies, read_anomalies
from kit.decisions import DecisionError
from kit.errors import DataAnomalyError
from kit.project import Project
from kit.session import Session
from kit.translation.messages import VARIABLE
from kit.workspace import CHECKOUT, Workspace
from widgets.anomalies import Anomalies
from widgets.values.decisions import Anomaly

from .sessions import BAD_DAY, check, small

SPAN = CHECKOUT / "sample_data" / "impressions" / "span-8" / "impressions.csv"
DEVICE = "eval/device/ENUM_TYPE_UNEXPECTED_STRING_VALUES"
AGE = "eval/age/INT_TYPE_SMALL_INT"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bad") / "ws"
    check(Session(Workspace(folder), Project.load("recommender")), "1-2", BAD_DAY)
    return folder


@pytest.fixture
def bad(made: Path, tmp_path: Path) -> Session:
    """A session of its own on the bad day, whose steps have run; artifacts stay where they were made."""
    shutil.copytree(made, tmp_path / "ws")
    return Session(Workspace(tmp_path / "ws"), Project.load("recommender"))


def by_feature(desk: AnomalyDesk) -> dict[str, FoundAnomaly]:
    return {anomaly.feature: anomaly for anomaly in desk.found()}


def folder(session: Session) -> Path:
    return session.path("ExampleValidator", "anomalies")


# -- the rows


def test_each_anomaly_of_the_bad_day_comes_with_its_rows(bad: Session) -> None:
    written = pd.read_csv(SPAN)
    found = by_feature(AnomalyDesk(bad))
    expected = {
        "age": written["age"] < 13,
        "device": written["device"] == "smart-tv",
        "price": written["price"] > 1000,
        "region": written["region"].isna(),
    }
    assert list(found) == list(expected)
    for feature, at_fault in expected.items():
        anomaly = found[feature]
        assert (anomaly.rows, anomaly.of, anomaly.split) == (at_fault.sum(), len(written), "eval")
        assert [row for row, _ in anomaly.examples] == at_fault[at_fault].index[:SHOWN_ROWS].tolist()
        for row, cells in anomaly.examples:
            assert cells["request_id"] == written["request_id"][row]
    assert found["device"].at_fault == (("smart-tv", 400),)
    ages = Counter(written["age"][expected["age"]].astype(int).astype(str))
    assert all(ages[value] == count for value, count in found["age"].at_fault)
    assert found["region"].at_fault == ()
    assert {anomaly.severity for anomaly in found.values()} == {"error"}


def test_clean_data_have_nothing_to_review(tmp_path: Path) -> None:
    session = check(small(tmp_path / "shop", "Rom Oslo " * 30, "Rom " * 30))
    assert AnomalyDesk(session).found() == []


# -- decisions


def test_the_view_takes_what_is_found(bad: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = AnomalyDesk(bad)
    monkeypatch.setenv(VARIABLE, "zh")
    assert {(found.what, told.what) for found, told in zip(desk.found(), desk.shown(), strict=True)} >= {
        ("Unexpected string values", "意外的字符串值")
    }
    monkeypatch.delenv(VARIABLE)
    view = Anomalies([Anomaly(**vars(found)) for found in desk.shown()], desk.decide, opened=DEVICE)
    assert "400 of 4,000, 10%" in view.content
    view.who, view.why = "Ann", "televisions are new"
    view.asked = ["ignore", DEVICE]
    [decision] = AnomalyDesk(bad).decided()
    assert (decision.what, decision.subject, decision.why) == ("ignore", DEVICE, "televisions are new")
    assert "Ignored here by Ann, " in view.content


def test_what_is_ignored_does_not_stop_a_batch_and_is_told(bad: Session) -> None:
    desk = AnomalyDesk(bad)
    for anomaly in desk.found():
        assert desk.decide(anomaly.key, "ignore", "Ann", "a known fault of the till").startswith(
            "Ignored here"
        )
    said = check_anomalies(folder(bad), AnomalyDesk(bad).decided())
    assert said.startswith("The data follow their schema in both splits, but for what is ignored here:")
    assert said.count("Ignored here by Ann, ") == 4
    assert "smart-tv (~10%). Ignored here by Ann, " in said
    assert said.count("a known fault of the till") == 4
    with pytest.raises(DataAnomalyError, match="4 anomalies were found:"):
        check_anomalies(folder(bad))


def test_only_what_is_ignored_is_passed_over(bad: Session) -> None:
    AnomalyDesk(bad).decide(DEVICE, "ignore", "Ann", "televisions are new")
    with pytest.raises(DataAnomalyError, match=r"3 anomalies were found \(1 more is ignored\)") as raised:
        check_anomalies(folder(bad), AnomalyDesk(bad).decided())
    assert "smart-tv" not in str(raised.value)


def test_the_latest_decision_holds(bad: Session) -> None:
    desk = AnomalyDesk(bad)
    desk.decide(DEVICE, "ignore", "Ann", "new")
    assert by_feature(desk)["device"].decided == "ignore"
    desk.decide(DEVICE, "block", "Bo", "not sold yet")
    anomaly = by_feature(AnomalyDesk(bad))["device"]
    assert (anomaly.decided, anomaly.decision[:4]) == ("block", "Bo, ")
    with pytest.raises(
        DataAnomalyError, match=r"4 anomalies(.|\n)*smart-tv \(~10%\)\. Blocked by Bo, .*: not sold yet\."
    ):
        check_anomalies(folder(bad), desk.decided())


def test_a_decision_is_about_these_data_only(bad: Session, tmp_path: Path) -> None:
    AnomalyDesk(bad).decide(DEVICE, "ignore", "Ann", "new")
    again = check(bad, "1-3", BAD_DAY)
    assert AnomalyDesk(again).decided() == []
    with pytest.raises(DataAnomalyError, match="4 anomalies"):
        check_anomalies(folder(again), AnomalyDesk(again).decided())
    assert not list(tmp_path.glob("schemas"))


def test_the_cached_step_of_a_batch_meets_the_decision(bad: Session) -> None:
    check(bad, "1-2", BAD_DAY)
    AnomalyDesk(bad).decide(DEVICE, "ignore", "Ann", "new")
    again = check(Session(bad.workspace, bad.project), "1-2", BAD_DAY)
    assert [step.state for step in again.steps] == ["cached"] * 4
    assert by_feature(AnomalyDesk(again))["device"].decided == "ignore"


def test_a_built_in_project_accepts_into_the_workspace(bad: Session) -> None:
    curated = bad.project.folder / "schema.pbtxt"
    before = curated.read_bytes()
    said = AnomalyDesk(bad).decide(DEVICE, "accept", "Ann", "televisions are sold now")
    assert str(bad.workspace.path / "schemas" / "recommender" / "schema.pbtxt") in said
    assert curated.read_bytes() == before
    with pytest.raises(DataAnomalyError, match=r"Accepted into the schema by Ann, .*; run SchemaGen"):
        check_anomalies(folder(bad), AnomalyDesk(bad).decided())

    statistics = bad.channel("StatisticsGen", "statistics")
    old = load_schema(bad.path("SchemaGen", "schema"))
    bad.run(schema_gen(bad.project, statistics, bad.workspace))
    bad.run(ExampleValidator(statistics=statistics, schema=bad.channel("SchemaGen", "schema")))
    assert {anomaly.feature for anomaly in read_anomalies(folder(bad))} == {"age", "price", "region"}
    new = load_schema(bad.path("SchemaGen", "schema"))
    assert list(new.feature) == list(old.feature), "no other rule was touched"
    domains = {domain.name: list(domain.value) for domain in new.string_domain}
    assert domains["device"] == ["desktop", "mobile", "tablet", "smart-tv"]
    assert [d for d in new.string_domain if d.name != "device"] == [
        d for d in old.string_domain if d.name != "device"
    ]


def test_an_inferred_schema_becomes_a_curated_one_when_it_is_accepted_into(tmp_path: Path) -> None:
    session = check(small(tmp_path / "shop", "Rom Oslo " * 30, "Rom Bern " * 30))
    AnomalyDesk(session).decide("eval/city/ENUM_TYPE_UNEXPECTED_STRING_VALUES", "accept", "Ann", "a new shop")
    project = Project.load(session.project.folder)
    assert project.spec.schema_file == "schema.pbtxt"
    again = check(Session(session.workspace, project))
    assert check_anomalies(folder(again)) == "The data follow their schema in both splits."
    assert again.steps[2].state == "done", "SchemaGen took the file and not what it had inferred"


@pytest.mark.parametrize(
    ("key", "what", "who", "why", "error", "message"),
    [
        (DEVICE, "ignore", " ", "new", DecisionError, "To ignore needs a name, but none was given"),
        (DEVICE, "accept", "Ann", "", DecisionError, "To accept needs a reason, but none was given"),
        (
            DEVICE,
            "shrug",
            "Ann",
            "new",
            AnomalyDecisionError,
            "ignore, accept or block, but is 'shrug'",
        ),
        (
            "eval/x/Y",
            "ignore",
            "Ann",
            "new",
            AnomalyDecisionError,
            f"there is no 'eval/x/Y'. Choose one of {AGE}",
        ),
    ],
    ids=["no name", "no reason", "no such decision", "no such anomaly"],
)
def test_what_is_no_decision_is_refused_and_leaves_nothing(  # noqa: PLR0913, PLR0917  one line a case
    bad: Session, key: str, what: str, who: str, why: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        AnomalyDesk(bad).decide(key, what, who, why)
    assert AnomalyDesk(bad).decided() == []
    assert not (bad.workspace.path / "schemas").exists()


def test_a_distance_cannot_be_accepted_as_a_value(bad: Session, tmp_path: Path) -> None:
    from tensorflow_metadata.proto.v0 import anomalies_pb2  # noqa: PLC0415

    artifact = folder(bad)
    file = artifact / "Split-eval" / "SchemaDiff.pb"
    kept, anomalies = file.read_bytes(), anomalies_pb2.Anomalies()
    reasons = anomalies.anomaly_info["device"].reason
    reasons.add(type=anomalies_pb2.AnomalyInfo.COMPARATOR_L_INFTY_HIGH, short_description="High distance")
    try:
        file.write_bytes(anomalies.SerializeToString())
        desk = AnomalyDesk(bad)
        [found] = desk.found()
        assert (found.rows, found.of, found.examples) == (None, 0, ())
        with pytest.raises(AnomalyDecisionError, match=r"High distance \(device\)\. Change its threshold"):
            desk.decide(read_anomalies(artifact)[0].key, "accept", "Ann", "so be it")
    finally:
        file.write_bytes(kept)
    assert not list(tmp_path.glob("ws/schemas"))
