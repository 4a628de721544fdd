"""Each page of TensorBoard shows a training in a real browser, and asks nobody but TensorBoard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab import CHROMIUM, keep_picture, needs_browser
from playwright.sync_api import Page, expect, sync_playwright

from kit.tensorboard.runs import runs

from .served import reachable, served

if TYPE_CHECKING:
    from training.tiny import Tiny

pytestmark = needs_browser

# PROJECTOR draws with WebGL, here without a graphics card.
_FLAGS = (
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
)
_SECONDS = 60_000


@pytest.fixture(scope="module")
def trained(tiny: Tiny) -> tuple[str, Path]:
    tiny.train(51)
    [(name, folder)] = runs(tiny.session, newest=1).items()
    return name, folder


@pytest.fixture(scope="module")
def open_page(trained: tuple[str, Path]) -> Iterator[Callable[[str], Page]]:
    """Return what opens a page of TensorBoard by its name; in the end it is told who else was asked."""
    name, folder = trained
    foreign: list[str] = []
    with served({name: folder}) as board:
        board.wait_for("pr_curves/tags", name)
        board.wait_until_active("projector")
        with reachable(board) as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.set_default_timeout(_SECONDS)
            own = (address, "data:", "blob:")
            page.on(
                "request",
                lambda request: None if request.url.startswith(own) else foreign.append(request.url),
            )

            def open_page(tab: str) -> Page:
                page.goto(f"{address}/#{tab}")
                page.reload()
                return page

            yield open_page
            browser.close()
    assert foreign == []


@pytest.mark.parametrize(
    ("tab", "shown"),
    [
        ("scalars", "epoch_auc"),
        ("histograms", "tag: dense/kernel"),
        ("graphs", "Auxiliary Nodes"),
        ("pr_curves", "tag: held out/pr_curves"),
        ("text", "learning_rate"),
        ("hparams", "validation.epoch_auc"),
    ],
    ids=lambda value: value.split()[0],
)
def test_a_page_shows_the_training(open_page: Callable[[str], Page], tab: str, shown: str) -> None:
    page = open_page(tab)
    expect(page.get_by_text(shown).first).to_be_visible(timeout=_SECONDS)
    page.wait_for_timeout(1_000)
    keep_picture(page, f"tensorboard_{tab}")


def test_the_projector_draws_the_embeddings(open_page: Callable[[str], Page]) -> None:
    page = open_page("projector")
    inside = page.frame_locator("iframe").frame_locator("iframe")  # the entry of a plugin, and its page
    described = inside.get_by_text(
        re.compile(r"Total variance described: [\d.]+%")
    )  # NaN where nothing is drawn
    expect(described).to_be_visible(timeout=_SECONDS)
    expect(inside.get_by_text(re.compile(r"Points: \d+")).first).to_be_visible()
    keep_picture(page, "tensorboard_projector")
