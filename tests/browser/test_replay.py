"""What somebody did with the views of a notebook is done again by one command, to the same artifacts."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import NOTEBOOKS, digests, kit_command
from lab import (
    keep_picture,
    needs_browser,
    notebook_in,
    open_and_run,
    running_browser,
    running_lab,
    wait_until_run,
    watched_page,
)
from playwright.sync_api import Locator, Page, expect

pytestmark = [*needs_browser, pytest.mark.slow]

_WHO = "Ann"


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """01_data has run on the clean days."""
    (tmp_path / "lab").mkdir()
    notebook_in(tmp_path / "lab", NOTEBOOKS / "01_data.ipynb", workspace=tmp_path / "ws")
    # The console tells of the cell that stops at the bad day, as it should.
    with (
        running_lab(tmp_path / "lab") as lab,
        running_browser() as browser,
        watched_page(browser, lab) as page,
    ):
        yield open_and_run(lab, page, "01_data")


def test_twelve_actions_are_replayed_to_equal_digests(page: Page, tmp_path: Path) -> None:
    done: list[str] = []

    def act(what: str, action: Callable[[], None]) -> None:
        action()
        done.append(what)

    panel, editor = page.locator(".kit-view").first, _view(page, "Rules")
    act("train on two days", lambda: _write(panel.get_by_label("train_spans"), "1-2"))
    act("evaluate on the bad day", lambda: _write(panel.get_by_label("eval_spans"), "8"))
    expect(panel.get_by_text("Run the cells below again")).to_be_visible()
    _run_below_the_panel(page)

    act("ignore the device", lambda: _decide(page, "device", "Ignore here", "a test"))
    act("accept it instead", lambda: _decide(page, "device", "Accept into the schema", "a new till"))
    act("any age from below", lambda: _write(editor.get_by_label("Least, age", exact=True), ""))
    act("any age from above", lambda: _write(editor.get_by_label("Greatest, age", exact=True), ""))
    act("fewer regions", lambda: _write(editor.get_by_label("Present in, at least, region"), "0.4"))
    act("save", lambda: _save(editor, "the old till"))
    _run_below_the_panel(page)

    expect(page.get_by_text("1 anomaly", exact=False).first).to_be_visible()
    act("block the price", lambda: _decide(page, "price", "Block", "unclear"))
    act("ignore it instead", lambda: _decide(page, "price", "Ignore here", "in cents, mended tomorrow"))
    _run_below_the_panel(page)
    expect(
        page.get_by_text("The data follow their schema in both splits, but for what is ignored here")
    ).to_be_visible()

    act("save the parameters", lambda: panel.get_by_role("button", name="Save as YAML").click())
    expect(panel.get_by_text("kit run -f")).to_be_visible()
    act("copy as batch", lambda: panel.get_by_role("button", name="Copy as batch").click())
    said = panel.get_by_label("Command", exact=True).inner_text()
    keep_picture(page, "copied_as_batch")
    assert len(done) == 12

    words = shlex.split(said)
    assert words[:2] == ["kit", "replay"]
    again = Path(words[-1])
    ended = kit_command(*words[1:], cwd=tmp_path)
    assert ended.code == 0, ended.errors
    assert digests(again, "recommender") == digests(tmp_path / "ws", "recommender")


def _view(page: Page, label: str) -> Locator:
    return page.locator(".kit-view").filter(has=page.get_by_role("group", name=label, exact=True))


def _write(field: Locator, text: str) -> None:
    field.fill(text)
    field.press("Enter")


def _decide(page: Page, feature: str, button: str, why: str) -> None:
    view = _view(page, "Anomalies")
    name = view.get_by_role("button", name=feature, exact=True)
    if name.get_attribute("aria-expanded") != "true":
        name.click()
    view.get_by_label("Your name").fill(_WHO)
    view.get_by_label("Reason").fill(why)
    view.get_by_role("button", name=button).click()
    expect(view.get_by_role("alert")).to_contain_text(why)


def _save(editor: Locator, why: str) -> None:
    editor.get_by_label("Your name").fill(_WHO)
    editor.get_by_label("Reason").fill(why)
    editor.get_by_role("button", name="Save the schema").click()
    expect(editor.get_by_role("alert")).to_contain_text("saved to")


def _run_below_the_panel(page: Page) -> None:
    """Run all cells from the one that sets up."""
    page.locator(".jp-CodeCell").nth(3).locator(".jp-InputPrompt").click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run Selected Cell and All Below", exact=True).click()
    wait_until_run(page)
