"""The report of a run, opened from its file in a browser that reaches nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from commands import NUMBERED, Ended, runs
from lab import CHROMIUM, needs_browser
from playwright.sync_api import sync_playwright

pytestmark = [*needs_browser, pytest.mark.slow]


def test_it_opens_offline_and_shows_every_notebook(sample: tuple[Path, Ended]) -> None:
    workspace, _ = sample
    report = workspace / "runs" / runs(workspace)[0]["run_id"] / "report.html"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: asked.append(message.text))
        page.goto(report.as_uri())
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        assert page.get_by_role("heading", level=1).inner_text().endswith(": done")
        assert page.locator("body > details > summary").all_inner_texts()[-len(NUMBERED) :] == [
            path.stem for path in NUMBERED
        ]
        page.locator("body > details > summary", has_text="04_evaluate").click()
        assert page.get_by_text("The model met every gate").is_visible()
        if folder := os.environ.get("KIT_PICTURES"):
            page.evaluate("window.scrollTo(0, 0)")
            page.screenshot(path=str(Path(folder) / "report.png"))
        browser.close()
