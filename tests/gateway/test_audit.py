"""The access log of a real Envoy: what it says of each request, and what it must never hold."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from gateway.standin import GRPC_PREDICT, GRPC_RELOAD, MODEL, PREDICT, VERSION, Lab
from kit.gateway.audit import count_answered, parse_since, read_log
from kit.gateway.errors import GatewayError

NOW = dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC)
FEATURE, SECRET = "feature-of-ann", "secret-of-ann"


def test_every_request_is_told_and_none_of_its_content(lab: Callable[..., Lab]) -> None:
    running = lab(limits={"request_bytes": 1000}, rate_limit={"requests": 8, "seconds": 3600})
    token = running.token()
    running.ask(json={"instances": [FEATURE]}, headers={"user-agent": SECRET, "referer": SECRET})
    assert running.call(GRPC_PREDICT, request=FEATURE.encode()) is grpc.StatusCode.OK
    assert running.call(GRPC_PREDICT, request=b"broken") is grpc.StatusCode.INTERNAL
    running.ask(path=f"/{SECRET}?{SECRET}={SECRET}", headers={"x-request-id": SECRET})
    running.ask("OPTIONS", path=f"{PREDICT}?{SECRET}")
    running.ask(content=FEATURE * 100)
    running.ask(json={"status": 500})
    running.ask(token=SECRET)
    running.ask(headers={"authorization": ""}, path=f"/v1/models/{MODEL}/labels/{SECRET}")
    running.ask(token=running.token("bob", audience="other"))
    running.ask("GET", f"/v1/models/{MODEL}/versions/4/metadata")
    running.ask("GET", f"/v1/models/{MODEL}/versions/4/metadata")
    running.log(12)
    text = running.files.access_log.read_text()
    assert not [word for word in (FEATURE, SECRET, token, token.split(".")[1]) if word in text]
    told = [
        (one.subject, one.route, one.version, one.status, one.verdict)
        for one in read_log(running.files.access_log)
    ]
    assert told == [
        ("ann", f"{MODEL}:predict", VERSION, "200", "allowed"),
        ("ann", "Predict", VERSION, "OK", "allowed"),
        ("ann", "Predict", VERSION, "INTERNAL", "failed: the server's error"),
        ("ann", "unknown", "", "404", "refused: unknown path"),
        ("ann", f"{MODEL}:predict", "", "405", "refused: method"),
        ("ann", f"{MODEL}:predict", "", "413", "refused: too large"),
        ("ann", f"{MODEL}:predict", VERSION, "500", "failed: the server's error"),
        ("", f"{MODEL}:predict", "", "401", "refused: token not valid"),
        ("", f"{MODEL}:status", "", "401", "refused: no token"),
        ("", f"{MODEL}:predict", "", "403", "refused: token for somebody else"),
        ("ann", f"{MODEL}:metadata", VERSION, "200", "allowed"),
        ("ann", f"{MODEL}:metadata", "", "429", "refused: too many requests"),
    ]
    allowed = list(read_log(running.files.access_log, verdict="allowed"))
    [counted] = count_answered(running.files.access_log)
    assert (counted.version, counted.count) == (VERSION, len(allowed))
    assert (counted.first, counted.last) == (
        min(one.time for one in allowed),
        max(one.time for one in allowed),
    )


def test_a_refused_path_of_grpc_is_told_as_one(lab: Callable[..., Lab]) -> None:
    running = lab()
    assert running.call(GRPC_RELOAD) is grpc.StatusCode.UNIMPLEMENTED
    running.ask("GET", GRPC_PREDICT, headers={"content-type": "application/grpc"})
    running.log(2)
    told = [(one.route, one.verdict) for one in read_log(running.files.access_log)]
    assert told == [("unknown", "refused: unknown path"), ("Predict", "refused: method")]


def test_a_query_finds_who_when_and_what(lab: Callable[..., Lab]) -> None:
    running = lab()
    for name in ("ann", "bob", "ann"):
        running.ask(token=running.token(name))
    running.ask("PUT")
    running.log(4)
    log = running.files.access_log
    assert len(list(read_log(log, subject="ann"))) == 3
    assert [one.route for one in read_log(log, subject="ann", verdict="refused")] == [f"{MODEL}:predict"]
    first, *_, last = read_log(log)
    assert list(read_log(log, since=last.time + dt.timedelta(seconds=1))) == []
    assert len(list(read_log(log, since=first.time))) == 4
    assert abs((first.time - dt.datetime.now(dt.UTC)).total_seconds()) < 60
    assert first.milliseconds < 20_000
    assert first.client == "127.0.0.1"
    assert running.standin.seen[0][1]["x-request-id"] == first.request_id


def test_a_line_that_is_being_written_is_left_out(lab: Callable[..., Lab]) -> None:
    running = lab()
    running.ask()
    running.log()
    running.gateway.stop()
    with running.files.access_log.open("a") as log:
        log.write('{"time": "20')
    assert len(list(read_log(running.files.access_log))) == 1
    assert [one.count for one in count_answered(running.files.access_log)] == [1]
    with running.files.access_log.open("a") as log:
        log.write("\n{}\n")
    with pytest.raises(GatewayError, match="Line 3 of"):
        list(read_log(running.files.access_log))


def test_what_a_full_disk_cut_off_hides_nothing_else_nor_does_a_rotation(lab: Callable[..., Lab]) -> None:
    running = lab()
    for _ in range(2):
        running.ask()
    running.log(2)
    running.gateway.stop()
    log = running.files.access_log
    first, second = log.read_bytes().splitlines()
    with gzip.open(log.with_name("access.log.2.gz"), "w") as oldest:
        oldest.write(first + b"\n")
    os.utime(log.with_name("access.log.2.gz"), (1, 1))
    log.with_name("access.log.1").write_bytes(b"\0\0\0\n" + first[:50] + second + b"\n" + first[:70] + b"\n")
    log.unlink()
    told: list[str] = []
    found = list(read_log(log, say=told.append))
    assert [one.request_id for one in found] == [json.loads(line)["request_id"] for line in (first, second)]
    assert told == [f"Lines of {log} that a crash or a full disk cut off, and that are left out: 2."]
    assert [one.count for one in count_answered(log)] == [2]
    log.with_name("access.log.2.gz").write_bytes(b"no gzip")
    with pytest.raises(GatewayError, match="compressed with gzip"):
        list(read_log(log))


def test_a_log_without_a_whole_line_counts_nothing(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text('{"time": "20')
    assert count_answered(tmp_path / "access.log") == []


def test_a_verdict_that_there_is_not_is_told(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="begins with allowed, refused or failed, but 'denied' does not"):
        list(read_log(tmp_path / "access.log", verdict="denied"))


def test_without_a_log_there_is_a_hint(tmp_path: Path) -> None:
    with pytest.raises(GatewayError, match="kit gateway run"):
        list(read_log(tmp_path / "access.log"))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("90s", dt.datetime(2026, 1, 31, 11, 58, 30, tzinfo=dt.UTC)),
        ("15m", dt.datetime(2026, 1, 31, 11, 45, tzinfo=dt.UTC)),
        ("6h", dt.datetime(2026, 1, 31, 6, tzinfo=dt.UTC)),
        ("7d", dt.datetime(2026, 1, 24, 12, tzinfo=dt.UTC)),
        ("2026-01-30", dt.datetime(2026, 1, 30, tzinfo=dt.UTC)),
        ("2026-01-30T12:00+02:00", dt.datetime(2026, 1, 30, 10, tzinfo=dt.UTC)),
    ],
)
def test_times_are_read_as_people_write_them(text: str, time: dt.datetime) -> None:
    assert parse_since(text, NOW) == time


@pytest.mark.parametrize("text", ["", "7", "7w", "999999d", "yesterday", "-1d"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(GatewayError, match="A time is written as"):
        parse_since(text, NOW)
