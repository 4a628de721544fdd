"""The checks see the examples of a session, and what blocks ends a batch with the right code."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.shops import only, session_of, shop, visits
from kit.checks.check import Finding
from kit.checks.examine import check_findings, examine
from kit.errors import DataAnomalyError, DriftError, ProjectError, StepOrderError
from kit.session import Session
from kit.workspace import Workspace


def test_what_blocks_ends_the_batch_with_every_line() -> None:
    blocking = [Finding("label rates", "a fell", "fail", "Look"), Finding("drift", "b", "fail", "Look")]
    with pytest.raises(DataAnomalyError, match=r"but do not:\n  label rates: a fell. Look\n  drift: b. Look"):
        check_findings([*blocking, Finding("repeated rows", "none", "ok")])


def test_drift_alone_is_an_error_of_its_own() -> None:
    with pytest.raises(DriftError, match=r"but do not:\n  drift: b"):
        check_findings([Finding("drift", "b", "fail", "Look"), Finding("label rates", "a fell", "warn")])


def test_a_warning_does_not_end_the_batch() -> None:
    assert (
        check_findings([Finding("shared keys", "b", "warn")])
        == "No check blocks. Findings that warn: 1 of 1."
    )


def test_a_span_that_was_delivered_again_under_another_number(tmp_path: Path) -> None:
    checks = only(repeated_rows="warn", shared_keys="block")
    repeated, shared = examine(session_of(shop(tmp_path / "shop", checks, visits(), visits())))
    assert repeated.found == "400 of 800 rows (50.0%) equal an earlier row in every column"
    assert (repeated.state, shared.state) == ("warn", "fail")
    with pytest.raises(DataAnomalyError, match="visit: 400 of 400 of eval are in train too"):
        check_findings([repeated, shared])


def test_a_city_that_buys_nothing_any_more_on_one_of_two_days(tmp_path: Path) -> None:
    silent = [row[:-1] + "0" if "bonn" in row else row for row in visits(800)]
    days = [visits(), visits(400), silent, visits(1_200)]
    session = session_of(shop(tmp_path / "shop", only(label_rates="block"), *days, eval_spans="3-4"))
    [moved] = examine(session)
    assert moved.subject == "city=bonn, span 3"
    assert "bought is 1 in 0.0% of 200 rows of span 3, and was in 40.0% of 400 of train" in moved.found


@pytest.mark.parametrize("statistics", [False, True], ids=["without StatisticsGen", "with it"])
def test_everything_is_said_of_every_span(tmp_path: Path, *, statistics: bool) -> None:
    days = [visits(), visits(400), visits(800), visits(1_200, 100), visits(1_300, change="!")]
    checks = "checks: {drift: block, volume: block}\n"
    session = session_of(shop(tmp_path / "shop", checks, *days, eval_spans="4-5"), statistics=statistics)
    findings = examine(session)
    assert [(one.check, one.subject) for one in findings if one.state == "fail"] == [
        ("volume", "span 4"),
        ("drift", "city"),
    ]
    [drifted] = [one for one in findings if one.check == "drift"]
    assert drifted.found == "city: in span 5 0.500 from train and 0.500 from span 4 (l-infinity)"
    names = {one.check for one in findings}
    assert names >= {
        "label rates",
        "repeated rows",
        "shared keys",
        "missing values",
        "ranges",
        "correlations",
    }
    assert len(list((session.workspace.path / "statistics" / "shop").iterdir())) == len(days)


def test_files_that_are_gone_are_judged_by_their_examples(tmp_path: Path) -> None:
    session = session_of(shop(tmp_path / "shop", only(drift="warn"), visits(), visits(400, change="!")))
    (tmp_path / "shop" / "1.csv").unlink()
    [drifted] = examine(session)
    assert drifted.found == "city: in eval 0.500 from train (l-infinity)"


def test_how_old_the_data_are_is_asked_for_by_a_date(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", "", visits(), visits(400))
    session = session_of(project)
    assert "freshness" not in {one.check for one in examine(session)}
    [*_, freshness] = examine(session, "2026-01-31")
    assert freshness.found.startswith("not checked: no column of kind timestamp")
    with pytest.raises(ProjectError, match="as_of must be a date such as 2026-01-31, but is 'today'"):
        examine(session, "today")


def test_nothing_is_checked_where_all_is_off(tmp_path: Path) -> None:
    session = session_of(shop(tmp_path / "shop", only(), visits(), visits()))
    assert examine(session) == []


def test_there_must_be_examples(tmp_path: Path) -> None:
    project = shop(tmp_path / "shop", "", visits(), visits())
    with pytest.raises(StepOrderError, match="ExampleGen must have run"):
        examine(Session(Workspace(tmp_path / "workspace"), project))
