"""The heat map in a real JupyterLab: with the keyboard, in both themes, and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import check_narrow, keep_picture, needs_browser, open_and_run, violations
from playwright.sync_api import Page, expect

pytestmark = needs_browser

IMPORTS = "import drift_examples as examples"
NOTEBOOKS = {
    "few": "examples.few()",
    "many": "examples.many(opened='feature_000')",
    "hostile": "examples.hostile()",
    "live": "examples.live()",
}


def test_a_feature_is_found_and_opened_with_the_keyboard(show: Callable[[str], Page]) -> None:
    page = show("few")
    page.locator(".kit-view").get_by_role("searchbox").fill("dev")
    expect(page.locator(".heat tbody tr")).to_have_count(1)
    button = page.get_by_role("button", name="device")
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="Distance of device")).to_be_visible()
    expect(button).to_be_focused()
    assert not violations(page)
    keep_picture(page, "drift_opened")
    page.keyboard.press("Enter")
    expect(page.get_by_role("img", name="Distance of device")).to_have_count(0)


def test_another_comparison_is_chosen(show: Callable[[str], Page]) -> None:
    page = show("few")
    first = page.locator(".heat tbody th").first
    expect(first).to_contain_text("price")
    page.get_by_label("Compare with").select_option("the day before")
    expect(first).to_contain_text("prediction_score")


@pytest.mark.parametrize("name", list(NOTEBOOKS))
def test_it_is_accessible_in_both_themes_and_narrow(lab: str, page: Page, name: str) -> None:
    open_and_run(lab, page, name, drawn=".kit-view table")
    check_narrow(page, f"drift_{name}")
