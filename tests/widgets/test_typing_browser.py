"""Writing, choosing and pressing in a real JupyterLab while the kernel still answers: nothing of it is lost."""

from __future__ import annotations

import time
from collections.abc import Callable

from lab import needs_browser
from playwright.sync_api import Locator, Page, expect

pytestmark = needs_browser

IMPORTS = """from slow_examples import *
from widget_examples import SPLITS, few_features, many_features
from widgets.statistics import Statistics"""
NOTEBOOKS = {
    "form": "slow_form()",
    "parameters": "slow_parameters()",
    "anomalies": "slow_anomalies()",
    "features": "Statistics([*few_features(), *many_features(200)], SPLITS, opened='age')",
    "killed": """import os
view = Statistics(few_features(), SPLITS)
view.observe(lambda _: os.kill(os.getpid(), 9), names="search")
view""",
    "shut_down": "Statistics(few_features(), SPLITS)",
}
GONE = "The kernel is gone: run the cell again."
_SHUT_DOWN = """async () => {
  const base = JSON.parse(document.getElementById("jupyter-config-data").textContent).baseUrl;
  const token = document.cookie.match(/_xsrf=([^;]*)/)?.[1] ?? "";
  for (const kernel of await (await fetch(`${base}api/kernels`)).json()) {
    await fetch(`${base}api/kernels/${kernel.id}`, { method: "DELETE", headers: { "X-XSRFToken": token } });
  }
}"""
_SELECTED = "() => getSelection().toString()"


def _write(page: Page, text: str) -> None:
    """Replace the text of the field that has the focus, key by key."""
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(text, delay=60)


def _press_twice(button: Locator) -> None:
    """Press as who sees no answer to the first press, which Playwright's double click is too quick for."""
    button.hover()
    for _ in range(2):
        button.page.mouse.down()
        time.sleep(0.08)
        button.page.mouse.up()
        time.sleep(0.15)


def test_a_form_keeps_what_is_written_and_pressed_while_it_is_answered(show: Callable[[str], Page]) -> None:
    page = show("form")
    row, age = page.get_by_label("Row, from 0"), page.get_by_label("age", exact=True)
    send, alert = page.get_by_role("button", name="Send", exact=True), page.get_by_role("alert")
    row.click()
    _write(page, "12")  # the second figure is held back until the kernel has taken the first
    age.click()
    _write(page, "41")
    page.keyboard.press("Tab")
    page.get_by_text("Inputs and outputs of").click()
    send.click()
    expect(alert).to_contain_text("row 12 of eval, 1 value changed")
    expect(age).to_have_value("41")
    expect(page.get_by_role("cell", name="[any, 3]")).to_be_visible()  # folded out as before

    send.click()
    page.wait_for_timeout(100)
    age.click()
    _write(page, "43")
    send.click()
    expect(page.get_by_text("0.43")).to_be_visible()

    page.get_by_role("button", name="Discard changes").click()
    expect(age).to_have_value("42")  # 30 and the row
    row.click()
    _write(page, "7")
    age.click()
    expect(age).to_have_value("37")
    for number in ("9999", "9998"):
        row.click()
        _write(page, number)
        page.keyboard.press("Tab")
        expect(row).to_have_value("2999")  # the last row
    row.click()
    page.mouse.wheel(0, 60)  # scrolls the page
    expect(row).not_to_be_focused()
    expect(row).to_have_value("2999")


