"""JupyterLab for tests: started on a folder, and a browser page that reports what must not happen."""

from __future__ import annotations

import json
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
from contextlib import contextmanager
from pathlib import Path

import nbformat
import papermill
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbconvert import HTMLExporter
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Position, expect, sync_playwright
from small_notebooks import write_notebook
from traitlets.config import Config

from kit.bench.views import FIGURES_VARIABLE

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
needs_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]
TOKEN = "test"  # noqa: S105  a server on localhost that lives for a minute

expect.set_options(timeout=20_000)  # Playwright's 5 s are short where two other tests use the same processors

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")

# JupyterLab asks for it every ten seconds, and again when it got no answer. While a kernel starts, which a busy
# machine makes long, Jupyter's server answers 500: https://github.com/jupyter-server/enterprise_gateway/issues/1395
_LIST_OF_KERNELS = "/api/kernels?"


@contextmanager
def running_lab(folder: Path, modules: Path | None = None, base: str = "/") -> Iterator[str]:
    """JupyterLab on the notebooks in a folder, below a base URL as a hub has one; gives its address.

    Args:
        folder: its root; also gets its settings and its log, beside the notebooks.
        modules: a folder whose modules the kernels can import.
        base: begins and ends with a slash.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
        f"--ServerApp.base_url={base}",
    ]
    # All cells are drawn, not only those that would be seen: what is drawn is what can be checked.
    settings = folder / "config" / "lab" / "user-settings" / "@jupyterlab" / "notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{ "windowingMode": "none" }')
    environment = {
        **os.environ,
        # Settings and workspaces of the front end belong into the temporary folder too.
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(modules or ""), os.environ.get("PYTHONPATH")])),
    }
    with (folder / "lab.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        try:
            address = f"http://127.0.0.1:{port}{base.rstrip('/')}"
            _wait_for(f"{address}/api?token={TOKEN}", server)
            yield address
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End JupyterLab as a user does; its kernels end first.

    Where a request is answered at that moment, Python may then wait for ever for the thread in which anyio read a
    file for it: seen on a busy machine, with nothing of the kit's in it.
    """
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


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


@contextmanager
def running_browser() -> Iterator[Browser]:
    """A browser for the pages of a module; while it runs, its thread cannot run another loop of asyncio."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        yield browser
        browser.close()


@contextmanager
def watched_page(browser: Browser, allowed: str, *, ignored: str = "") -> Iterator[Page]:
    """A page that fails at its end if it asked any host but the allowed one, or wrote an error to the console.

    It knows nothing of the browser's other pages. Console errors that begin with the ignored text are left out.
    """
    with browser.new_context(viewport={"width": 1280, "height": 1000}) as context:
        page = context.new_page()
        foreign: list[str] = []
        errors: list[str] = []
        own = (allowed, allowed.replace("http", "ws"), "data:", "blob:")
        page.on(
            "request", lambda request: None if request.url.startswith(own) else foreign.append(request.url)
        )
        page.on("console", lambda message: errors.append(message.text) if _is_error(message) else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
    record_figure("requests to foreign hosts while all notebooks run in the browser", len(foreign))
    assert not foreign, f"the page asked other hosts: {foreign}"
    errors = [error for error in errors if not (ignored and error.startswith(ignored))]
    assert not errors, f"the console has errors: {errors}"


def _is_error(message: ConsoleMessage) -> bool:
    return message.type == "error" and _LIST_OF_KERNELS not in message.location["url"]


def record_figure(name: str, value: float) -> None:
    """Tell `kit bench views`, when it runs this test, what was measured."""
    if file := os.environ.get(FIGURES_VARIABLE):
        with Path(file).open("a") as figures:
            figures.write(json.dumps([name, value]) + "\n")


def keep_picture(page: Page, name: str) -> None:
    """With KIT_PICTURES=FOLDER a picture of the page is kept there."""
    folder = os.environ.get("KIT_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


@pytest.fixture(scope="module", name="browser")
def browser_of_a_module() -> Iterator[Browser]:
    """Start the browser of a module's pages."""
    with running_browser() as browser:
        yield browser


@pytest.fixture(name="page")
def page_in_the_lab(browser: Browser, lab: str) -> Iterator[Page]:
    """Return a page that reports what must not happen."""
    with watched_page(browser, lab) as page:
        yield page


