from __future__ import annotations

from pathlib import Path

from alerts.conftest import finding

from kit.alerts.desk import ACKNOWLEDGE, AlertDesk
from kit.alerts.notify import AlertNotifier
from kit.batch.ending import open_alerts
from kit.batch.record import new_record
from kit.project import Project
from kit.workspace import Workspace


def test_what_a_check_only_warned_of_is_told_until_somebody_knows(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    record = new_record("1", "recommender", workspace.path, [])
    assert not open_alerts(record)
    assert not (workspace.path / "alerts").exists()

    told = AlertNotifier(workspace, Project.load("recommender")).tell(
        [finding("price"), finding("age")], "span 8", "01_data"
    )
    lines = open_alerts(record)
    assert lines[0].endswith(f"`kit alerts show ID -w {workspace.path}` says what to do:")
    assert sorted(lines[1:]) == sorted(f"  {one.id}  {one.title}" for one in told.opened)
    assert not open_alerts(new_record("2", "another", workspace.path, []))

    AlertDesk(workspace).decide(told.opened[0].id, ACKNOWLEDGE, "Ada", "Known since Monday.")
    assert open_alerts(record)[1:] == [f"  {one.id}  {one.title}" for one in told.opened[1:]]


def test_a_damaged_store_of_alerts_does_not_change_how_a_run_ended(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "ws")
    (workspace.path / "alerts").mkdir()
    (workspace.path / "alerts" / "alerts.sqlite").write_text("no database" * 99)
    [line] = open_alerts(new_record("1", "recommender", workspace.path, []))
    assert "must be a database" in line
