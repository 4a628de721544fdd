"""`kit alerts`: what was told is listed, shown, decided about and delivered from the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from imports import imported_by
from in_process import kit

from alerts.conftest import finding
from alerts.receivers import free_port, web_server
from kit.alerts.incident import Incident
from kit.alerts.notify import AlertNotifier
from kit.project import Project
from kit.project.folder import BUILT_IN
from kit.workspace import Workspace

PORT = free_port()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A workspace with a project of its own, whose receiver is down."""
    project = tmp_path / "projects" / "shop"
    project.mkdir(parents=True)
    spec = yaml.safe_load((BUILT_IN / "recommender" / "project.yml").read_text())
    del spec["schema_file"]
    spec |= {"name": "shop", "alerts": {"webhook": {"url": f"http://127.0.0.1:{PORT}/"}}}
    (project / "project.yml").write_text(yaml.safe_dump(spec))
    for name in ("features.py", "model.py"):
        (project / name).write_text("")
    return tmp_path


@pytest.fixture
def incident(folder: Path) -> Incident:
    alerts = AlertNotifier(Workspace(folder), Project.load("shop", folder))
    [incident] = alerts.tell([finding("price")], "span 8", "01_data").opened
    return incident


def alerts(folder: Path, *words: str) -> tuple[int, str]:
    return kit("alerts", *words, "-w", folder)


def test_an_incident_is_listed_shown_and_decided_about(folder: Path, incident: Incident) -> None:
    code, listed = alerts(folder, "list", "-P", "shop")
    assert code == 0
    assert f"{incident.id}  open   shop, span 8: label rates, price  1" in listed
    code, shown = alerts(folder, "show", incident.id[:4])
    assert code == 0
    for part in ("expected  12.8%, as in train", "what to do  Look.", "u4", "notebook  01_data"):
        assert part in shown
    (folder / "alerts").chmod(0o555)
    database = folder / "alerts" / "alerts.sqlite"
    database.chmod(0o444)
    made = (database.stat().st_mtime_ns, sorted(folder.rglob("*")))
    assert alerts(folder, "list") == (0, listed), "where one may only read, too"
    assert made == (database.stat().st_mtime_ns, sorted(folder.rglob("*")))
    (folder / "alerts").chmod(0o755)
    database.chmod(0o644)
    code, said = alerts(folder, "ack", incident.id, "--who", "Ann", "--why", "on it")
    assert (code, "stays open" in said) == (0, True)
    code, said = alerts(
        folder, "mute", incident.id, "--until", "2999-01-01", "--who", "Ann", "--why", "known"
    )
    assert (code, "until the end of 2999-01-01 UTC" in said) == (0, True)
    assert "open, muted until 2999-01-02 00:00" in alerts(folder, "list")[1]
    assert alerts(folder, "list", "-P", "other")[1].count("\n") == 1


def test_wrong_words_are_wrong_usage(folder: Path, incident: Incident) -> None:
    assert alerts(folder, "show", "zz")[0] == 2
    code, said = alerts(folder, "mute", incident.id, "--until", "never", "--why", "known", "--who", "Ann")
    assert (code, "such as 2026-01-31" in said) == (2, True)


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert alerts(tmp_path / "nowhere", "list") == (0, "id  state  incident  times  last seen\n")
    assert alerts(tmp_path / "nowhere", "show", "x")[0] == 2
    assert not (tmp_path / "nowhere").exists()


def test_what_waits_is_delivered_later(folder: Path, incident: Incident) -> None:
    code, said = alerts(folder, "send")
    assert code == 1
    assert "1 message waiting." in said
    assert "shop, webhook: later: no answer" in said
    with web_server(PORT) as inbox:
        code, said = alerts(folder, "send")
        assert [message["incident"] for message in inbox.messages] == [incident.id]
    assert (code, said) == (0, "shop, webhook: delivered\nNo messages waiting.\n")


def test_a_channel_is_tried(folder: Path) -> None:
    code, said = alerts(folder, "test", "-P", "shop")
    assert (code, "no answer from the receiver" in said) == (1, True)
    with web_server(PORT):
        assert alerts(folder, "test", "-P", "shop")[0] == 0
    assert "no channel in project.yml" in alerts(folder, "test")[1]


def test_a_decision_is_taken_back(folder: Path, incident: Incident) -> None:
    assert alerts(folder, "ack", incident.id, "--who", "Ann", "--why", "on it")[0] == 0
    code, said = alerts(folder, "open", incident.id, "--who", "Ann", "--why", "it was another")
    assert (code, "open: Ann" in said) == (0, True)
    assert f"{incident.id}  open  " in alerts(folder, "list")[1]


@pytest.mark.usefixtures("incident")
def test_a_project_that_is_gone_keeps_nothing_from_the_others(folder: Path) -> None:
    old = folder / "projects" / "old"
    shutil.copytree(folder / "projects" / "shop", old)
    file = old / "project.yml"
    file.write_text(file.read_text().replace("name: shop", "name: old"))
    AlertNotifier(Workspace(folder), Project.load("old", folder)).tell(
        [finding("price")], "span 8", "01_data"
    )
    elsewhere = folder / "elsewhere" / "old"
    elsewhere.parent.mkdir()
    old.rename(elsewhere)
    with web_server(PORT) as inbox:
        code, said = alerts(folder, "send")
        assert [message["project"] for message in inbox.messages] == ["shop"]
        assert (code, "--project FOLDER" in said, "1 message waiting." in said) == (1, True, True)
        assert alerts(folder, "send", "-P", str(elsewhere))[0] == 0
        assert [message["project"] for message in inbox.messages] == ["shop", "old"]
    assert alerts(folder, "send", "-P", "old")[0] == 2


def test_values_of_data_steer_no_terminal(folder: Path) -> None:
    odd = finding("category=\x1b[2Jpets\n", "a\x1b]0;b\x07")
    AlertNotifier(Workspace(folder), Project.load("shop", folder)).tell([odd], "span 8", "01_data")
    [row] = alerts(folder, "list")[1].splitlines()[1:]
    shown = alerts(folder, "show", row.split()[0])[1]
    assert not {"\x1b", "\x07"} & set(row + shown)


def test_it_imports_nothing_slow(folder: Path, incident: Incident) -> None:
    script = "import sys; from kit.cli import app; app(sys.argv[1:], standalone_mode=False)"
    modules, printed = imported_by(script, "alerts", "list", "-w", folder)
    assert incident.id in printed
    assert "tensorflow" not in modules
