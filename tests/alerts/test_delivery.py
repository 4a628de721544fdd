"""Alerts reach real receivers: signed, once, also those that were down, and without holding up a batch."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from pathlib import Path

import pytest
from pydantic import ValidationError

from alerts.conftest import Place
from alerts.receivers import Inbox, free_port, mail_server, web_server
from kit.alerts.channel import Delivered, Later, Refused
from kit.alerts.config import AlertSettings, Email, Webhook
from kit.alerts.notify import try_channels
from kit.alerts.store import Store
from kit.project import Project

PETS, PRICE = "category=pets", "price"
SIGNED = {"secret_variable": "KIT_TEST_SECRET"}
UNSET = {"secret_variable": "KIT_NOT_SET"}
SECRET = "s3cret-canary"  # noqa: S105  what must not be found anywhere


def hook(inbox: Inbox, **more: object) -> AlertSettings:
    return AlertSettings(webhook=Webhook.model_validate({"url": f"http://127.0.0.1:{inbox.port}/a", **more}))


def mail(inbox: Inbox) -> AlertSettings:
    addresses = {"sender": "kit@example.org", "recipients": ["ann@example.org", "bob@example.org"]}
    return AlertSettings(email=Email.model_validate({"host": "127.0.0.1", "port": inbox.port, **addresses}))


def waiting(place: Place) -> int:
    return len(Store(place.workspace).waiting("recommender"))


def test_a_webhook_gets_the_evidence_signed(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KIT_TEST_SECRET", SECRET)
    with web_server() as inbox:
        told = place.tell(place.alerts(hook(inbox, **SIGNED)), PETS)
        place.tell(place.alerts(hook(inbox, **SIGNED)), PETS)
    assert [type(one.outcome) for one in told.sent] == [Delivered]
    [message], [headers], [body] = inbox.messages, inbox.headers, inbox.bodies
    assert (message["subject"], message["about"], message["value"]) == (PETS, "span 8", 0.0)
    assert len(message["rows"]) == 5
    assert message["picture"].startswith("<svg>")
    signed = headers["X-Kit-Timestamp"].encode() + b"." + body
    expected = hmac.new(SECRET.encode(), signed, hashlib.sha256).hexdigest()
    assert headers["X-Kit-Signature"] == f"sha256={expected}"
    assert abs(int(headers["X-Kit-Timestamp"]) - time.time()) < 60
    kept = [path.read_bytes() for path in place.folder.rglob("*") if path.is_file()]
    assert kept
    assert not [content for content in kept if SECRET.encode() in content]


def test_what_a_receiver_that_was_down_missed_comes_when_it_is_back(place: Place) -> None:
    port = free_port()
    down = Inbox(port=port)
    told = place.tell(place.alerts(hook(down)), PETS)
    [sent] = told.sent
    assert isinstance(sent.outcome, Later)
    assert "Not delivered yet through webhook" in told.message
    assert waiting(place) == 1
    with web_server(port) as inbox:
        assert not place.tell(place.alerts(hook(inbox)), PETS).sent, "its next attempt is not due"
        place.now += 31
        [sent] = place.tell(place.alerts(hook(inbox)), PETS).sent
        assert sent.outcome == Delivered()
        assert len(inbox.bodies) == 1
    assert waiting(place) == 0


def test_the_pauses_grow_and_end_after_a_week(place: Place) -> None:
    down = Inbox(port=free_port())
    alerts = place.alerts(hook(down))
    place.tell(alerts, PETS)
    for pause in (30, 60, 120):
        place.now += pause - 1
        assert not place.tell(alerts, PETS).sent
        place.now += 2
        [sent] = place.tell(alerts, PETS).sent
        assert isinstance(sent.outcome, Later)
    place.now += 8 * 86_400
    [sent] = place.tell(alerts, PETS).sent
    assert isinstance(sent.outcome, Refused)
    assert "given up after a week" in sent.outcome.problem
    assert waiting(place) == 0


def test_a_server_that_recovers_in_a_moment_gets_it_in_the_same_run(place: Place) -> None:
    with web_server() as inbox:
        inbox.answers = [503, 500]
        [sent] = place.tell(place.alerts(hook(inbox)), PETS).sent
    assert sent.outcome == Delivered()
    assert (inbox.asked, len(inbox.bodies)) == (3, 1)


@pytest.mark.parametrize(
    ("status", "told"), [(404, "answered 404"), (301, "a redirect"), (410, "answered 410")]
)
def test_what_a_receiver_will_never_take_is_said_and_dropped(place: Place, status: int, told: str) -> None:
    with web_server() as inbox:
        inbox.answers = [status]
        found = place.tell(place.alerts(hook(inbox)), PETS)
    assert inbox.asked == 1, "a redirect is not followed"
    assert told in found.message
    assert "NOT delivered through webhook" in found.message
    assert waiting(place) == 0


def test_a_receiver_that_hangs_does_not_hold_up_a_batch(place: Place) -> None:
    with web_server() as inbox:
        inbox.release = threading.Event()
        started = time.monotonic()
        told = place.tell(place.alerts(hook(inbox, timeout_seconds=1)), PETS, PRICE)
        assert time.monotonic() - started < 25  # it would hang for ever
    assert [type(one.outcome) for one in told.sent] == [Later], "the second is not tried after the first"
    assert waiting(place) == 2


def test_a_secret_that_is_not_set_is_named_and_the_message_waits(place: Place) -> None:
    with web_server() as inbox:
        told = place.tell(place.alerts(hook(inbox, **UNSET)), PETS)
    assert "KIT_NOT_SET must hold a secret" in told.message
    assert (inbox.asked, waiting(place)) == (0, 1)


def test_what_is_over_or_muted_before_it_was_delivered_is_not_sent(place: Place) -> None:
    port = free_port()
    down = place.alerts(hook(Inbox(port=port)))
    place.tell(down, PETS, PRICE)
    place.tell(down, PRICE)
    with web_server(port) as inbox:
        assert len(place.alerts(hook(inbox)).send()) == 1
        assert [message["subject"] for message in inbox.messages] == [PRICE]


def test_mail_has_the_evidence_and_the_picture(place: Place) -> None:
    with mail_server() as inbox:
        [sent] = place.tell(place.alerts(mail(inbox)), PETS).sent
    assert sent.outcome == Delivered()
    [message] = inbox.mails
    assert message["Subject"] == f"[recommender] warning: label rates, {PETS} (span 8)"
    assert message["To"] == "ann@example.org, bob@example.org"
    _, text, picture = message.walk()
    body = text.get_payload(decode=True)
    assert isinstance(body, bytes)
    parts = (
        "0.0% of 398 rows are clicked.",
        "Expected: 12.8%, as in train.",
        '"user_id": "u4"',
        "kit alerts",
    )
    for part in parts:
        assert part in body.decode()
    assert picture.get_content_type() == "image/svg+xml"


@pytest.mark.parametrize(("status", "outcome"), [(451, Later), (550, Refused)])
def test_mail_that_is_not_taken_waits_or_is_dropped(place: Place, status: int, outcome: type) -> None:
    with mail_server() as inbox:
        inbox.answers = [status] * 9
        [sent] = place.tell(place.alerts(mail(inbox)), PETS).sent
    assert isinstance(sent.outcome, outcome)
    assert waiting(place) == (1 if outcome is Later else 0)


def test_one_receiver_that_is_down_keeps_nothing_from_the_other(place: Place) -> None:
    with mail_server() as inbox:
        both = AlertSettings(webhook=hook(Inbox(port=free_port())).webhook, email=mail(inbox).email)
        told = place.tell(place.alerts(both), PETS)
    assert {one.channel: type(one.outcome) for one in told.sent} == {"webhook": Later, "email": Delivered}
    assert waiting(place) == 1


def test_a_message_that_another_process_delivers_is_left_to_it(place: Place) -> None:
    port = free_port()
    place.tell(place.alerts(hook(Inbox(port=port))), PETS)
    store = Store(place.workspace)
    [message] = store.waiting("recommender")
    place.now += 40
    assert store.hold(message.delivery, place.now, place.now + 60)
    with web_server(port) as inbox:
        assert not place.alerts(hook(inbox)).send()
        place.now += 61
        assert [one.outcome for one in place.alerts(hook(inbox)).send()] == [Delivered()]


def test_each_channel_can_be_tried(place: Place) -> None:
    project = Project.load("recommender")
    with web_server() as inbox:
        spec = project.spec.model_copy(update={"alerts": hook(inbox)})
        assert try_channels(Project(project.folder, spec)) == [("webhook", "delivered")]
        assert inbox.messages[0]["severity"] == "test"
    [(_, outcome)] = try_channels(Project(project.folder, spec))
    assert "no answer from the receiver" in outcome
    assert not (place.folder / "alerts").exists()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"webhook": {"url": "ftp://example.org"}}, "an address such as https"),
        ({"webhook": {"url": "https://a:b@example.org"}}, "holds no password"),
        ({"webhook": {"url": "https://example.org", "secret": "x"}}, "name it in secret_variable"),
        ({"webhook": {"url": "https://example..org"}}, "names a host"),
        ({"webhook": {"url": "https://example.org:99999"}}, "out of range"),
        ({"webhook": {"url": "https://example.org/ä"}}, "written in ASCII"),
        ({"email": {"host": "a b", "sender": "a@b", "recipients": ["a@b"]}}, "named as mail.example.org"),
        ({"email": {"host": "h", "sender": "ä@b", "recipients": ["a@b"]}}, "in ASCII"),
        (
            {"email": {"host": "h", "sender": "a@b", "recipients": ["a@b"], "password": "x"}},
            "password_variable",
        ),
        ({"email": {"host": "h", "sender": "ann", "recipients": ["a@b"]}}, "written as ann@example.org"),
        ({"email": {"host": "h", "sender": "a@b", "recipients": []}}, "at least 1 item"),
        ({"email": {"host": "h", "sender": "a@b", "recipients": ["a@b"], "user": "u"}}, "go together"),
        (
            {
                "email": {
                    "host": "h",
                    "sender": "a@b",
                    "recipients": ["a@b"],
                    "user": "u",
                    "password_variable": "P",
                }
            },
            "set starttls",
        ),
    ],
    ids=[
        "scheme",
        "password",
        "secret itself",
        "no host",
        "no port",
        "letters",
        "no server",
        "letters of a sender",
        "password itself",
        "sender",
        "nobody",
        "user alone",
        "in the clear",
    ],
)
def test_settings_that_cannot_be_are_refused(section: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        AlertSettings.model_validate(section)


def test_the_log_and_the_file_are_always_there(place: Place) -> None:
    place.tell(place.alerts(), PETS)
    folder: Path = place.folder / "alerts/recommender"
    assert sorted(path.name for path in folder.iterdir()) == ["alerts.jsonl", "alerts.log"]
