"""The panel of parameters in a real JupyterLab: each control is used, and compared with what the kernel knows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lab import check_narrow, keep_picture, needs_browser, violations
from parameter_examples import CELL
from playwright.sync_api import Page, expect
from small_notebooks import write_notebook

pytestmark = needs_browser

_PANEL = "from kit.batch.desk import ParameterDesk\nfrom widgets.parameters import Parameters\n"
_EXAMPLES = "from dataclasses import replace\nfrom parameter_examples import *\n"
_EXAMPLES += "from widgets.parameters import Parameters"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    # Shown after the cell of parameters, as a notebook does, and in a workspace of the test.
    cell = CELL.replace('"workspace"', repr(str(folder / "ws")).replace("'", '"'))
    write_notebook(folder / "real.ipynb", cell, f"{_PANEL}view = Parameters(ParameterDesk(globals())); view")
    (folder / "a report.html").write_text("<!doctype html><title>t</title><p>the report")
    done = f"replace(DONE, report={str(folder / 'a report.html')!r})"
    desk = f"desk = Desk(progress=[RUNNING, RUNNING, RUNNING, {done}])"
    write_notebook(folder / "batch.ipynb", _EXAMPLES, f"{desk}; Parameters(desk)")
    for name in ("in_a_batch", "hostile"):
        write_notebook(folder / f"{name}.ipynb", _EXAMPLES, f"Parameters({name}())")
    return folder


def _ask(page: Page, code: str, answer: str) -> None:
    """Run a cell below the last one and wait for what it prints."""
    page.locator(".jp-CodeCell").last.locator(".cm-content").click()
    page.keyboard.press("Escape")
    page.keyboard.press("b")
    page.keyboard.press("Enter")
    page.keyboard.type(code)
    page.keyboard.press("Control+Enter")
    expect(page.locator(".jp-CodeCell").last.get_by_text(answer, exact=True)).to_be_visible()


def test_controls_change_the_variables_of_the_notebook(show: Callable[[str], Page], folder: Path) -> None:
    page = show("real")
    keep_picture(page, "parameters")
    assert not violations(page)
    epochs = page.get_by_label("epochs", exact=True)
    epochs.fill("12")
    page.keyboard.press("Tab")
    page.keyboard.type("0.5")  # while the kernel takes what was left
    expect(page.get_by_text("Run the cells below again")).to_be_visible()
    expect(page.get_by_label("learning_rate")).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_label("size").select_option("large")
    page.get_by_label("fast").select_option("true")
    expect(page.locator(".parameters .changed")).to_have_count(4)
    _ask(page, "print(epochs, learning_rate, size, fast)", "12 0.5 large True")

    epochs.fill("5000")
    page.keyboard.press("Tab")
    expect(page.get_by_role("alert")).to_have_text("✗ must be 0 to 1000, but is 5000")
    expect(epochs).to_have_value("5000")
    assert not violations(page)
    keep_picture(page, "parameters_wrong")
    page.get_by_role("button", name="Save as YAML").click()
    expect(page.get_by_text("✗ First correct epochs.")).to_be_visible()
    epochs.fill("13")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    page.get_by_role("button", name="Save as YAML").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("kit run -f")
    assert "epochs: 13\n" in (folder / "ws" / "parameters" / "recommender.yml").read_text()

    page.get_by_role("button", name="Reset").click()
    expect(epochs).to_have_value("0")
    _ask(page, "print(epochs, fast)", "0 False")
    _ask(page, "view.edits = {'epochs': {'value': '7'}}; print('set')", "set")
    expect(epochs).to_have_value("7")


def test_a_batch_is_followed_while_somebody_writes(show: Callable[[str], Page], lab: str) -> None:
    page = show("batch")
    page.get_by_role("button", name="Run as batch").click()
    expect(page.get_by_text("Batch running for 34 s, 1 of 6 notebooks done")).to_be_visible()
    assert not violations(page)
    keep_picture(page, "parameters_batch")
    epochs = page.get_by_label("epochs", exact=True)
    epochs.focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("4")
    expect(page.get_by_text("Batch done after 34 s")).to_be_visible(timeout=10_000)
    expect(epochs).to_be_focused()
    expect(epochs).to_have_value("4")
    link = page.locator("a[data-file]")
    assert link.get_attribute("href") == f"{lab}/files/a%20report.html"
    with page.expect_popup() as popup:
        link.click()
    expect(popup.value.get_by_text("the report")).to_be_visible()
    assert not violations(page)


def test_the_command_can_be_copied(show: Callable[[str], Page]) -> None:
    page = show("batch")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy as batch").click()
    expect(page.get_by_label("Command", exact=True)).to_have_text(
        "kit replay 'a file.yml' --workspace ws-again"
    )
    page.get_by_role("button", name="Copy", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == "kit replay 'a file.yml' --workspace ws-again"
    assert not violations(page)
    keep_picture(page, "parameters_command")


@pytest.mark.parametrize("name", ["in_a_batch", "hostile"])
def test_panels_are_accessible_in_both_themes_and_narrow(show: Callable[[str], Page], name: str) -> None:
    page = show(name)
    assert page.locator(".kit-view img, .kit-view script").count() == 0
    check_narrow(page, f"parameters_{name}")
