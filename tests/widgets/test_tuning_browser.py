"""A search in a real JupyterLab: it moves while its kernel is busy, and is filtered with the pointer and with keys."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lab import (
    check_narrow,
    drag,
    keep_picture,
    needs_browser,
    open_and_begin,
    violations,
    watched_page,
)
from playwright.sync_api import Browser, Page, expect

pytestmark = needs_browser

IMPORTS = "from tuning_examples import *\nfrom widgets.tuning import Tuning"
NOTEBOOKS = {
    "begun": "Tuning(PlayedDesk(begun()))",
    "ended": "Tuning(PlayedDesk(ended()))",
    "hostile": "Tuning(PlayedDesk(hostile()))",
    "work": "desk = PlayedDesk()\nwith Tuning(desk):\n    desk.play(40)",
}


def rows(page: Page) -> int:
    return page.locator(".trials tbody tr").count()


def test_a_search_moves_and_is_filtered_while_the_kernel_is_busy(browser: Browser, lab: str) -> None:
    with watched_page(browser, lab) as page:
        open_and_begin(lab, page, "work")
        expect(page.get_by_text("3 of 12 trials over")).to_be_visible(timeout=60_000)
        axis = page.get_by_role("slider", name="Filter by val_auc")
        axis.focus()
        for _ in range(10):
            page.keyboard.press("ArrowUp")
        expect(page.get_by_text("trials pass the filters on val_auc")).to_be_visible(timeout=10_000)
        keep_picture(page, "tuning_running")
        expect(page.get_by_text("5 of 12 trials over")).to_be_visible(timeout=20_000)
        assert not violations(page)


def test_filters_by_pointer_and_keys(show: Callable[[str], Page]) -> None:
    page = show("ended")
    assert rows(page) == 12
    axis = page.get_by_role("slider", name="Filter by dropout").locator("rect.hit")
    size = axis.bounding_box()
    assert size is not None
    middle = size["width"] / 2
    drag(axis, {"x": middle, "y": 2}, {"x": middle, "y": size["height"] / 2})
    expect(page.get_by_text("trials pass the filters on dropout.")).to_be_visible()
    by_pointer = rows(page)
    assert 0 < by_pointer < 12
    keep_picture(page, "tuning_filtered")

    page.get_by_role("slider", name="Filter by units").focus()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_text("trials pass the filters on dropout, units.")).to_be_visible()
    expect(page.get_by_role("slider", name="Filter by units")).to_be_focused()
    for _ in range(10):
        page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_role("slider", name="Filter by units")).to_have_attribute("aria-valuetext", "32")
    page.keyboard.press("Escape")
    expect(page.get_by_text("trials pass the filters on dropout.")).to_be_visible()
    page.get_by_role("button", name="Remove all filters").click()
    expect(page.locator(".trials tbody tr")).to_have_count(12)

    page.set_viewport_size({"width": 900, "height": 1000})
    trials = page.get_by_role("group", name="Trials", exact=True)
    trials.evaluate("region => (region.scrollLeft = 60)")
    page.get_by_role("button", name="learning_rate").click()
    first = page.locator(".trials tbody tr").first
    expect(first.locator("td").nth(2)).to_have_text("0.000138")
    assert trials.evaluate("region => region.scrollLeft") > 0
    first.hover()
    number = first.get_attribute("data-trial")
    expect(page.locator(f'.parallel g[data-trial="{number}"]')).to_have_class("lit")


@pytest.mark.parametrize("name", ["begun", "ended", "hostile"])
def test_searches_are_accessible_in_both_themes_and_narrow(show: Callable[[str], Page], name: str) -> None:
    page = show(name)
    check_narrow(page, f"tuning_{name}")