# Every code cell that has been drawn shows a number and none shows the star of a running cell.
_ALL_DONE = """() => {
  const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].map(p => p.textContent);
  return prompts.length > 0 && prompts.some(p => /\\d/.test(p)) && prompts.every(p => /\\d/.test(p));
}"""


def open_and_begin(lab: str, page: Page, name: str) -> None:
    """Open a notebook in JupyterLab and begin to run all of it."""
    page.goto(f"{lab}/lab/tree/{name}.ipynb?token={TOKEN}&reset")
    page.wait_for_selector(".jp-NotebookPanel .jp-Cell", timeout=60_000)
    page.get_by_text("| Idle").wait_for(timeout=60_000)  # asked to run earlier, Lab asks for a kernel
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_text("Run All Cells", exact=True).click()


def open_and_run(lab: str, page: Page, name: str, drawn: str = ".kit-view .kit-content > *") -> Page:
    """Open a notebook in JupyterLab and run all of it; wait until what `drawn` selects is there."""
    open_and_begin(lab, page, name)
    wait_until_run(page)
    page.wait_for_selector(drawn)
    return page


def wait_until_run(page: Page) -> None:
    """Wait until no cell is running or waits to run."""
    page.wait_for_function(_ALL_DONE, timeout=180_000)


def notebook_in(folder: Path, path: Path, **parameters: object) -> None:
    """Copy a notebook with other parameters, as papermill sets them."""
    given = {name: str(value) if isinstance(value, Path) else value for name, value in parameters.items()}
    nbformat.write(parameterize_notebook(load_notebook_node(str(path)), given), folder / path.name)


def drag(target: Locator, start: Position, end: Position) -> None:
    """Drag between two places in an element, each found when the element stands still: Lab moves its cells late."""
    target.hover(position=start)
    target.page.mouse.down()
    target.hover(position=end)
    target.page.mouse.up()


def set_theme(page: Page, theme: str) -> None:
    """Choose JupyterLab's theme `Light` or `Dark` in its menu, and wait for it."""
    page.get_by_role("menuitem", name="Settings", exact=True).click()
    page.get_by_text("Theme", exact=True).click()
    page.get_by_text(f"JupyterLab {theme}", exact=True).click()
    page.wait_for_function(f"document.body.dataset.jpThemeName === 'JupyterLab {theme}'")


def violations(page: Page) -> list[str]:
    """What axe-core finds in views that is serious or critical."""
    found = Axe().run(page, context=".kit-view").response["violations"]
    told = [
        f"{violation['id']}: {node['html'][:200]} {node['failureSummary'][:300]}"
        for violation in found
        if violation["impact"] in {"serious", "critical"}
        for node in violation["nodes"][:3]
    ]
    record_figure("accessibility violations, serious or critical", len(told))
    return told


def check_narrow(page: Page, picture: str) -> None:
    """In a narrow window and both themes: accessible, nothing that data brought has run, only tables are wider."""
    page.set_viewport_size({"width": 900, "height": 900})
    for theme in ("Dark", "Light"):  # the last one stays JupyterLab's for the pages that follow
        set_theme(page, theme)
        assert not violations(page), theme
        assert page.evaluate("window.hacked") is None
        keep_picture(page, f"{picture}_{theme.lower()}_900")
        for view in page.locator(".kit-view").all():
            assert view.evaluate("view => view.scrollWidth <= view.clientWidth"), theme


def converted(path: Path) -> str:
    """Return a notebook as nbconvert shows it in a page."""
    exporter = HTMLExporter(config=Config({"HTMLExporter": {"template_name": "basic"}}))
    return str(exporter.from_filename(str(path))[0])


@contextmanager
def offline_page(browser: Browser, folder: Path, *cells: str) -> Iterator[Page]:
    """What papermill and nbconvert make of a notebook with these cells, as a file, and a browser without a network."""
    write_notebook(folder / "given.ipynb", *cells)
    papermill.execute_notebook(folder / "given.ipynb", folder / "done.ipynb", progress_bar=False)
    body = converted(folder / "done.ipynb")
    page_file = folder / "done.html"
    page_file.write_text(f"<!doctype html><html lang='en'><title>t</title><body>{body}</body>")
    with watched_page(browser, folder.as_uri()) as page:
        page.context.set_offline(True)
        page.goto(page_file.as_uri())
        yield page


def check_text(page: Page) -> None:
    """Check that hostile values in the views of a page have stayed text."""
    assert page.locator(".kit-view img, .kit-view script").count() == 0
    assert page.evaluate("window.hacked") is None
    assert not violations(page)
