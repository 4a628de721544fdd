"""Signatures in a real JupyterLab: a model is asked by pointer and keyboard."""

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
    violations,
)
from playwright.sync_api import Browser, Page, expect

pytestmark = needs_browser

IMPORTS = "from signatures_examples import *\nfrom inspector_examples import inspector"
NOTEBOOKS = {
    "form": "view = form(); view",
    "many": "view = many_fields(); view",
    "hostile": "view = hostile_signatures(); view",
}


def test_a_model_is_asked_by_pointer_and_keyboard(show: Callable[[str], Page]) -> None:
    page = show("form")
    alert, age = page.get_by_role("alert"), page.get_by_label("age", exact=True)
    send = page.get_by_role("button", name="Send", exact=True)
    page.get_by_label("Row, from 0").fill("7")
    expect(age).to_have_value("37")
    send.click()
    expect(alert).to_have_text("✓ serving_default answered in 1.23 ms: row 7 of eval")
    expect(page.get_by_text("0.37")).to_be_visible()
    age.fill("old")
    page.keyboard.press("Shift+Tab")  # to the button that takes it back, which appears then
    send.focus()
    page.keyboard.press("Enter")
    expect(alert).to_have_text("✗ 1 value not valid; nothing was sent")
    expect(page.get_by_text("✗ this is a whole number, not 'old'")).to_be_visible()
    expect(send).to_be_focused()
    keep_picture(page, "signatures_wrong")
    assert not violations(page)
    age.fill("41")
    send.click(
        delay=500
    )  # leaves the field, which is told first: the kernel answers before the button is released
    expect(alert).to_have_text("✓ serving_default answered in 1.23 ms: row 7 of eval, 1 value changed")
    page.get_by_role("button", name="Discard changes").click()
    expect(age).to_have_value("37")
    page.get_by_role("combobox", name="Signature").select_option("examples")
    expect(page.get_by_text("Sent as one serialized tf.Example")).to_be_visible()
    send.click()
    expect(page.get_by_text("東京, Rom")).to_be_visible()
    page.get_by_text("Inputs and outputs of examples").click()
    expect(page.get_by_role("cell", name="[any, any]")).to_be_visible()
    keep_picture(page, "signatures")
    assert not violations(page)
    page.get_by_label("Take a row of").select_option("an empty form")
    expect(age).to_have_value("")


def test_many_fields_are_searched_and_paged(show: Callable[[str], Page]) -> None:
    page = show("many")
    page.get_by_role("button", name="Last").click()
    expect(page.get_by_text("481 to 500 of 500")).to_be_visible()
    page.get_by_role("searchbox").fill("column_007")
    field = page.get_by_label("column_007")
    expect(field).to_have_value("eval 0")
    field.fill("东京")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("1 value changed")


def test_hostile_values_stay_text(show: Callable[[str], Page]) -> None:
    page = show("hostile")
    expect(page.locator(".kit-view .answer b").first).to_contain_text("onerror=")
    page.mouse.move(500, 300)
    check_text(page)


def test_the_view_is_accessible_in_both_themes_and_narrow(show: Callable[[str], Page]) -> None:
    page = show("form")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("alert")).to_be_visible()
    check_narrow(page, "signatures")


def test_an_executed_notebook_reads_offline(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent), prepend=":")
    with offline_page(browser, tmp_path, IMPORTS, "form()", "inspector()") as page:
        expect(page.get_by_text("serving_default answered in 1.23 ms: row 0 of eval")).to_be_visible()
        page.get_by_text("Details of city").click()
        expect(page.get_by_text("eval 16.7% (500 of 3,000)")).to_be_visible()
        assert not violations(page)
        keep_picture(page, "inspector_signatures_offline")
