from __future__ import annotations

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest
from alert_examples import SUMMARY, Desk, few_alerts, hostile_alerts
from widget_examples import HOSTILE
from widget_pages import Page

from widgets.alerts import Alerts
from widgets.evidence import Pictures
from widgets.face import STATIC_BYTES
from widgets.parts.budget import stored_bytes

PRICE = "0123456789ab"
SVG = "{http://www.w3.org/2000/svg}"


def test_static_face(golden: Callable[[str, str], None]) -> None:
    golden("alerts.html", Alerts(few_alerts()).html_face())


def test_live_face(golden: Callable[[str, str], None]) -> None:
    view = Alerts(few_alerts(), Desk().decide, opened=PRICE)
    golden("alerts_live.html", view.controls + view.content)


def test_text_face(golden: Callable[[str, str], None]) -> None:
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


def test_what_is_in_an_alert_is_text_and_nothing_else() -> None:
    view = Alerts(hostile_alerts(), opened=HOSTILE[0])
    for face in (view.html_face(), view.content):
        assert "<script" not in face
        assert "onerror=" not in face.replace("onerror=&", "").replace("&quot;", "")


def test_thousands_of_alerts_stay_within_their_bytes() -> None:
    face = Alerts(few_alerts() * 2_000).html_face()
    assert stored_bytes(face) < STATIC_BYTES
    assert "are left out here; `kit alerts list` has all." in face


@pytest.mark.parametrize(
    ("subject", "texts", "bars"),
    [
        ("price", ["price", "train", "10 % missing", "eval", "10 % missing", "0 to 10,000"], 5),
        ("category=pets", ["category", "train", "eval", "pets, toys & <co>"], 5),
    ],
)
def test_a_picture_stands_by_itself(subject: str, texts: list[str], bars: int) -> None:
    picture = ET.fromstring(Pictures(SUMMARY)(subject))  # noqa: S314  our own
    assert picture.tag == f"{SVG}svg"
    assert [one.text for one in picture.iter(f"{SVG}text")] == texts
    assert len(list(picture.iter(f"{SVG}rect"))) == bars


def test_what_is_no_feature_has_no_picture() -> None:
    assert Pictures(SUMMARY)("volume") == ""
