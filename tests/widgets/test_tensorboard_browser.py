"""TensorBoard in a real JupyterLab under a hub's base URL: shown, closed to strangers, gone with its kernel."""

from __future__ import annotations

import os
import re
import signal
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from event_files import write_run
from lab import TOKEN, keep_picture, needs_browser, running_lab, violations
from playwright.sync_api import Page, expect
from small_notebooks import write_notebook

pytestmark = needs_browser

BASE = "/user/ann/"
_MAKE = """import os
from pathlib import Path
from kit.tensorboard.board import Board
from widgets.tensorboard import TensorBoard
print("kernel", os.getpid())"""
_SHOW = (
    "board = Board({'first': Path('first'), 'zweiter 模型': Path('second')}); view = TensorBoard(board); view"
)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("lab")
    write_run(folder / "first")
    write_run(folder / "second", worse=0.05)
    for name in ("board", "killed"):
        write_notebook(folder / f"{name}.ipynb", _MAKE, _SHOW, "print('board', board.pid)")
    with running_lab(folder, modules=Path(__file__).parent, base=BASE) as address:
        yield address


def _number(page: Page, what: str) -> int:
    """The process number that a cell has printed."""
    text = page.locator(".jp-OutputArea-output", has_text=re.compile(rf"^{what} \d+")).inner_text()
    return int(text.split()[-1])


def test_tensorboard_is_shown_stopped_and_started_again(show: Callable[[str], Page], lab: str) -> None:
    page = show("board")
    frame = page.frame_locator(".kit-view iframe")
    expect(frame.get_by_text("zweiter 模型/train").first).to_be_visible(timeout=30_000)
    expect(frame.get_by_text("epoch_loss").first).to_be_visible()
    assert not violations(page)
    fonts = "document.fonts.ready.then(fonts => [...fonts].map(font => font.status))"
    assert {"loaded"} <= set(frame.locator("body").evaluate(fonts)) <= {"loaded", "unloaded"}
    keep_picture(page, "tensorboard")
    process = psutil.Process(_number(page, "board"))
    assert not [c for c in process.net_connections("inet") if c.status == psutil.CONN_LISTEN], (
        "a port is open"
    )

    address = page.get_by_role("link", name="Open in a tab").get_attribute("href")
    assert address
    assert address.startswith(f"{lab}/kit/tensorboard/")
    assert "TensorBoard" in _answer(f"{address}?token={TOKEN}")
    for closed in (address, f"{address}data/runs"):
        assert "epoch" not in (said := _answer(closed))
        assert "first" not in said
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"{address}data/plugin/scalars/scalars_multirun", data=b"")  # noqa: S310

    page.get_by_role("button", name="Stop TensorBoard").click()
    expect(page.get_by_text("4 curves of 4 runs")).to_have_count(0)
    expect(page.get_by_text("2 curves of 4 runs, as TensorBoard has them")).to_be_visible()
    assert psutil.wait_procs([process], 5)[1] == []
    assert not violations(page)
    keep_picture(page, "tensorboard_stopped")
    page.get_by_role("button", name="Start TensorBoard").click()
    expect(frame.get_by_text("epoch_loss").first).to_be_visible(timeout=30_000)


def test_tensorboard_ends_with_a_killed_kernel(show: Callable[[str], Page]) -> None:
    page = show("killed")
    frame = page.frame_locator(".kit-view iframe")
    expect(frame.get_by_text("epoch_loss").first).to_be_visible(timeout=30_000)
    process = psutil.Process(_number(page, "board"))
    os.kill(_number(page, "kernel"), signal.SIGKILL)
    assert psutil.wait_procs([process], 5)[1] == [], "TensorBoard outlived its kernel"


def _answer(address: str) -> str:
    with urllib.request.urlopen(address) as answer:  # noqa: S310  http on localhost
        return str(answer.read().decode())
