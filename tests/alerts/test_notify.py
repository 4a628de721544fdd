"""One alert an incident, however often it is found; over when it is over; quiet where somebody wants it quiet."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from alerts.conftest import NOON, Place, finding
from kit.alerts.desk import AlertDecisionError, AlertDesk
from kit.alerts.notify import AlertNotifier
from kit.alerts.store import NoIncidentError, Store
from kit.checks.check import Finding
from kit.errors import WorkspaceError
from kit.project import Project
from kit.reasons import DecisionError
from kit.translation.messages import in_language
from kit.workspace import Workspace

PETS, PRICE = "category=pets", "price"
DAY = 86_400.0


def desk(place: Place) -> AlertDesk:
    return AlertDesk(place.workspace, clock=lambda: place.now)


def events(place: Place) -> list[tuple[str, str]]:
    lines = (place.folder / "alerts/recommender/alerts.jsonl").read_text().splitlines()
    return [(record["event"], record["incident"]) for record in map(json.loads, lines)]


def test_what_is_well_alerts_nobody(place: Place) -> None:
    told = place.alerts().tell([Finding("label rates", "as in train", "ok")], "span 7", "01_data")
    assert told.message == "No alert: nothing was found."
    assert not (place.folder / "alerts/recommender").exists()


def test_an_incident_is_told_once_with_its_evidence(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_RUN_FOLDER", str(place.folder / "runs/a b"))
    alerts = place.alerts()
    first, second = place.tell(alerts, PETS), place.tell(alerts, PETS)
    [incident] = first.opened
    assert not second.opened
    assert [one.id for one in second.known] == [incident.id]
    assert second.known[0].times == 2
    evidence = incident.evidence
    assert evidence.notebook == (place.folder / "runs/a b/01_data.ipynb").as_uri()
    assert (evidence.value, evidence.expected) == (0.0, "12.8%, as in train")
    assert [row["user_id"] for row in evidence.rows] == ["u0", "u1", "u2", "u3", "u4"]
    assert evidence.picture == f"<svg>{PETS}</svg>"
    assert events(place) == [("opened", incident.id)]
    log = (place.folder / "alerts/recommender/alerts.log").read_text()
    assert log.startswith(
        f"2026-01-01T12:00:00+00:00 [recommender] warning: label rates, {PETS} (span 8): 0.0%"
    )


@pytest.mark.parametrize(("about", "said"), [("the prediction log", "预测日志"), ("all data", "全部数据")])
def test_the_data_of_an_alert_are_named_in_the_language_of_its_reader(
    place: Place, monkeypatch: pytest.MonkeyPatch, about: str, said: str
) -> None:
    told = place.tell(place.alerts(), PRICE, about=about)
    [kept] = told.opened
    monkeypatch.setenv("KIT_LANGUAGE", "zh")
    assert [one["about"] for one in desk(place).records()] == [said]
    assert said in desk(place).decide(kept.id, "acknowledge", "Ann", "mine")
    assert said in in_language(told.message)
    assert kept.about == about, "it names the incident, whoever reads it"


def test_two_incidents_at_once_are_two_alerts(place: Place) -> None:
    told = place.tell(place.alerts(), PETS, PRICE)
    assert [one.subject for one in told.opened] == [PETS, PRICE]
    assert told.message.count("Alert ") == 2


def test_what_several_checks_find_about_one_feature_is_one_alert(place: Place) -> None:
    ranges = Finding("ranges", "price is up to 38,124", "warn", "Look.", PRICE)
    drift = Finding("drift", "price is 0.9 from train", "fail", "Look.", PRICE, 0.9, "at most 0.1")
    [incident] = place.alerts().tell([ranges, finding(PRICE), drift], "span 8", "01_data").opened
    assert incident.check == "drift, ranges, label rates"
    evidence = incident.evidence
    assert evidence.found == "price is 0.9 from train; price is up to 38,124; 0.0% of 398 rows are clicked"
    assert (evidence.severity, evidence.value, evidence.what_to_do) == ("fail", 0.9, "Look.")
    assert evidence.expected == "at most 0.1; 12.8%, as in train"
    assert len(evidence.rows) == 5


def test_findings_without_a_subject_are_one_a_check(place: Place) -> None:
    found = [Finding(name, "too few", "warn") for name in ("volume", "freshness")]
    assert len(place.alerts().tell(found, "span 8", "01_data").opened) == 2


def test_the_same_thing_in_other_data_is_another_incident(place: Place) -> None:
    alerts = place.alerts()
    [here] = place.tell(alerts, PETS).opened
    [there] = place.tell(alerts, PETS, about="span 9").opened
    [elsewhere] = place.tell(place.alerts(name="taxi"), PETS).opened
    assert len({here.id, there.id, elsewhere.id}) == 3
    assert {one.id for one in place.alerts().store.incidents()} == {here.id, there.id, elsewhere.id}


def test_what_is_over_is_closed_and_alerts_again_when_it_is_back(place: Place) -> None:
    alerts = place.alerts()
    [incident] = place.tell(alerts, PETS).opened
    place.now += DAY
    over = place.tell(alerts, PRICE)
    assert [one.id for one in over.resolved] == [incident.id]
    assert f"Over: {incident.title}" in over.message
    place.now += DAY
    [back] = place.tell(alerts, PETS, PRICE).opened
    assert (back.id, back.times, back.first_seen) == (incident.id, 1, NOON + 2 * DAY)
    assert [event for event, id_ in events(place) if id_ == incident.id] == ["opened", "resolved", "opened"]


def test_a_look_of_another_kind_closes_nothing(place: Place) -> None:
    alerts = place.alerts()
    place.tell(alerts, PETS)
    assert not alerts.tell([], "span 8", "07_monitor").resolved
    assert not alerts.tell([], "span 7", "01_data").resolved
    assert len(alerts.store.incidents()) == 1


def test_what_was_acknowledged_stays_open_and_quiet(place: Place) -> None:
    alerts = place.alerts()
    [incident] = place.tell(alerts, PETS).opened
    said = desk(place).decide(incident.id[:5], "acknowledge", " Ann  Lee", "on it")
    assert "acknowledge: Ann Lee, 2026-01-01 12:00 UTC: on it" in said
    [known] = place.tell(alerts, PETS).known
    assert (known.state, known.decided) == (
        "acknowledged",
        "acknowledge: Ann Lee, 2026-01-01 12:00 UTC: on it",
    )
    assert place.tell(alerts).resolved, "also what was acknowledged ends"


def test_what_was_decided_of_an_earlier_time_is_forgotten_when_it_is_back(place: Place) -> None:
    alerts = place.alerts()
    [incident] = place.tell(alerts, PETS).opened
    desk(place).decide(incident.id, "acknowledge", "Ann", "on it")
    place.tell(alerts)
    assert alerts.store.incident(incident.id).decided, "who dealt with it is kept"
    [back] = place.tell(alerts, PETS).opened
    assert (back.state, back.decided) == ("open", "")


def test_what_is_muted_stays_so_when_it_is_back(place: Place) -> None:
    alerts = place.alerts()
    [incident] = place.tell(alerts, PETS).opened
    desk(place).decide(incident.id, "mute", "Ann", "a test of theirs", "2026-01-02")
    place.tell(alerts)
    [back] = place.tell(alerts, PETS).opened
    assert (back.muted_until > place.now, back.decided.startswith("mute: Ann")) == (True, True)


def test_a_decision_is_taken_back(place: Place) -> None:
    alerts = place.alerts()
    [incident] = place.tell(alerts, PETS).opened
    desk(place).decide(incident.id, "mute", "Ann", "a test of theirs", "2026-01-02")
    assert "It is open again" in desk(place).decide(incident.id, "open", "Bo", "it was none")
    [now] = desk(place).incidents()
    assert (now.state, now.muted_until) == ("open", 0)


def test_what_cannot_be_written_is_told_by_the_next_run(place: Place) -> None:
    alerts = place.alerts()
    blocked = place.folder / "alerts/recommender"
    blocked.write_text("a file where a folder must be")
    with pytest.raises(WorkspaceError, match="must be a folder that alerts can be written to"):
        place.tell(alerts, PETS)
    blocked.unlink()
    assert [one.subject for one in place.tell(alerts, PETS).opened] == [PETS]


def test_what_is_muted_is_told_again_when_the_day_is_over(place: Place) -> None:
    alerts = place.alerts()
    [incident] = place.tell(alerts, PETS).opened
    desk(place).decide(incident.id, "mute", "Ann", "a test of theirs", "2026-01-02")
    place.now = NOON + DAY
    assert not place.tell(alerts, PETS).opened
    place.now = NOON + DAY + DAY / 2
    assert [one.id for one in place.tell(alerts, PETS).opened] == [incident.id]
    assert not place.tell(alerts, PETS).opened


@pytest.mark.parametrize(
    ("what", "who", "why", "until", "error", "message"),
    [
        ("ignore", "Ann", "old", "", AlertDecisionError, "acknowledge, mute or open"),
        ("mute", "Ann", "old", "tomorrow", AlertDecisionError, "needs its last day, such as 2026-01-31"),
        ("mute", "Ann", "old", "2025-12-31", AlertDecisionError, "is over. Give a later date"),
        ("mute", " ", "old", "2026-01-02", DecisionError, "To mute an alert needs a name"),
        ("acknowledge", "Ann", "", "", DecisionError, "To acknowledge an alert needs a reason"),
    ],
)
def test_a_decision_that_cannot_be_says_why(  # noqa: PLR0913, PLR0917  a row of the table
    place: Place, what: str, who: str, why: str, until: str, error: type[Exception], message: str
) -> None:
    [incident] = place.tell(place.alerts(), PETS).opened
    with pytest.raises(error, match=message):
        desk(place).decide(incident.id, what, who, why, until)
    assert place.alerts().store.incident(incident.id).decided == ""


@pytest.mark.parametrize("id_", ["", "zz"])
def test_an_incident_is_named_by_the_letters_of_its_id(place: Place, id_: str) -> None:
    place.tell(place.alerts(), PETS, PRICE)
    with pytest.raises(NoIncidentError, match="kit alerts list --all"):
        place.alerts().store.incident(id_)


def _tell(folder: Path, subjects: list[str], barrier: Any) -> None:
    alerts = AlertNotifier(Workspace(folder), Project.load("recommender"))
    barrier.wait()
    for subject in subjects:
        alerts.tell([finding(subject), finding(PETS)], f"span {subject}", "01_data")


def test_two_processes_at_once_lose_nothing(place: Place) -> None:
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    halves = [[str(number) for number in range(first, 40, 2)] for first in (0, 1)]
    processes = [context.Process(target=_tell, args=(place.folder, half, barrier)) for half in halves]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    assert len(Store(place.workspace).incidents()) == 80
    assert len(events(place)) == 80


def test_a_damaged_file_is_named(place: Place) -> None:
    file = place.workspace.path / "alerts/alerts.sqlite"
    file.parent.mkdir()
    file.write_bytes(b"no database" * 1000)
    with pytest.raises(WorkspaceError, match=r"alerts\.sqlite must be a database"):
        place.alerts()
