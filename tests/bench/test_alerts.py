"""An alert is with its receiver well before anybody would miss it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kit.alerts import webhook
from kit.alerts.channel import Refused
from kit.bench.alerts import alerts
from kit.errors import StepFailedError


def test_all_arrive_in_time(tmp_path: Path) -> None:
    [figure] = alerts(tmp_path)
    assert 0 < figure.value < 2
    assert figure.ok


def test_what_did_not_arrive_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook.WebhookChannel, "send", lambda *_: Refused("no"))
    with pytest.raises(StepFailedError, match="5 alerts must arrive, but 0 did"):
        list(alerts(tmp_path))
