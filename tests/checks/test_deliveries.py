"""What was delivered late, twice, or again with other bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from valid_projects import SMALL

from kit.checks.check import Finding
from kit.checks.deliveries import deliveries
from kit.data.example_gen import ProjectExampleGen
from kit.data.show import spans_text
from kit.errors import InputDataError, StepOrderError
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

DATA = "{files: '{YYYY}-{MM}-{DD}.csv', train_spans: 2026-01-01..2026-01-03, eval_spans: last 1%s}"
DAYS = ("2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04")


def shop(folder: Path, *days: str, data: str = "", checks: str = "") -> Session:
    """Return a session of a project to which some days were delivered, each with bytes of its own."""
    folder.mkdir()
    text = SMALL.replace("{files: visitors.csv}", DATA % data) + (f"checks: {{{checks}}}\n" if checks else "")
    for part, content in {"project.yml": text, "features.py": "", "model.py": ""}.items():
        (folder / part).write_text(content)
    for day in days:
        deliver(folder, day, int(day[-2:]))
    return Session(Workspace(folder.parent / "ws"), Project.load(folder))


def deliver(folder: Path, day: str, age: int) -> None:
    (folder / f"{day}.csv").write_text("age,city,bought\n" + f"{age},Oslo,1\n" * 9)


def run(session: Session, train: str = "", held_out: str = "") -> list[Finding]:
    session.run(ProjectExampleGen(session.project, train, held_out))
    return deliveries(session)


def said(findings: list[Finding]) -> list[str]:
    return [finding.found for finding in findings if finding.state != "ok"]


def test_each_delivered_once_is_well(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", *DAYS)
    [finding] = run(session)
    assert (finding.state, finding.found) == ("ok", "files: 4, none twice or changed")


def test_there_must_be_a_run(tmp_path: Path) -> None:
    with pytest.raises(StepOrderError):
        deliveries(shop(tmp_path / "shop", *DAYS))


def test_a_copy_of_another_day_is_told(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", *DAYS)
    deliver(session.project.folder, "2026-01-03", 2)
    [finding] = run(session)
    assert finding.state == "warn"
    for part in (
        "2026-01-02.csv (span 2026-01-02) and ",
        "2026-01-03.csv (span 2026-01-03) have the same bytes",
    ):
        assert part in finding.found


def test_a_day_that_comes_again_changed_is_told_until_a_later_run_has_read_it(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", *DAYS)
    run(session)
    for day in DAYS:
        deliver(session.project.folder, day, int(day[-2:]))  # the same bytes, at another time
    assert said(run(session)) == []
    assert session.steps[-1].state == "cached"
    deliver(session.project.folder, "2026-01-02", 70)
    changed = ["Span 2026-01-02 was read here before and was delivered again, changed: 1 of 1 files"]
    assert said(run(session)) == changed
    assert session.steps[-1].state == "done"
    [finding] = run(session)  # the same run again
    assert (said([finding]), finding.subject, finding.state) == (changed, "span 2026-01-02", "warn")
    assert said(run(session, "2026-01-02..2026-01-03", "2026-01-04")) == []
    deliver(session.project.folder, "2026-01-02", 2)  # and back again
    assert said(run(session, "2026-01-02..2026-01-03", "2026-01-04")) == changed


def test_a_late_day_is_skipped_told_and_read_when_it_is_there(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", DAYS[0], DAYS[2], DAYS[3], data=", missing_spans: skip")
    [finding] = run(session)
    assert finding.found == "Not all of train 2026-01-01..2026-01-03: 2026-01-02 was not delivered"
    assert session.properties("ExampleGen")["missing"] in finding.found
    assert spans_text(session) == (
        "train: spans 2026-01-01, 2026-01-03, 2 files; eval: span 2026-01-04, 1 file. "
        "Left out: train 2026-01-01..2026-01-03: 2026-01-02 was not delivered."
    )
    assert said(run(session)) == [finding.found]
    assert session.steps[-1].state == "cached"
    deliver(session.project.folder, "2026-01-02", 2)
    assert said(run(session)) == []
    assert session.steps[-1].state == "done"
    assert spans_text(session) == (
        "train: spans 2026-01-01..2026-01-03, 3 files; eval: span 2026-01-04, 1 file."
    )


def test_a_column_that_is_new_in_a_delivery_is_told(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", *DAYS)
    (session.project.folder / f"{DAYS[3]}.csv").write_text("age,rating,city,bought\n" + "4,5,Oslo,1\n" * 9)
    run(session)
    assert spans_text(session).endswith(
        "1 file. Columns that project.yml does not name, and that are not read: rating."
    )


def test_a_late_day_is_an_error_by_default(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", DAYS[0], DAYS[2], DAYS[3])
    with pytest.raises(InputDataError, match="2026-01-02 was not delivered; delivered are"):
        run(session)


def test_a_hole_in_a_window_is_told(tmp_path: Path) -> None:
    session = shop(tmp_path / "shop", DAYS[0], DAYS[2], DAYS[3])
    assert said(run(session, "last 2", "")) == ["Not all of train last 2: 2026-01-02 was not delivered"]


def test_project_yml_says_how_much_it_weighs(tmp_path: Path) -> None:
    blocking = shop(tmp_path / "shop", *DAYS, checks="deliveries: block")
    deliver(blocking.project.folder, "2026-01-03", 2)
    assert [finding.state for finding in run(blocking)] == ["fail"]
    checks = blocking.project.spec.checks.model_copy(update={"deliveries": "off"})
    blocking.project.spec = blocking.project.spec.model_copy(update={"checks": checks})
    assert deliveries(blocking) == []


def test_rows_in_quarantine_are_told_with_some_of_them(tmp_path: Path) -> None:
    session = shop(
        tmp_path / "shop", *DAYS, checks="quarantine: unreadable, quarantine_at_most: 0.1, deliveries: off"
    )
    with (session.project.folder / "2026-01-04.csv").open("a") as file:
        file.write("old,Rom,0\n")
    [finding] = run(session)
    assert (finding.check, finding.state, finding.value) == ("quarantine", "warn", 0.1)
    assert finding.found == "in quarantine: 1 of 10 rows of span 2026-01-04"
    [row] = finding.rows
    assert (row["_row"], row["age"], row["city"]) == ("10", "old", "Rom")
