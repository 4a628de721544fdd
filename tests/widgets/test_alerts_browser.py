"""Alerts in a real JupyterLab: read, acknowledged and muted."""

from __future__ import annotations

from collections.abc import Callable

from lab import keep_picture, needs_browser, violations
from playwright.sync_api import Page, expect

pytestmark = needs_browser

IMPORTS = """from alert_examples import *
from widgets.alerts import Alerts
desk = Desk()"""
NOTEBOOKS = {"alerts": "Alerts(desk.again(), desk.decide, desk.again)"}


def test_an_alert_is_read_and_decided_about(show: Callable[[str], Page]) -> None:
    page = show("alerts")
    page.get_by_role("button", name="drift, price").click()
    expect(page.get_by_text("Look at what was delivered.")).to_be_visible()
    expect(page.get_by_role("img", name="How price is spread")).to_be_visible()
    keep_picture(page, "alerts")
    assert not violations(page)

    page.get_by_role("button", name="Mute until the day").click()
    expect(page.get_by_role("alert")).to_contain_text("needs a name and a reason")
    page.get_by_label("Your name").fill("Ann")
    page.get_by_label("Reason").fill("the shop tests")
    page.get_by_label("Mute until", exact=True).fill("2026-02-01")
    page.get_by_role("button", name="Mute until the day").click()
    expect(page.get_by_role("alert")).to_have_text("✓ mute: Ann: the shop tests 2026-02-01")
    page.get_by_label("Reason").fill("mine")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_role("status")).to_have_text("3 alerts: 2 acknowledged, 1 open")
    page.get_by_label("Reason").fill("it was another")
    page.get_by_role("button", name="Open again").click()
    expect(page.get_by_role("status")).to_have_text("3 alerts: 2 open, 1 acknowledged")
    keep_picture(page, "alerts_decided")
