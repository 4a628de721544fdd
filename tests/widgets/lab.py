"""JupyterLab for tests: started on a folder, and a browser page that reports what must not happen."""

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
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
TOKEN = "test"  # noqa: S105  a server on localhost that lives for a minute

_FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@contextmanager
def running_lab(folder: Path, modules: Path) -> Iterator[str]:
    """JupyterLab on the notebooks in a folder, whose kernels find the modules; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [
        f"--IdentityProvider.token={TOKEN}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}",
    ]
    environment = {
        **os.environ,
        # Settings and workspaces of the front end belong into the temporary folder too.
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(modules), os.environ.get("PYTHONPATH")])),
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


@contextmanager
def watched_page(allowed: str, *, ignored: str = "") -> Iterator[Page]:
    """A page that ends with an error when it asked another host than the allowed, or wrote an error to the console.

    Console errors that begin with the ignored text are left out.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(_FLAGS))
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        foreign: list[str] = []
        errors: list[str] = []
        own = (allowed, allowed.replace("http", "ws"), "data:", "blob:")
        page.on(
            "request", lambda request: None if request.url.startswith(own) else foreign.append(request.url)
        )
        page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        yield page
        browser.close()
        assert not foreign, f"the page asked other hosts: {foreign}"
        errors = [error for error in errors if not (ignored and error.startswith(ignored))]
        assert not errors, f"the console has errors: {errors}"


def keep_picture(page: Page, name: str) -> None:
    """With KIT_PICTURES=FOLDER a picture of the page is kept there."""
    folder = os.environ.get("KIT_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
