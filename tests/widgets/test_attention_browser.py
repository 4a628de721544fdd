"""The views of attention and profiles in a real JupyterLab: with the keyboard, in both themes, and narrow."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import check_narrow, keep_picture, needs_browser, open_and_run, violations
from playwright.sync_api import Page, expect

pytestmark = needs_browser

IMPORTS = "import attention_examples, profile_examples"
NOTEBOOKS = {
    "attention": "attention_examples.many(60)",
    "attention_hostile": "attention_examples.hostile()",
    "profile": "profile_examples.compared()",
    "profile_hostile": "profile_examples.hostile()",
}


def test_an_example_is_found_and_opened_with_the_keyboard(show: Callable[[str], Page]) -> None:
    page = show("attention")
    page.locator(".kit-view").get_by_role("searchbox").fill("u41")
    button = page.get_by_role("button", name="item 41", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Latest first")).to_be_visible()
    expect(page.get_by_role("rowheader", name="item 50")).to_be_visible()
    expect(button).to_be_focused()
    assert not violations(page)
    keep_picture(page, "attention_opened")
    page.keyboard.press("Enter")
    expect(page.get_by_role("columnheader", name="Latest first")).to_have_count(0)
    page.locator(".kit-view").get_by_role("combobox", name="Show").select_option("label 0")
    expect(page.get_by_text("0 examples of 60")).to_be_visible()


def test_a_kernel_is_opened_and_another_training_compared(show: Callable[[str], Page]) -> None:
    page = show("profile")
    page.get_by_role("button", name="add_fusion").click()
    expect(page.get_by_role("rowheader", name="Adam/sqrt")).to_be_visible()
    assert not violations(page)
    keep_picture(page, "profile_opened")
    page.get_by_role("combobox", name="Training").select_option("12, lr 0.003")
    expect(page.get_by_text("XLA compiled nothing.")).to_be_visible()
    page.get_by_role("combobox", name="Compare with").select_option("13, jit_compile True")
    expect(page.get_by_role("columnheader", name="The same in 13, jit_compile True")).to_be_visible()


@pytest.mark.parametrize("name", list(NOTEBOOKS))
def test_it_is_accessible_in_both_themes_and_narrow(lab: str, page: Page, name: str) -> None:
    open_and_run(lab, page, name, drawn=".kit-view table")
    check_narrow(page, name)
