from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from alert_examples import SUMMARY, Desk, few_alerts, hostile_alerts
from view_checks import check_faces, check_hostile
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.alerts import Alerts
from widgets.evidence import Pictures
from widgets.values.alerts import Alert

PRICE = "0123456789ab"
SVG = "{http://www.w3.org/2000/svg}"


def test_the_static_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("alerts.html", Alerts(few_alerts()).html_face())


def test_the_live_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    view = Alerts(few_alerts(), Desk().decide, opened=PRICE)
    golden("alerts_live.html", view.controls + view.content)


def test_the_text_face_is_the_golden_one(golden: Callable[[str, str], None]) -> None:
    golden("alerts.txt", repr(Alerts(few_alerts() * 2)))


def test_none_is_good_news() -> None:
    assert repr(Alerts([])) == "✓ No alert is open."
    assert Page(Alerts([]).content).text == "✓ No alert is open."


def test_search_finds_words_of_any_part() -> None:
    view = Alerts(few_alerts(), search="PETS clicked")
    assert [one.check for one in view.found()] == ["label rates"]


def test_a_decision_is_taken_and_shown() -> None:
    desk = Desk()
    view = Alerts(desk.again(), desk.decide, desk.again, opened=PRICE)
    view.asked = ["acknowledge", PRICE]
    assert view.done == (False, "To acknowledge an alert needs a name and a reason.")
    view.who, view.why, view.until = "Ann", "known", "2026-02-01"
    view.asked = ["mute", PRICE]
    assert view.done == (True, "mute: Ann: known 2026-02-01")
    assert "mute: Ann: known 2026-02-01" in view.content
    view.opened = "ba9876543210"
    assert view.why == "", "each decision has a reason of its own"


@pytest.mark.parametrize(("id_", "can"), [(PRICE, False), ("ba9876543210", True), ("feedfeedfeed", True)])
def test_only_what_was_decided_can_be_taken_back(id_: str, can: bool) -> None:
    view = Alerts(few_alerts(), Desk().decide, opened=id_)
    assert ("Open again" in Page(view.content).text) is can


@pytest.mark.parametrize(
    "alerts",
    [[], few_alerts(), few_alerts() * 2_000, hostile_alerts()],
    ids=["none", "few", "many", "hostile"],
)
def test_no_face_runs_or_fetches_anything(alerts: list[Alert]) -> None:
    check_faces(Alerts(alerts, opened=alerts[0].id if alerts else ""))


def test_hostile_values_are_read_as_they_are() -> None:
    check_hostile(Alerts(hostile_alerts(), opened=HOSTILE[0]))


def test_what_a_static_face_leaves_out_is_said() -> None:
    assert (
        "are left out here; <code>kit alerts list</code> has all." in Alerts(few_alerts() * 2_000).html_face()
    )


@pytest.mark.parametrize(
    ("subject", "texts", "bars"),
    [
        ("price", ["price", "train", "10% missing", "eval", "10% missing", "0 to 10,000"], 5),
        ("category=pets", ["category", "train", "eval", "pets, toys & <co>"], 5),
    ],
)
def test_a_picture_stands_by_itself(subject: str, texts: list[str], bars: int) -> None:
    picture = ET.fromstring(Pictures(SUMMARY)(subject))  # noqa: S314  our own
    assert picture.tag == f"{SVG}svg"
    assert [one.text for one in picture.iter(f"{SVG}text")] == texts
    assert len(list(picture.iter(f"{SVG}rect"))) == bars


def test_a_share_is_drawn_and_not_how_many_rows_there_are() -> None:
    values = [(f"a long name of the value {place}", 0.2, 0.19) for place in range(9)]
    picture = ET.fromstring(Pictures(SUMMARY)("category=pets", [("pets", 0.2, 0.0), *values]))  # noqa: S314  our own
    title, train, now, *caption = [one.text or "" for one in picture.iter(f"{SVG}text")]
    assert (title, train, now) == ("category: the share by value", "in train", "found now")
    assert " ".join(caption).startswith("pets 20% → 0%, a long name")
    assert " ".join(caption).endswith("value 8 20% → 19%"), "whole, in as many lines as it takes"
    _, *bars = picture.iter(f"{SVG}rect")
    assert [bars[place].get("height") for place in (0, 10)] == ["50.0", "0.0"]


def test_what_is_no_feature_has_no_picture() -> None:
    assert Pictures(SUMMARY)("volume") == ""