def test_a_text_is_taken_when_it_is_left_and_not_before(show: Callable[[str], Page]) -> None:
    page = show("parameters")
    epochs, rate, size = (page.get_by_label(name, exact=True) for name in ("epochs", "learning_rate", "size"))
    changed = page.locator(".parameters .changed")
    epochs.click()
    _write(page, "12")
    page.keyboard.press("Tab")
    _write(page, "1e-")
    expect(changed).to_have_count(1)
    expect(page.get_by_role("alert")).to_have_count(0)
    page.keyboard.type("3")
    page.keyboard.press("Tab")
    expect(size).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(changed).to_have_count(3)
    expect(rate).to_have_value("0.001")
    expect(size).to_have_value("large")

    epochs.click()
    _write(page, "13")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    composing = page.context.new_cdp_session(page)  # as with an input method, while the kernel takes the 13
    for text in ("d", "do", "don", "dong"):
        composing.send("Input.imeSetComposition", {"text": text, "selectionStart": 4, "selectionEnd": 4})
        page.wait_for_timeout(250)
    composing.send("Input.insertText", {"text": "东"})
    expect(epochs).to_have_value("东")
    page.get_by_role("button", name="Reset").click()
    expect(epochs).to_have_value("0")

    _press_twice(page.get_by_role("button", name="Run as batch"))
    expect(page.get_by_role("alert")).to_have_text("✓ The batch has started.")
    page.locator(".kit-batch code").click(click_count=3)
    expect(page.get_by_text("Batch done")).to_be_visible()
    assert "kit run -p epochs 3" in page.evaluate(_SELECTED)


def test_a_name_that_is_written_meanwhile_is_shown_and_a_decision_taken_once(
    show: Callable[[str], Page],
) -> None:
    page = show("anomalies")
    name, reason = page.get_by_label("Your name"), page.get_by_label("Reason")
    ignore = page.get_by_role("button", name="Ignore here")
    ignore.click()
    name.click()
    page.keyboard.type("Ann")
    page.keyboard.press("Tab")
    page.keyboard.type("why")
    expect(page.get_by_role("alert")).to_contain_text("To ignore needs a name")
    expect(name).to_have_value("Ann")
    expect(reason).to_have_value("why")
    _press_twice(ignore)
    expect(page.get_by_text("ignore by Ann: why.").first).to_be_visible()


def test_keys_and_presses_are_the_views_and_the_kernels_end_is_told(
    show: Callable[[str], Page],
) -> None:
    page = show("features")
    sort, place = page.get_by_label("Sort by"), page.locator(".pager span")
    cells = page.locator(".jp-Cell")
    page.locator(".kit-view .cover").first.hover()
    expect(page.locator(".kit-tip")).to_be_visible()
    page.get_by_role("button", name="age", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator(".kit-tip")).to_be_hidden()

    before = cells.count()
    sort.focus()
    for key in ("m", "x", "a", "0", "0"):
        page.keyboard.press(key)
    page.keyboard.press("ArrowDown")
    expect(sort).to_be_focused()
    assert (cells.count(), page.locator(".jp-MarkdownCell, .jp-Dialog").count()) == (before, 0)

    for _ in range(4):
        page.get_by_role("button", name="Next").click()
    expect(place).to_contain_text("81 to 100 of")
    sort.focus()
    page.keyboard.press("Shift+Enter")  # the one plain key that stays the notebook's
    expect(page.locator(".jp-InputPrompt", has_text="[3]:")).to_be_visible()
    expect(place).to_contain_text("1 to 20 of")

    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_text("Restart Kernel…", exact=True).click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    expect(page.get_by_text(GONE)).to_be_visible()
    expect(sort).to_be_disabled()


def test_a_view_says_that_its_kernel_has_died(show: Callable[[str], Page]) -> None:
    page = show("killed")
    page.get_by_role("searchbox").fill("a")
    expect(page.get_by_text(GONE)).to_be_visible()


def test_a_view_says_that_its_kernel_was_shut_down(show: Callable[[str], Page]) -> None:
    """By another program, as a hub does with idle ones: JupyterLab asks for the kernels every ten seconds."""
    page = show("shut_down")
    expect(page.get_by_text(GONE)).to_be_hidden()
    page.evaluate(_SHUT_DOWN)
    expect(page.get_by_text(GONE)).to_be_visible(timeout=30_000)
