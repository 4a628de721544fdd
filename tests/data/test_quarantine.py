"""Bad rows go to a side file with the reason, the rest goes on, and none is lost on the way."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from valid_projects import altered

from data.quarantine_shop import GOOD, SCHEMA, kept, rows_in_quarantine, run, shop
from kit.data.example_gen import ProjectExampleGen
from kit.data.quarantine import COUNTS_FILE, FileCount, Quarantine, SideFile, Tally
from kit.data.quarantined import quarantine_text
from kit.data.records import count_records
from kit.data.show import rows_table
from kit.data.sift import Sieve
from kit.errors import DataAnomalyError, ProjectError, RowsLostError
from kit.ledger import check_rows
from kit.project import Project
from kit.session import Session
from kit.workspace import CHECKOUT, Workspace


def test_the_bad_day_without_its_ages(tmp_path: Path) -> None:
    recommender = Project.load("recommender")
    checks = recommender.spec.checks.model_copy(update={"quarantine": ("age",)})
    project = altered(recommender, checks=checks)
    session = run(Session(Workspace(tmp_path / "ws"), project), "1-2", "8")
    written = pd.read_csv(CHECKOUT / "sample_data" / "impressions" / "span-8" / "impressions.csv")
    bad = written[(written["age"] < 13) | (written["age"] > 120)]
    assert len(bad) == 200
    [side] = session.path("ExampleGen", "quarantined").glob("*.csv")
    assert side.name == "0002_span-8_impressions.csv"
    found = pd.read_csv(side)
    assert found["request_id"].tolist() == bad["request_id"].tolist()
    assert (found["_row"] - 1).tolist() == bad.index.tolist()
    examples = session.path("ExampleGen", "examples")
    ages = rows_table(examples, "eval", 4000)["age"].astype(float)
    assert len(ages) == 3800
    assert ages.min() >= 13
    assert count_records(examples, "train") == 8000
    assert session.latest("ExampleGen", "quarantined").rows == 200


def test_too_many_bad_rows_are_an_anomaly(tmp_path: Path) -> None:
    data = "age,city,bought\n" + GOOD * 46 + "12,Oslo,1\n" * 7 + "200,Rom,1\n"
    with pytest.raises(DataAnomalyError) as raised:
        run(shop(tmp_path / "shop", data, "quarantine: age, quarantine_at_most: 0.07"))
    for part in (
        "At most 7% of the rows of the data may be quarantined, but 8 of 100 (8%) break a rule:",
        "  7 rows: age is below 13\n  1 rows: age is above 120\nFirst is ",
        "visitors.csv, row 93: age is below 13: 12.",
        "raise checks.quarantine_at_most",
    ):
        assert part in str(raised.value)
    assert not list((tmp_path / "ws" / "artifacts").rglob("*.csv"))
    assert kept(run(shop(tmp_path / "shop", data, "quarantine: age, quarantine_at_most: 0.08"))) == 92


def test_the_share_is_of_each_span(tmp_path: Path) -> None:
    """One bad day must not hide among good ones."""
    tally = Tally(tmp_path, Quarantine((), unreadable=True, at_most=0.1, dated=True))
    tally.counts = [FileCount("a", "train", 1, "", 1000, 0), FileCount("b", "train", 2, "", 10, 2)]
    tally.sides = [SideFile(tmp_path, count, None) for count in tally.counts]  # type: ignore[arg-type]
    tally.sides[1].first = "b, row 1: wrong"
    artifact: Any = type("Artifact", (), {})()
    with pytest.raises(
        DataAnomalyError, match=r"10% of the rows of span 1970-01-03 may .* but 2 of 10 \(20%\)"
    ):
        tally.close(artifact)
    assert not (tmp_path / COUNTS_FILE).exists()


def test_a_changed_rule_is_a_run_and_another_rule_is_not(tmp_path: Path) -> None:
    data = "age,city,bought\n" + GOOD * 50 + "12,Oslo,1\n"
    session = run(shop(tmp_path / "shop", data, "quarantine: age"))
    schema = tmp_path / "shop" / "schema.pbtxt"
    states = []
    for text in (SCHEMA, SCHEMA.replace('"Rom"', '"Roma"'), SCHEMA.replace("min: 13", "min: 10")):
        schema.write_text(text)
        run(session)
        states.append((session.steps[-1].state, kept(session)))
    assert states == [("cached", 100), ("cached", 100), ("done", 101)]
    assert quarantine_text(session) == "No row is quarantined: all of 101 follow the rules of the quarantine."
    assert not rows_in_quarantine(session)


def test_without_a_quarantine_there_is_none(tmp_path: Path) -> None:
    session = run(shop(tmp_path / "shop", "age,city,bought\n" + GOOD, "quarantine: off"))
    assert quarantine_text(session) == "No row is quarantined: project.yml asks for no quarantine."
    assert not rows_in_quarantine(session)
    assert [made.name for made in session._made("ExampleGen")] == ["examples"]


def test_a_lost_row_is_found_with_a_quarantine_too(tmp_path: Path) -> None:
    data = "age,city,bought\n" + GOOD * 50 + "12,Oslo,1\n13,Oslo,1\n"
    session = run(shop(tmp_path / "shop", data, "quarantine: age"))
    check_rows(session)
    [side] = session.path("ExampleGen", "quarantined").glob("*.csv")
    lines = side.read_text().splitlines(keepends=True)
    side.write_text("".join(lines[:-1]))  # the only row in it
    message = (
        r"see the 102 rows of the step before \(read from files\), but saw 101 and quarantined 0\. Delete "
        + re.escape(str(session.path("ExampleGen", "examples")))
    )
    with pytest.raises(RowsLostError, match=message):
        check_rows(session)


def test_a_reader_that_loses_a_row_ends_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from kit.data.example_gen import ExamplesExecutor  # noqa: PLC0415

    session = shop(tmp_path / "shop", "age,city,bought\n" + GOOD * 50, "quarantine: age")
    component = ProjectExampleGen(session.project)
    outputs = {name: [channel.type()] for name, channel in component.outputs.items()}
    for name, [artifact] in outputs.items():
        artifact.uri = str(tmp_path / name)
    good = Sieve.batches
    monkeypatch.setattr(Sieve, "batches", lambda self: (batch.slice(1) for batch in good(self)))
    with pytest.raises(RowsLostError, match=r"of 100 rows 99 and 0 are"):
        ExamplesExecutor().Do({}, outputs, component.exec_properties)


# -- what project.yml may say


def test_features_are_judged_by_a_curated_schema_only(tmp_path: Path) -> None:
    with pytest.raises(
        ProjectError, match=r"by a curated schema, but shop has none\. Save one .*`quarantine: unreada"
    ):
        run(shop(tmp_path / "shop", "age,city,bought\n" + GOOD, "quarantine: age", more=""))


def test_a_feature_without_a_rule_is_named(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", "age,city,bought\n" + GOOD, "quarantine: [age, city]")
    (tmp_path / "shop" / "schema.pbtxt").write_text(
        SCHEMA.replace('string_domain { value: "Oslo" value: "Rom" }', "")
    )
    with pytest.raises(
        ProjectError, match=r"has none for city; it has for age, bought\. Add one to the schema"
    ):
        run(session)


def test_a_column_that_is_not_read_cannot_be_judged(tmp_path: Path) -> None:
    with pytest.raises(
        ProjectError, match=r"checks\.quarantine 'agee' is neither all nor unreadable nor among"
    ):
        shop(tmp_path / "shop", "", "quarantine: [agee]")
