"""A step in a real JupyterLab: it moves while its kernel is busy, and can be stopped."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from lab import check_narrow, keep_picture, needs_browser, open_and_begin, violations, watched_page
from playwright.sync_api import Browser, Page, expect
from processes import is_alive
from small_notebooks import write_notebook

pytestmark = needs_browser

_TESTS = Path(__file__).parents[1]
_FACES = "from step_examples import *\nfrom widgets.steps import StepView"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    set_up = [
        f"import sys; sys.path.insert(0, {str(_TESTS / 'steps')!r})",
        "from workers import Project, Session, Worker, Workspace",
        "from widgets.steps import show_step",
        f"ws = Workspace({str(folder / 'ws')!r})",
        "session = Session(ws, Project.load('chicago_taxi'), show=show_step)",
    ]
    work = [
        "\n".join(set_up),
        "session.run(Worker('linger', 'first'))",
        f"session.run(Worker('sleep', {str(folder / 'marker')!r}))",
        "print('never reached')",
    ]
    write_notebook(folder / "work.ipynb", *work)
    for name in ("done", "failed", "running", "hostile", "many"):
        write_notebook(folder / f"{name}.ipynb", _FACES, f"StepView({name}())")
    return folder


def test_a_running_step_is_stopped(browser: Browser, lab: str, folder: Path) -> None:
    with watched_page(browser, lab) as page:
        open_and_begin(lab, page, "work")
        expect(page.get_by_text("Worker done in")).to_be_visible(timeout=60_000)
        for seconds in (2, 4):  # it moves while its kernel is busy
            expect(page.get_by_text(f"Worker is running, {seconds} s")).to_be_visible(timeout=20_000)
        step = json.loads((folder / "marker").read_text())
        assert all(is_alive(pid) for pid in step["processes"])
        keep_picture(page, "step_running")
        assert not violations(page)

        page.get_by_role("button", name="Stop Worker").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("Worker was stopped")).to_be_visible(timeout=10_000)
        expect(page.get_by_role("button", name="Stop Worker")).to_have_count(0)
        assert not [pid for pid in step["processes"] if is_alive(pid)]
        expect(page.get_by_text("never reached", exact=True)).to_have_count(0)
        page.get_by_text("| Idle").wait_for(timeout=10_000)
        keep_picture(page, "step_stopped")


@pytest.mark.parametrize("name", ["done", "failed", "running", "hostile", "many"])
def test_steps_are_accessible_in_both_themes_and_narrow(show: Callable[[str], Page], name: str) -> None:
    page = show(name)
    for details in page.locator(".kit-view summary").all():
        details.click()
    check_narrow(page, f"step_{name}")


def test_a_step_that_is_still_to_come_has_an_even_border(show: Callable[[str], Page]) -> None:
    expect(show("running").locator(".chain li.open:not(.now)").first).to_have_css("border-width", "1px")
