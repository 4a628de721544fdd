"""What the lab finds: each fault of the catalogue on the sample, and nothing on a clean day."""

from __future__ import annotations

from pathlib import Path

import pytest

from faults import shop
from kit.errors import DataAnomalyError, FaultError
from kit.faults.catalogue import FAULTS
from kit.faults.desk import FaultDesk
from kit.faults.fault import Dose
from kit.faults.lab import SHARES, Lab
from kit.faults.table import HEADER, lines
from kit.project import Project


@pytest.fixture(scope="module")
def recommender() -> Lab:
    return Lab(Project.load("recommender"), 7)


@pytest.fixture
def shop_lab(tmp_path: Path) -> Lab:
    return Lab(shop.write(tmp_path, "{SPAN}.csv", {"train_spans": "1-6", "eval_spans": "7"}), 7)


# What the catalogue promises: the check that sees it, and a share that is surely enough.
CAUGHT = {
    "negative-values": ("schema", "age", 0.001),
    "zeroed-category": ("label rates", "region", 0.05),
    "new-value": ("schema", "region", 0.001),
    "null-burst": ("schema", "age", 0.05),
    "unit-change": ("schema", "price", 0.005),
    "shuffled-column": ("dependencies", "age", 0.05),
    "duplicated-rows": ("repeated rows", "", 0.001),
    "late-day": ("times", "timestamp", 0.05),
    "slow-drift": ("dependencies", "price", 0.05),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_caught_in_a_twentieth_of_the_rows_or_fewer(recommender: Lab, name: str) -> None:
    check, column, share = CAUGHT[name]
    fault = FAULTS[name]
    assert fault.column(recommender.project) == column
    trial = recommender.trial(fault, Dose(column, share))
    assert recommender.trial(fault, Dose(column, share)) is trial, "what was judged is not judged again"
    assert check in {one.check for one in trial.findings}
    assert all(one.state != "ok" and one.what_to_do for one in trial.findings)
    smallest = recommender.smallest(fault, column)
    assert smallest
    assert smallest.share <= share
    assert smallest.rows <= 0.05 * 20_000
    assert smallest.caught


def test_the_smallest_share_is_the_first_that_is_caught(recommender: Lab) -> None:
    fault = FAULTS["zeroed-category"]
    smallest = recommender.smallest(fault, "category")
    assert smallest
    caught = [recommender.trial(fault, Dose("category", share)).caught for share in SHARES]
    assert caught == [share >= smallest.share for share in SHARES]


def test_what_is_wrong_with_the_day_before_is_not_the_faults(recommender: Lab) -> None:
    """The bad day of the sample has many findings of its own."""
    lab = Lab(recommender.project, 8)
    trial = lab.trial(FAULTS["duplicated-rows"], Dose("", 0.01))
    assert trial.caught_by() == ("repeated rows",)


def test_a_fault_that_grows_is_judged_day_by_day_until_it_is_caught(recommender: Lab) -> None:
    trial = recommender.trial(FAULTS["slow-drift"], Dose("days_since_signup", 1.0))
    assert trial.caught
    assert trial.days == tuple(range(3, 3 + len(trial.days)))
    assert trial.of == 4_000 * len(trial.days)


def test_a_project_whose_schema_is_inferred(shop_lab: Lab) -> None:
    """No clean day is at fault, and what a twentieth of 400 rows can show is caught."""
    for name in ("negative-values", "new-value", "duplicated-rows"):
        fault = FAULTS[name]
        trial = shop_lab.trial(fault, Dose(fault.column(shop_lab.project), 0.05))
        assert trial.caught, name
    assert not shop_lab.trial(FAULTS["shuffled-column"], Dose("desk", 0.005)).caught, "two rows of 400"


def test_the_table_tells_of_every_fault(shop_lab: Lab) -> None:
    table = list(lines(shop_lab, [FAULTS["duplicated-rows"], FAULTS["unit-change"]], 0.05, 7))
    cells = table[0].cells()
    assert len(cells) == len(HEADER)
    assert cells[:5] == ("duplicated-rows", "whole rows", "5.00%", "20 of 420", "warns")
    assert cells[5:] == ("0.025% (1 row)", "repeated rows")


def test_a_fault_that_fits_no_column_is_told_of(tmp_path: Path) -> None:
    project = shop.write(tmp_path, "{SPAN}.csv", {"train_spans": "1-6", "eval_spans": "7"})
    for name in ("time", "day"):
        project.spec.columns.pop(name)
    [line] = lines(Lab(project, 7), [FAULTS["late-day"]], 0.05, 7)
    assert line.cells()[-1].startswith(
        "not tried: The fault late-day fits columns of the kinds timestamp, date"
    )
    summary = FaultDesk(project).summary()
    assert "late-day" not in {fault["name"] for fault in summary["faults"]}
    assert "duplicated-rows" in {fault["name"] for fault in summary["faults"]}


@pytest.fixture(scope="module")
def desk() -> FaultDesk:
    return FaultDesk(Project.load("recommender"), "7")


def test_the_desk_speaks_the_language(desk: FaultDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    english = desk.inject("duplicated-rows", "", 0.3, 7)
    monkeypatch.setenv("KIT_LANGUAGE", "zh")
    [whole] = [one for one in desk.summary()["faults"] if one["name"] == "duplicated-rows"]
    assert whole["what"].startswith("文件被加载了两次")
    chinese = desk.inject("duplicated-rows", "", 0.3, 7)
    assert chinese["note"].startswith("之前 ")
    assert english["said"][0]["found"] != chinese["said"][0]["found"]
    assert [one["about"] for one in chinese["said"]] == [one["about"] for one in english["said"]]


def test_the_desk_gives_plain_values(desk: FaultDesk) -> None:
    done = desk.inject("null-burst", "", 0.05, 7)
    assert (done["rows"], done["of"], done["days"]) == (200, 4_000, "span 7")
    assert {one["check"]: one["stops"] for one in done["said"]} == {"schema": True, "missing values": False}
    splits = done["picture"]["splits"]
    assert splits["after"]["missing"] == splits["before"]["missing"] + 200
    assert done["picture"]["kind"] == "whole number"
    assert desk.inject("late-day", "", 0.05, 7)["picture"]["kind"] == "date"
    assert desk.inject("duplicated-rows", "", 0.05, 7)["note"] == "4,000 rows before, 4,200 after."
    silenced = desk.inject("zeroed-category", "category", 0.05, 7)
    tops = {
        split: dict(silenced["picture"]["splits"][split]["texts"]["top"]) for split in ("before", "after")
    }
    assert set(tops["before"]) - set(tops["after"]) == {"garden"}
    assert "clicked is not 0" in silenced["note"]
    found = desk.search("negative-values", "age")
    assert (found["share"], found["rows"], found["most"]) == (SHARES[0], 1, 0.05)
    drifted = desk.inject("slow-drift", "days_since_signup", 1.0, 7)
    assert "of 5 days, span 3 to" in drifted["days"]


def test_what_a_notebook_asks_for_is_checked_at_once(desk: FaultDesk) -> None:
    assert desk.chosen("unit-change") == {"fault": "unit-change", "column": "price", "share": 0.05, "seed": 7}
    for fault, column, share in (
        ("gremlins", "", 0.1),
        ("unit-change", "region", 0.1),
        ("unit-change", "", 0.0),
    ):
        with pytest.raises(FaultError):
            desk.chosen(fault, column, share)


def test_each_fault_is_told_of_when_it_has_been_searched(
    desk: FaultDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = {name: FAULTS[name] for name in ("null-burst", "duplicated-rows")}
    monkeypatch.setattr("kit.faults.desk.FAULTS", few)
    said: list[str] = []
    assert [one["fault"] for one in desk.shares(say=said.append)] == list(few)
    assert said == ["1 of 2 faults searched: null-burst", "2 of 2 faults searched: duplicated-rows"]


def test_the_same_choice_gives_the_same_findings(desk: FaultDesk) -> None:
    one, again = (desk.inject("shuffled-column", "category", 0.3, 3) for _ in range(2))
    assert one == again
    assert FaultDesk(desk.project, "7").inject("shuffled-column", "category", 0.3, 3) == one


def test_originals_that_change_meanwhile_are_told_of(tmp_path: Path) -> None:
    project = shop.write(tmp_path, "{SPAN}.csv", {"train_spans": "1-6", "eval_spans": "7"})
    desk = FaultDesk(project, "7")
    assert desk.check_untouched() == "The files of span 7 are as they were: every fault went into a copy."
    with project.span_files(7)[0].open("a") as file:
        file.write("\n")
    with pytest.raises(DataAnomalyError, match=r"7\.csv changed meanwhile"):
        desk.check_untouched()


def test_a_project_without_spans_is_refused() -> None:
    with pytest.raises(FaultError, match="chicago_taxi has no spans"):
        FaultDesk(Project.load("chicago_taxi"))
