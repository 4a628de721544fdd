"""Blind spots and the gate simulator in a real JupyterLab: with the keyboard, in both themes, and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import check_narrow, needs_browser, open_and_run, violations
from playwright.sync_api import Page, expect

pytestmark = needs_browser

IMPORTS = "import blind_spot_examples as examples"
NOTEBOOKS = {
    "spots": "examples.few_spots()",
    "opened": "examples.few_spots(opened='device=mobile, price from 20 to below 50')",
    "hostile_spots": "examples.hostile_spots()",
    "simulator": "examples.simulator()",
    "hostile_simulator": "examples.hostile_simulator()",
}


def test_a_blind_spot_is_opened_with_the_keyboard_and_its_lines_are_copied(
    show: Callable[[str], Page],
) -> None:
    page = show("spots")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    button = page.get_by_role("button", name="device=mobile, price")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".copied pre")).to_contain_text("price_band")
    expect(button).to_be_focused()
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()").startswith("# device=mobile, price from 20")
    assert not violations(page)


def test_a_threshold_is_moved_by_its_slider_and_its_field(show: Callable[[str], Page]) -> None:
    page = show("simulator")
    status = page.locator(".kit-view [role=status]")
    expect(status).to_contain_text("1 of 4 runs would pass")
    page.get_by_label("auc on device=*, at least", exact=True).fill("0.69")
    expect(status).to_contain_text("2 of 4 runs would pass")
    slider = page.get_by_label("logloss on all rows, at most, slider")
    slider.focus()
    page.keyboard.press("End")
    expect(page.locator(".copied pre")).to_contain_text(f"- {float(slider.input_value()):g}")
    expect(slider).to_be_focused()
    field = page.get_by_label("logloss on all rows, at most", exact=True)
    assert float(field.input_value()) == float(slider.input_value()) > 0.45
    expect(status).to_contain_text("3 of 4 runs would pass")
    field.fill("")
    page.keyboard.press("Tab")
    expect(field).to_have_value(slider.input_value())  # what is in effect
    page.get_by_role("button", name="Back to the project").click()
    expect(status).to_contain_text("1 of 4 runs would pass")
    expect(field).to_have_value("0.4")
    assert not violations(page)


@pytest.mark.parametrize("name", [name for name in NOTEBOOKS if name != "spots"])
def test_they_are_accessible_in_both_themes_and_narrow(lab: str, page: Page, name: str) -> None:
    open_and_run(lab, page, name, drawn=".kit-view table")
    check_narrow(page, name)
