"""The fault lab in a real JupyterLab: a fault is chosen, put in and searched by pointer and keyboard."""

from __future__ import annotations

from collections.abc import Callable

from lab import check_narrow, check_text, keep_picture, needs_browser, violations
from playwright.sync_api import Page, expect

pytestmark = needs_browser

IMPORTS = "from fault_lab_examples import *"
NOTEBOOKS = {
    "lab": "view = fault_lab(); view",
    "hostile": "view = hostile_lab(); view",
}


def test_a_fault_is_put_in_and_searched(show: Callable[[str], Page]) -> None:
    page = show("lab")
    alert = page.get_by_role("alert")
    page.get_by_role("button", name="Inject into a copy and judge it").click()
    expect(alert).to_have_text(
        "✓ unit-change in price, 5% of the rows: caught by schema; 200 of 4,000 rows, in span 7."
    )
    expect(page.get_by_role("cell", name="values of price are out of range")).to_be_visible()
    page.get_by_role("button", name="age", exact=True).click()
    expect(page.get_by_role("button", name="age", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Share of rows, up to 1").fill("0.005")
    inject = page.get_by_role("button", name="Inject into a copy and judge it")
    inject.focus()
    page.keyboard.press("Enter")
    expect(alert).to_have_text(
        "✗ unit-change in age, 0.5% of the rows: not noticed by any check; 20 of 4,000 rows, in span 7."
    )
    expect(inject).to_be_focused()
    page.get_by_role("combobox", name="Fault").select_option("new-value")
    expect(page.get_by_text("A client is new.")).to_be_visible()
    page.get_by_role("button", name="Find it for all faults").click()
    expect(page.get_by_role("cell", name="✗ not caught up to 5%")).to_be_visible()
    expect(page.get_by_role("cell", name="schema (price)")).to_be_visible()
    keep_picture(page, "fault_lab")
    assert not violations(page)


def test_hostile_values_stay_text(show: Callable[[str], Page]) -> None:
    page = show("hostile")
    expect(page.get_by_role("alert")).to_contain_text("onerror=")
    page.mouse.move(500, 300)
    check_text(page)


def test_the_view_is_accessible_in_both_themes_and_narrow(show: Callable[[str], Page]) -> None:
    page = show("lab")
    page.get_by_role("button", name="Find the smallest share").click()
    page.get_by_role("button", name="Inject into a copy and judge it").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check_narrow(page, "fault_lab")
