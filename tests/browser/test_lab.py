"""JupyterLab in a real browser: a person opens a notebook, runs all of it, and reads the results.

With KIT_PICTURES=FOLDER the screenshots are also kept there, as the README shows them.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from playwright.sync_api import Page, sync_playwright

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
TOKEN = "test"  # noqa: S105  a server on localhost that lives for a minute

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """JupyterLab on copies of the notebooks whose workspace is a temporary folder; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    for path in NOTEBOOKS.glob("*.ipynb"):
        notebook = parameterize_notebook(
            load_notebook_node(str(path)), {"workspace": str(folder / "workspace")}
        )
        nbformat.write(notebook, folder / "notebooks" / path.name)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder / 'notebooks'}",
    ]
    # Settings and workspaces of the front end belong into the temporary folder too.
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
    }
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/api?token={TOKEN}", server)
            yield address
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(30)


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.poll() is None, "JupyterLab ended while it was started"
        try:
            with urllib.request.urlopen(address):  # noqa: S310  http on localhost
                return
        except urllib.error.URLError:
            time.sleep(0.3)
    raise AssertionError("JupyterLab did not answer within a minute")


@pytest.fixture
def page(lab: str) -> Iterator[Page]:
    """A page of a browser that reports every request to a host other than the server."""
    with sync_playwright() as playwright:
        flags = [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
        ]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        foreign: list[str] = []
        page.on(
            "request",
            lambda request: foreign.append(request.url) if not _is_local(request.url, lab) else None,
        )
        yield page
        browser.close()
        assert not foreign, f"the page asked other hosts: {foreign}"


def _is_local(url: str, lab: str) -> bool:
    return url.startswith((lab, "data:", "blob:", lab.replace("http", "ws")))


# In the order of the chain, and then the map, which shows what has been done. What each shows at its end, and the
# heading that its picture starts with.
STORY = [
    ("01_data", "The data follow their schema in both splits.", "2. Compute statistics"),
    ("02_features", "Transform: done in", "3. Prove that serving equals training"),
    ("03_train", "Trainer: done in", "2. The curves"),
    ("04_evaluate", "The model met every gate and is blessed.", "3. The gates"),
    ("05_release", "is in", "3. Push"),
    ("00_start_here", "✓ done", "The road"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("notebook", "expected", "heading"), STORY, ids=[name for name, *_ in STORY])
def test_a_notebook_runs_in_the_browser(
    lab: str, page: Page, notebook: str, expected: str, heading: str
) -> None:
    # JupyterLab drops what is run before it is connected to a kernel; this one may still be importing then.
    with page.expect_websocket(lambda socket: socket.url.split("?")[0].endswith("/channels"), timeout=60_000):
        page.goto(f"{lab}/lab/tree/{notebook}.ipynb?token={TOKEN}&reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()
    page.wait_for_function(_ALL_DONE, timeout=180_000)
    outputs = page.locator(".jp-OutputArea-output")
    assert expected in "\n".join(outputs.all_inner_texts())
    assert page.locator('.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.error"]').count() == 0
    _keep_picture(page, notebook, heading)


# Every code cell that has been drawn shows a number and none shows the star of a running cell.
_ALL_DONE = """() => {
  const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent);
  return prompts.length > 0 && prompts.some(p => /\\d/.test(p)) && prompts.every(p => /\\d/.test(p));
}"""


def _keep_picture(page: Page, name: str, heading: str) -> None:
    folder = os.environ.get("KIT_PICTURES")
    if folder:
        page.keyboard.press("Escape")
        page.get_by_role("heading", name=heading).evaluate("node => node.scrollIntoView()")
        page.wait_for_timeout(500)  # JupyterLab draws cells that come into view a moment later
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
