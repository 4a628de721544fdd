"""A training in a real JupyterLab: it moves while its kernel is busy, is compared, and is stopped from the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lab import (
    check_narrow,
    keep_picture,
    needs_browser,
    open_and_begin,
    running_lab,
    violations,
    watched_page,
)
from playwright.sync_api import Browser, Page, expect
from small_notebooks import write_notebook

pytestmark = needs_browser

_SET_UP = "from training_run_examples import *\nfrom widgets.training import Training\ndesk = PlayedDesk(training(1))"
_WORK = [_SET_UP, "with Training(desk):\n    desk.train()", "print(desk.asked)"]
_SETTINGS = "@jupyterlab/apputils-extension/kernels-settings.jupyterlab-settings"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lab")
    write_notebook(folder / "work.ipynb", *_WORK)
    for name in ("training", "stopped", "hostile"):
        write_notebook(folder / f"{name}.ipynb", _SET_UP, f"Training(PlayedDesk({name}()), compared='all')")
    return folder


def _begin(lab: str, page: Page) -> None:
    """Run the notebook whose second cell trains for a minute, without waiting for it."""
    open_and_begin(lab, page, "work")
    expect(page.get_by_text("epoch 2 of 20")).to_be_visible(timeout=60_000)


def test_a_training_is_compared_and_stopped_while_the_kernel_is_busy(browser: Browser, lab: str) -> None:
    with watched_page(browser, lab) as page:
        _begin(lab, page)
        expect(page.get_by_text("epoch 3 of 20")).to_be_visible(timeout=20_000)
        page.get_by_label("Compare with").select_option("all of them")
        expect(page.locator(".runs tbody tr")).to_have_count(3)
        keep_picture(page, "training_running")
        assert not violations(page)

        stop = page.get_by_role("button", name="Stop and keep the best epoch")
        stop.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("stopped at epoch 9 of 20")).to_be_visible(timeout=10_000)
        expect(stop).to_have_count(0)
        expect(page.get_by_text("['stop', 'end']")).to_be_visible(timeout=10_000)
        assert not violations(page)
        keep_picture(page, "training_stopped")


def test_where_no_message_reaches_a_busy_kernel_the_command_is_shown(
    browser: Browser, tmp_path: Path
) -> None:
    write_notebook(tmp_path / "work.ipynb", *_WORK)
    settings = tmp_path / "config" / "lab" / "user-settings" / _SETTINGS
    settings.parent.mkdir(parents=True)
    settings.write_text('{"commsOverSubshells": "disabled"}')
    with running_lab(tmp_path, modules=Path(__file__).parent) as lab, watched_page(browser, lab) as page:
        _begin(lab, page)
        expect(page.get_by_text("touch 'workspace/artifacts/")).to_be_visible()
        expect(page.get_by_role("button", name="Stop and keep the best epoch")).to_have_count(0)
        page.locator(".kit-controls code").click(click_count=3)  # to copy it
        expect(page.get_by_text("epoch 4 of 20")).to_be_visible()
        assert "touch 'workspace/artifacts/" in page.evaluate("getSelection().toString()")
        keep_picture(page, "training_no_subshells")
        assert not violations(page)


@pytest.mark.parametrize("name", ["training", "stopped", "hostile"])
def test_trainings_are_accessible_in_both_themes_and_narrow(show: Callable[[str], Page], name: str) -> None:
    page = show(name)
    check_narrow(page, f"training_{name}")
