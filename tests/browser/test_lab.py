"""JupyterLab in a real browser: a person opens a notebook, runs all of it, and reads the results.

With KIT_PICTURES=FOLDER the screenshots are also kept there, as the README shows them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import needs_browser, notebook_in, open_and_run, running_lab, violations, watched_page
from playwright.sync_api import Page

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

pytestmark = needs_browser


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on copies of the notebooks whose workspace is a temporary folder; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook_in(folder, path, workspace=folder / "workspace", **GIVEN.get(path.stem, {}))
    shutil.copytree(NOTEBOOKS / "pictures", folder / "pictures")
    with running_lab(folder) as address:
        yield address


@pytest.fixture
def page(lab: str) -> Iterator[Page]:
    with watched_page(lab) as page:
        yield page


# In the order of the chain, then the map and the gallery, which show what has been done. What each shows at its end,
# and the heading that its picture starts with.
STORY = [
    ("01_data", "The data follow their schema in both splits.", "2. Compute statistics"),
    ("02_features", "Transform done in", "3. Prove that serving equals training"),
    ("tune", "trials are done", "1. Search"),
    ("03_train", "Trainer done in", "3. Where it looks"),
    ("04_evaluate", "The model met every gate and is blessed.", "4. The gates"),
    ("05_release", "is in", "6. Push"),
    ("06_serve", "as it did before it was pushed", "4. Who may ask"),
    ("07_monitor", "The model stays", "3. Skew and drift"),
    ("08_lineage", "are as they were signed", "2. Everything behind it"),
    ("fault_lab", "faults are caught in 5 % of the rows or fewer.", "2. Break a copy"),
    ("00_start_here", "✓ done", "The road"),
    ("gallery", "unchanged, taken from the cache", "Lineage"),
]


GIVEN: dict[str, dict[str, object]] = {  # other parameters than those that are committed
    "tune": {"trials": 2, "share": 0.1},
    "07_monitor": {"traffic_spans": "7"},
}


@pytest.mark.slow
@pytest.mark.parametrize(("notebook", "expected", "heading"), STORY, ids=[name for name, *_ in STORY])
def test_a_notebook_runs_in_the_browser(
    lab: str, page: Page, notebook: str, expected: str, heading: str
) -> None:
    open_and_run(lab, page, notebook, drawn=".jp-OutputArea-output")
    outputs = page.locator(".jp-OutputArea-output")
    assert expected in "\n".join(outputs.all_text_contents())
    assert page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    assert not violations(page)
    _keep_picture(page, notebook, heading)
    if notebook == "gallery":
        _keep_views(page)


def _keep_picture(page: Page, name: str, heading: str) -> None:
    folder = os.environ.get("KIT_PICTURES")
    if folder:
        page.keyboard.press("Escape")
        page.get_by_role("heading", name=heading).evaluate("node => node.scrollIntoView()")
        page.wait_for_timeout(500)  # JupyterLab draws cells that come into view a moment later
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def _keep_views(page: Page) -> None:
    """Keep a picture of each view, named by its label, as the gallery shows them."""
    folder = os.environ.get("KIT_PICTURES")
    if folder:
        page.set_viewport_size({"width": 1280, "height": 1800})  # the tallest view fits into it
        page.get_by_role("button", name="Send", exact=True).click()
    for view in page.locator(".kit-view").all() if folder else []:
        name = (view.get_attribute("aria-label") or "").lower().replace(" ", "_")
        view.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        view.screenshot(path=str(Path(str(folder)) / f"gallery_{name}.png"))
