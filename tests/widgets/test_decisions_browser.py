"""The views in which a person decides, in a real JupyterLab: every control is pressed, by pointer or keyboard."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lab import (
    check_narrow,
    check_text,
    keep_picture,
    needs_browser,
    offline_page,
    record_figure,
    violations,
)
from playwright.sync_api import Browser, Page, expect
from widget_timing import PRESS, rerun_seconds, seconds_until_redrawn

pytestmark = needs_browser

IMPORTS = """from decision_examples import *
from decision_faces import FACES
from widgets.anomalies import Anomalies
from widgets.gate import Gate
from widgets.schema_editor import SchemaEditor
desk = Desk()"""
NOTEBOOKS = {
    "anomalies": "view = Anomalies(few_anomalies(), desk.decide); view",
    "gate": "view = Gate(few_thresholds(), VERDICT, passed=False, override=desk.override); view",
    "schema": "view = SchemaEditor(few_rules(), desk.check, desk.save); view",
    "many_anomalies": "view = Anomalies(many_anomalies(), desk.decide); view",
    "many_rules": "many = Desk(many_rules()); view = SchemaEditor(many.rules, many.check, many.save); view",
    "hostile_anomalies": "view = FACES['anomalies hostile'](); view",
    "hostile_gate": "view = FACES['gate hostile'](); view",
    "hostile_schema": "view = FACES['schema hostile'](); view",
}


def _sign(page: Page, why: str) -> None:
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("Reason").fill(why)


def test_an_anomaly_is_looked_at_and_decided_about(show: Callable[[str], Page]) -> None:
    page = show("anomalies")
    page.get_by_role("button", name="age", exact=True).click()
    expect(page.get_by_text("The first 2 of the 200 rows at fault")).to_be_visible()
    page.get_by_role("button", name="Ignore here").click()
    expect(page.get_by_role("alert")).to_contain_text("To ignore needs a name")
    _sign(page, "the till")
    page.get_by_role("button", name="Ignore here").click()
    expect(page.get_by_text("ignore by Ann: the till.").first).to_be_visible()
    expect(page.get_by_role("status")).to_have_text(
        "4 anomalies: 3 errors, 1 warning, 1 ignored here, 1 blocked"
    )
    keep_picture(page, "anomalies")
    assert not violations(page)

    page.get_by_label("only undecided").check()
    expect(page.locator(".kit-view button.name")).to_have_text(["device", "note"])
    page.get_by_role("button", name="device").click()
    expect(page.get_by_label("Your name")).to_have_value("Ann")  # and the reason is asked for anew
    expect(page.get_by_label("Reason")).to_have_value("")
    page.get_by_label("Reason").fill("so")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the first button
    page.get_by_label("only undecided").uncheck()
    expect(page.get_by_text("accepted into the schema")).to_be_visible()
    page.get_by_role("searchbox").fill("column")
    expect(page.locator(".kit-view button.name")).to_have_text(["city", "note"])
    page.get_by_role("button", name="note").click()
    page.get_by_label("Reason").fill("never")
    page.get_by_role("button", name="Block").click()
    expect(page.get_by_text("block by Ann: never.").first).to_be_visible()


def test_a_verdict_is_overridden(show: Callable[[str], Page]) -> None:
    page = show("gate")
    keep_picture(page, "gate")
    page.get_by_role("button", name="Override the verdict").click()
    expect(page.get_by_role("button", name="Override the verdict")).to_be_focused()
    page.get_by_role("button", name="Let it pass").click()
    expect(page.get_by_role("alert")).to_contain_text("To override needs a name")
    assert not violations(page)
    _sign(page, "the campaign")
    page.get_by_role("button", name="Let it pass").click()
    expect(page.get_by_role("status")).to_contain_text("Overridden by Ann: the campaign")
    expect(page.get_by_role("button", name="Let it pass")).to_have_count(0)


def test_a_schema_is_edited_with_the_keyboard_and_saved(show: Callable[[str], Page]) -> None:
    page = show("schema")
    least = page.get_by_label("Least, age", exact=True)
    least.fill("5")
    page.keyboard.press("Tab")
    page.keyboard.type("99")  # while the kernel still checks what was left
    expect(page.get_by_text("✓ None: the data follow it.")).to_be_visible()
    expect(page.get_by_label("Greatest, age")).to_be_focused()
    expect(page.get_by_label("Greatest, age")).to_have_value("99")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("2 changes to the saved schema")
    page.get_by_label("Present in, at least, age").fill("2")
    page.keyboard.press("Tab")
    expect(page.get_by_text("✗ this is a share from 0 to 1, not 2")).to_be_visible()
    keep_picture(page, "schema_editor")
    assert not violations(page)

    page.get_by_label("Present in, at least, age").fill("0.98")
    page.get_by_label("Type, note").select_option("FLOAT")
    expect(page.get_by_label("Greatest, note")).to_be_visible()
    page.get_by_label("only edited").check()
    expect(page.locator(".rules tbody th")).to_have_text(["age", "note"])
    page.get_by_label("only edited").uncheck()
    page.get_by_role("searchbox").fill("ag")
    expect(page.locator(".rules tbody th")).to_have_text(["age"])
    page.get_by_role("button", name="Save the schema").click()
    expect(page.get_by_role("alert")).to_contain_text("To save needs a name")
    _sign(page, "younger")
    page.get_by_role("button", name="Save the schema").click()
    expect(page.get_by_role("alert")).to_have_text("✓ 2 saved by Ann: younger.")
    expect(least).to_have_value("5")
    least.fill("6")
    least.press("Enter")
    page.get_by_role("button", name="Discard all edits").click()
    expect(least).to_have_value("5")


@pytest.mark.parametrize("name", ["hostile_anomalies", "hostile_gate", "hostile_schema"])
def test_hostile_values_stay_text(show: Callable[[str], Page], name: str) -> None:
    page = show(name)
    expect(page.get_by_text("onerror=").first).to_be_visible()
    page.mouse.move(500, 300)
    check_text(page)


@pytest.mark.parametrize("name", ["anomalies", "gate", "schema"])
def test_views_are_accessible_in_both_themes_and_narrow(show: Callable[[str], Page], name: str) -> None:
    page = show(name)
    check_narrow(page, name)


@pytest.mark.parametrize(
    ("name", "button"),
    [("many_anomalies", "open key 1"), ("many_rules", "page next")],
    ids=["anomalies", "schema"],
)
def test_500_features_are_fluid(show: Callable[[str], Page], name: str, button: str) -> None:
    page = show(name)
    first_paint = min(rerun_seconds(page) for _ in range(3))
    press = min(seconds_until_redrawn(page, PRESS, button) for _ in range(2))
    record_figure(f"{name}, 500 features: first paint", first_paint)
    record_figure(f"{name}, 500 features: press to repaint", press)


def test_an_executed_notebook_reads_offline(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    cells = [NOTEBOOKS[name] for name in ("anomalies", "gate", "schema")]
    with offline_page(browser, tmp_path, IMPORTS, *cells) as page:
        page.get_by_text("Rows of age").click()
        expect(page.get_by_text("The first 2 of the 200 rows at fault")).to_be_visible()
        expect(page.get_by_text("Not blessed: 3 of 5")).to_be_visible()
        expect(page.get_by_text("Nothing differs.")).to_be_visible()
        assert not violations(page)
        keep_picture(page, "decisions_offline")
