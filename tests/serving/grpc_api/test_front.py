"""Predict without a thread for each request; what is answered stands in test_server and in the contract."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from tensorflow_serving.apis import prediction_service_pb2_grpc

from kit.serving.batching import Batching
from kit.serving.hooks import RequestContext
from kit.serving.server import ModelServer
from serving.batching.models import NAME, save_batches
from serving.models import predict_request, settings_of

_SECONDS = 20
_MANY = 24


@pytest.fixture(scope="module")
def batches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_batches(tmp_path_factory.mktemp(NAME) / "1").parent


def _batched(base: Path, tmp_path: Path, **batching: Any) -> Any:
    path = tmp_path / "batching.pbtxt"
    Batching(**batching).write(path)
    return settings_of(
        base,
        model_name=NAME,
        enable_batching=True,
        batching_parameters_file=str(path),
        enable_model_warmup=False,  # each test asks one of seven signatures
    )


def _ask_many(address: str | None) -> list[list[int]]:
    """Ask for 1, 2, … at once; return how many rows the batch of each had."""
    with grpc.insecure_channel(str(address)) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        asked = [stub.Predict.future(predict_request(k, model=NAME), _SECONDS) for k in range(_MANY)]
        answers = [each.result().outputs for each in asked]
    assert [list(each["y"].float_val) for each in answers] == [[2 * k] for k in range(_MANY)]
    return [list(each["rows"].int_val) for each in answers]


@pytest.mark.parametrize("threads", [1, 3], ids=["the reader computes", "threads compute"])
def test_requests_at_once_share_batches(batches: Path, tmp_path: Path, threads: int) -> None:
    settings = _batched(
        batches, tmp_path, max_batch_size=8, batch_timeout_micros=200_000, num_batch_threads=threads
    )
    with ModelServer(settings) as server:
        rows = _ask_many(server.start().grpc)
    assert max(each for (each,) in rows) > 4
    assert max(each for (each,) in rows) <= 8


@pytest.mark.parametrize("threads", [1, 3], ids=["the reader computes", "threads compute"])
def test_a_batch_that_waits_is_computed_when_the_server_stops(
    batches: Path, tmp_path: Path, threads: int
) -> None:
    settings = _batched(
        batches, tmp_path, max_batch_size=8, batch_timeout_micros=600_000_000, num_batch_threads=threads
    )
    with ModelServer(settings) as server, grpc.insecure_channel(str(server.start().grpc)) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        grpc.channel_ready_future(channel).result(_SECONDS)
        asked = stub.Predict.future(predict_request(1, model=NAME), _SECONDS)
        time.sleep(1)  # nothing tells that it waits
        assert not asked.done()
        started = time.monotonic()
        server.stop()
        assert time.monotonic() - started < settings.drain_seconds / 2
        assert list(asked.result().outputs["y"].float_val) == [2]


def test_a_batch_is_filled_up_to_an_allowed_size(batches: Path, tmp_path: Path) -> None:
    settings = _batched(batches, tmp_path, max_batch_size=32, allowed_batch_sizes=(32,), num_batch_threads=1)
    with ModelServer(settings) as server:
        assert _ask_many(server.start().grpc) == [[32]] * _MANY


def test_a_request_that_the_graph_refuses_fails_alone(batches: Path, tmp_path: Path) -> None:
    settings = _batched(
        batches, tmp_path, max_batch_size=3, batch_timeout_micros=500_000, num_batch_threads=1
    )
    with (
        ModelServer(settings) as server,
        grpc.insecure_channel(str(server.start().grpc)) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        requests = [predict_request(k, signature="not_negative", model=NAME) for k in (1, -1, 2)]
        one, bad, two = [stub.Predict.future(each, _SECONDS) for each in requests]
        assert list(one.result().outputs["y"].float_val) == [1]
        assert bad.exception().code() is grpc.StatusCode.INVALID_ARGUMENT
        assert list(two.result().outputs["y"].float_val) == [2]


def test_a_large_message_is_answered_too(batches: Path, tmp_path: Path) -> None:
    with (
        ModelServer(_batched(batches, tmp_path, max_batch_size=100_000, num_batch_threads=1)) as server,
        grpc.insecure_channel(str(server.start().grpc)) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        numbers = np.arange(100_000, dtype=np.float32)  # 400 KB
        answer = stub.Predict(predict_request(*numbers.tolist(), model=NAME), _SECONDS)
    np.testing.assert_array_equal(np.array(answer.outputs["y"].float_val, np.float32), 2 * numbers)


def test_a_client_that_goes_away_holds_nothing_up(batches: Path, tmp_path: Path) -> None:
    settings = _batched(batches, tmp_path, max_batch_size=8, num_batch_threads=1)
    with ModelServer(settings) as server:
        address = str(server.start().grpc)
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            slow = [
                stub.Predict.future(predict_request(1, signature="slow", model=NAME), _SECONDS)
                for _ in range(4)
            ]
            for each in slow:
                each.cancel()
        assert len(_ask_many(address)) == _MANY


def test_an_interceptor_that_waits_holds_no_other_request_up(base: Path) -> None:
    waits = _WaitsOnce()
    with (
        ModelServer(settings_of(base), [waits]) as server,
        grpc.insecure_channel(str(server.start().grpc)) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        first = stub.Predict.future(predict_request(1.0), _SECONDS)
        assert waits.begun.wait(_SECONDS)
        assert list(stub.Predict(predict_request(2.0), _SECONDS).outputs["y"].float_val) == [4]
        assert not first.done()
        waits.go_on.set()
        assert list(first.result().outputs["y"].float_val) == [2]


class _WaitsOnce:
    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    def before(self, _context: RequestContext) -> None:
        if not self.begun.is_set():
            self.begun.set()
            self.go_on.wait(_SECONDS)

    def after(self, *_: object) -> None:
        """Nothing to tell."""


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("grpc.max_connection_age_ms=60000", "grpc.max_connection_age_ms"),
        ("grpc.keepalive_time_ms=60000", ""),
    ],
    ids=["an option that only grpc.server has", "an option that both have"],
)
def test_all_channel_arguments_count(
    base: Path, caplog: pytest.LogCaptureFixture, arguments: str, said: str
) -> None:
    caplog.set_level("INFO", "kit.serving")
    with (
        ModelServer(settings_of(base, grpc_channel_arguments=arguments)) as server,
        grpc.insecure_channel(str(server.start().grpc)) as channel,
        ThreadPoolExecutor(4) as threads,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        answers = list(threads.map(lambda k: stub.Predict(predict_request(k), _SECONDS), range(8)))
    assert [list(each.outputs["y"].float_val) for each in answers] == [[2 * k] for k in range(8)]
    slower = [each.getMessage() for each in caplog.records if "threads of grpc.server" in each.getMessage()]
    assert [said in each for each in slower] == [True] * bool(said)


def test_a_message_over_the_limit_is_refused(base: Path) -> None:
    with (
        ModelServer(settings_of(base, max_message_bytes=1000)) as server,
        grpc.insecure_channel(str(server.start().grpc)) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(
            grpc.RpcError, match=r"Received message larger than max \(\d+ vs. 1000\)"
        ) as refused:
            stub.Predict(predict_request(*range(1000)), _SECONDS)
        assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        with pytest.raises(grpc.RpcError, match=r"Sent message larger than max \(\d+ vs. 1000\)"):
            stub.Predict(_largest_within(1000), _SECONDS)  # its answer names the signature too
        assert list(stub.Predict(predict_request(1.0), _SECONDS).outputs["y"].float_val) == [2]


def _largest_within(size: int) -> Any:
    requests = (predict_request(*range(count)) for count in range(size, 0, -1))
    return next(each for each in requests if each.ByteSize() <= size)


def test_the_thread_that_started_a_server_keeps_its_policy(base: Path) -> None:
    before = os.sched_getscheduler(0)
    with ModelServer(settings_of(base)) as server:
        server.start()
        policies = {os.sched_getscheduler(int(each.name)) for each in Path("/proc/self/task").iterdir()}
    assert os.sched_getscheduler(0) == before
    assert os.SCHED_BATCH in policies  # of the thread that sends


def test_calls_that_come_while_the_server_stops_are_refused_and_others_answered(
    batches: Path, tmp_path: Path
) -> None:
    settings = _batched(batches, tmp_path, max_batch_size=8, num_batch_threads=1)
    with ModelServer(settings) as server, grpc.insecure_channel(str(server.start().grpc)) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        stub.Predict(predict_request(1, signature="slow", model=NAME), _SECONDS)
        slow = stub.Predict.future(predict_request(1, signature="slow", model=NAME), _SECONDS)
        time.sleep(0.02)  # it is being computed, for a tenth of a second
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        time.sleep(0.02)
        late = stub.Predict.future(predict_request(2, model=NAME), _SECONDS)
        assert list(slow.result().outputs["y"].float_val) == [1]
        assert late.exception().code() is grpc.StatusCode.UNAVAILABLE
        stopping.join(_SECONDS)
