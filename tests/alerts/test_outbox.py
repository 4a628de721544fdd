"""What waits is delivered once, whoever else delivers, hangs or is killed, and no channel waits for another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from waiting import wait_until

from alerts.conftest import Place, finding
from alerts.receivers import free_port, mail_server, web_server
from kit.alerts.channel import Delivered, Later, Refused
from kit.alerts.config import AlertSettings, Email, Webhook
from kit.alerts.notify import AlertNotifier
from kit.alerts.outbox import BUDGET_SECONDS
from kit.alerts.store import Store
from kit.checks.check import Finding
from kit.project import Project
from kit.workspace import Workspace

PETS, PRICE = "category=pets", "price"
SPAWN = multiprocessing.get_context("spawn")


def hook(port: int) -> AlertSettings:
    return AlertSettings(webhook=Webhook(url=f"http://127.0.0.1:{port}/"))


def waiting(place: Place) -> int:
    return len(Store(place.workspace).waiting("recommender"))


def test_a_receiver_that_drips_does_not_hold_up_a_batch(place: Place) -> None:
    with web_server() as inbox:
        inbox.release, inbox.drips = threading.Event(), True
        started = time.monotonic()
        told = place.tell(place.alerts(hook(inbox.port)), PETS)
        assert time.monotonic() - started < BUDGET_SECONDS + 20  # it would drip for ever
        assert [one.outcome for one in told.sent] == [Later("no answer within 5 seconds")]
        assert waiting(place) == 1
        inbox.release.set()
        wait_until(lambda: waiting(place) == 0, 60)
    assert len(inbox.bodies) == 1, "it was taken after all, and is not sent again"


def test_a_receiver_that_hangs_takes_no_time_from_another(place: Place) -> None:
    addresses = {"sender": "kit@example.org", "recipients": ("ann@example.org",)}
    with web_server() as web, mail_server() as mail:
        web.release = threading.Event()
        email = Email.model_validate({"host": "127.0.0.1", "port": mail.port, **addresses})
        told = place.tell(place.alerts(AlertSettings(webhook=hook(web.port).webhook, email=email)), PETS)
    assert {one.channel: type(one.outcome) for one in told.sent} == {"webhook": Later, "email": Delivered}


def test_what_is_left_for_later_is_counted(place: Place) -> None:
    alerts = place.alerts(hook(free_port()))
    told = place.tell(alerts, PETS, PRICE)
    assert told.message.count("Not delivered yet") == 1
    assert "1 more to be delivered, later or by `kit alerts send`." in told.message
    assert "1 more to be delivered" in place.tell(alerts, PETS, PRICE).message
    assert "2 more to be delivered" in place.tell(alerts, PETS, PRICE).message, "neither is due"


def test_a_channel_that_project_yml_no_longer_has_is_said(place: Place) -> None:
    place.tell(place.alerts(hook(free_port())), PETS)
    place.now += 31
    told = place.tell(place.alerts(), PETS)
    assert "`alerts` in project.yml names no webhook" in told.message
    place.now += 8 * 86_400
    [sent] = place.alerts().send()
    assert isinstance(sent.outcome, Refused)
    assert waiting(place) == 0


def test_thousands_of_attempts_are_no_error(place: Place) -> None:
    place.tell(place.alerts(hook(free_port())), PETS)
    with Store(place.workspace).change() as database:
        database.execute("UPDATE outbox SET attempts = 5000")
    [sent] = place.alerts().send()
    assert isinstance(sent.outcome, Later)
    place.now += 3_601
    assert Store(place.workspace).waiting("recommender", place.now), "an hour is the longest pause"


def test_what_a_channel_did_not_foresee_ends_no_notebook(place: Place) -> None:
    class Broken:
        name = "webhook"

        def send(self, *_: object, **__: object) -> Any:
            raise ValueError("s3cret-canary")

    alerts = place.alerts(hook(free_port()))
    alerts.channels = [Broken()]
    told = place.tell(alerts, PETS)
    assert "the channel failed with ValueError" in told.message
    assert "s3cret-canary" not in told.message


def test_names_that_break_lines_are_delivered(place: Place) -> None:
    odd = Finding("label rates", "one\n\rtwo\x1b[31m", "warn", subject="category=a\r\nBcc: bob@example.org")
    addresses = {"sender": "kit@example.org", "recipients": ("ann@example.org",)}
    with mail_server() as inbox:
        email = Email.model_validate({"host": "127.0.0.1", "port": inbox.port, **addresses})
        told = place.alerts(AlertSettings(email=email)).tell([odd], "span 8", "01_data")
    assert [one.outcome for one in told.sent] == [Delivered()]
    [mail] = inbox.mails
    assert mail["Bcc"] is None
    log = (place.folder / "alerts/recommender/alerts.log").read_text().splitlines()
    assert len(log) == 1


def test_what_is_not_finite_is_no_number_in_json(place: Place) -> None:
    with web_server() as inbox:
        alerts = place.alerts(hook(inbox.port))
        alerts.tell([Finding("drift", "far", "warn", value=float("inf"))], "span 8", "01_data")
    assert inbox.messages[0]["value"] is None


def _tell(folder: Path, port: int, barrier: Any) -> None:
    project = Project.load("recommender")
    spec = project.spec.model_copy(update={"alerts": hook(port)})
    alerts = AlertNotifier(Workspace(folder), Project(project.folder, spec))
    if barrier is not None:
        barrier.wait()
    alerts.tell([finding(PETS)], "span 8", "01_data")


def test_one_incident_that_two_processes_find_at_once_is_sent_once(place: Place) -> None:
    barrier = SPAWN.Barrier(3)
    with web_server() as inbox:
        args = (place.folder, inbox.port, barrier)
        processes = [SPAWN.Process(target=_tell, args=args) for _ in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
            assert process.exitcode == 0
    assert len(inbox.bodies) == 1
    assert [one.times for one in Store(place.workspace).incidents()] == [3]
    assert len((place.folder / "alerts/recommender/alerts.jsonl").read_text().splitlines()) == 1


def test_who_is_killed_while_it_delivers_loses_nothing(place: Place) -> None:
    with web_server() as inbox:
        inbox.release = threading.Event()
        process = SPAWN.Process(target=_tell, args=(place.folder, inbox.port, None))
        process.start()
        wait_until(lambda: inbox.asked == 1, 60)
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join(60)
        inbox.release.set()
        place.now = time.time()
        alerts = place.alerts(hook(inbox.port))
        assert not alerts.send(), "for a minute it may still be with the other process"
        place.now += 61
        assert [one.outcome for one in alerts.send()] == [Delivered()]
        assert not place.tell(alerts, PETS).opened
    assert len({headers["X-Kit-Delivery"] for headers in inbox.headers}) == 1, "its receiver can tell"


def test_what_is_down_is_asked_once_a_run(place: Place) -> None:
    with web_server() as inbox:
        inbox.answers = [500] * 9
        place.tell(place.alerts(hook(inbox.port)), PETS, PRICE)
    assert inbox.asked == 3, "three attempts of the first message, none of the second"
