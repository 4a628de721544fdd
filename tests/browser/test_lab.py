"""JupyterLab in a real browser: a person opens a notebook, runs all of it, and reads the results.

With KIT_PICTURES=FOLDER the screenshots are also kept there, as the README shows them.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from lab import (
    browser_of_a_module,
    needs_browser,
    notebook_in,
    open_and_run,
    page_in_the_lab,
    running_lab,
    violations,
)
from playwright.sync_api import Page, expect

from kit.workshop.board import Progress, write
from kit.workshop.exercise import POINTS, Point, Score
from kit.workshop.solutions import solutions_of

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

__all__ = ["browser_of_a_module", "page_in_the_lab"]  # fixtures

pytestmark = needs_browser


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on copies of the notebooks whose workspace is a temporary folder; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook_in(folder, path, workspace=folder / "workspace", **GIVEN.get(path.stem, {}))
    _workshop_in(folder)
    shutil.copytree(NOTEBOOKS / "pictures", folder / "pictures")
    with running_lab(folder) as address:
        yield address


def _workshop_in(folder: Path) -> None:
    """Copy exercises with their reference solutions filled in, for somebody of a class that has begun."""
    place = folder / "workshop"
    place.mkdir()
    for name, points in {"Ada": 2, "Emmy": 1, "Grace": 3}.items():
        reached = [Point(point, place < points, "") for place, point in enumerate(POINTS)]
        write(Progress(name).with_score(Score("negative_ages", reached)), place / "class")
    for exercise, _ in ACTS:
        path = place / f"{exercise}.ipynb"
        path.write_text(_answered(NOTEBOOKS / "workshop" / path.name), encoding="utf-8")
        given = {"participant": "Alan", "class_folder": place / "class"}
        notebook_in(place, path, workspace=folder / "workspace", **given)


def _answered(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    [cell] = [cell for cell in notebook.cells if cell.source.startswith('where = ""')]
    reference = solutions_of(path.stem.partition("_")[2]).reference
    cell.source = re.sub(
        r"^(\w+) = [^#]*",
        lambda found: f"{found[1]} = {getattr(reference, found[1])!r}  ",
        cell.source,
        flags=re.MULTILINE,
    )
    return str(nbformat.writes(notebook))


# In the order of the chain, then the map and the gallery, which show what has been done. What each shows at its end,
# and the heading that its picture starts with.
STORY = [
    ("01_data", "The data follow their schema in both splits.", "2. Compute statistics"),
    ("02_features", "Transform done in", "3. Prove that serving equals training"),
    ("tune", "Trials done: ", "1. Search"),
    ("03_train", "Trainer done in", "3. What it attends to"),
    ("04_evaluate", "The model met every gate and is blessed.", "4. The gates"),
    ("05_release", "is in", "6. Push"),
    ("06_serve", "as it did before it was pushed", "4. Who may ask"),
    ("07_monitor", "The model stays", "3. Skew and drift"),
    ("08_lineage", "are as they were signed", "2. Everything behind it"),
    ("fault_lab", "faults are caught in 5% of the rows or fewer.", "2. Break a copy"),
    ("00_start_here", "✓ done", "The road"),
    ("gallery", "unchanged, taken from the cache", "Lineage"),
]


GIVEN: dict[str, dict[str, object]] = {  # other parameters than those that are committed
    "tune": {"trials": 2, "share": 0.1},
    "07_monitor": {"traffic_spans": "7"},
}


# The exercise of each act of the workshop, and the heading that its picture starts with.
ACTS = [
    ("01_negative_ages", "Your answer"),
    ("06_new_users", "Look"),
    ("07_wrong_signature", "Look"),
    ("11_slow_op", "Look"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "heading"), ACTS, ids=[name for name, _ in ACTS])
def test_an_exercise_is_solved_in_the_browser(lab: str, page: Page, exercise: str, heading: str) -> None:
    open_and_run(lab, page, f"workshop/{exercise}", drawn=".jp-OutputArea-output")
    assert "3 of 3 points" in "\n".join(page.locator(".jp-OutputArea-output").all_text_contents())
    assert not violations(page)
    _keep_picture(page, f"workshop_{exercise}", heading)
    if exercise == ACTS[0][0]:
        _inject_another(page)
    board = page.get_by_role("region", name="Class board")
    assert "Alan" in board.inner_text()
    if (folder := os.environ.get("KIT_PICTURES")) and exercise == ACTS[-1][0]:
        board.screenshot(path=str(Path(folder) / "workshop_board.png"))


def _inject_another(page: Page) -> None:
    fault = page.get_by_role("region", name="The fault")
    fault.get_by_label("Seed").fill("8")
    fault.get_by_role("button", name="Inject the fault").click()
    expect(fault).to_contain_text("The fault of seed 8 is injected", timeout=60_000)
    expect(fault).to_contain_text("Run the cells below again")


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
