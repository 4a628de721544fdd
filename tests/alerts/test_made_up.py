"""An alert that is made up to be tried, and that no workspace has."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from valid_projects import altered

from kit.alerts.channel import Delivered
from kit.alerts.config import AlertSettings, Webhook
from kit.alerts.desk import ACKNOWLEDGE
from kit.alerts.made_up import MadeUpAlerts
from kit.batch.plan import NOTEBOOKS
from kit.project import Project

from .conftest import finding


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_it_can_be_decided_about_and_goes_with_its_desk(tmp_path: Path) -> None:
    desk = MadeUpAlerts(
        Project.load("recommender"), finding("price"), lambda subject, _shares: f"<svg>{subject}</svg>"
    )
    [record] = desk.records()
    assert (record["state"], record["subject"], record["picture"]) == ("open", "price", "<svg>price</svg>")
    desk.decide(record["id"], ACKNOWLEDGE, who="Ada", why="tried")
    assert desk.records()[0]["state"] == "acknowledged"
    assert list(tmp_path.glob("made-up-*"))
    del desk
    gc.collect()
    assert not list(tmp_path.glob("made-up-*"))


def test_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []  # an error that `send` raised would be taken for a channel that is down

    def send(_channel: object, delivery: str, *_: object) -> Delivered:
        sent.append(delivery)
        return Delivered()

    monkeypatch.setattr("kit.alerts.webhook.WebhookChannel.send", send)
    project = Project.load("recommender")
    told = AlertSettings(webhook=Webhook(url="https://example.org/alerts"))
    MadeUpAlerts(altered(project, alerts=told), finding("price"))
    assert not sent


def test_the_gallery_raises_no_alert_in_the_workspace_that_it_shows() -> None:
    assert "AlertNotifier" not in (NOTEBOOKS / "gallery.ipynb").read_text(encoding="utf-8")
