from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest

from kit.serving.batching import BatchedServable
from kit.serving.errors import ServerError, ServingError
from kit.serving.servable import Servable
from kit.serving.server import ModelServer
from kit.serving.warmup import prime, warm_up
from serving.batching.models import load, save_old
from serving.models import settings_of

Loaded = Callable[..., BatchedServable]
_LONG = 200_000  # microseconds; so long a batch waits for its other rows, unless it is full


def _x(*numbers: float) -> dict[str, Any]:
    return {"x": np.array(numbers, np.float32)}


def _together(servable: Servable, signature: str, requests: Sequence[dict[str, Any]]) -> list[Any]:
    """Ask from as many threads at once as there are requests; return the outputs or the error of each."""
    barrier = threading.Barrier(len(requests))

    def ask(inputs: dict[str, Any]) -> Any:
        barrier.wait()
        try:
            return servable.run(signature, inputs)
        except ServingError as error:
            return error

    with ThreadPoolExecutor(len(requests)) as threads:
        return list(threads.map(ask, requests))


def test_requests_at_once_share_a_batch_and_get_their_own_rows(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=6, batch_timeout_micros=10 * _LONG)
    first, second, third = _together(servable, "", [_x(1), _x(2, 3), _x(4, 5, 6)])
    assert [each["y"].tolist() for each in (first, second, third)] == [[2], [4, 6], [8, 10, 12]]
    assert [each["rows"].tolist() for each in (first, second, third)] == [[6], [6, 6], [6, 6, 6]]


def test_signatures_share_threads_and_nothing_else(loaded: Loaded) -> None:
    gc.collect()  # or those of other tests' servables end meanwhile
    before = _threads_named("batch_threads")
    servable = loaded(num_batch_threads=1, batch_timeout_micros=1000)
    asked = {
        "serving_default": ("y", 2.0),
        "not_negative": ("y", 1.0),
        "codes": ("x", 1.0),
        "slow": ("y", 1.0),
    }

    def ask(number: int) -> None:
        signature = list(asked)[number % len(asked)]
        output, factor = asked[signature]
        inputs = _x(number) | ({"word": np.array([b"one"], object)} if signature == "codes" else {})
        assert servable.run(signature, inputs)[output].tolist() == [factor * number]

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(ask, range(24)))
    assert _threads_named("batch_threads") in {
        1,
        before + 1,
    }  # threads of earlier servables may still be there


def test_a_batch_is_filled_up_to_an_allowed_size(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=8, allowed_batch_sizes=(4, 8))
    assert servable.run("", _x(1))["rows"].tolist() == [4]
    assert servable.run("", _x(1, 2, 3, 4, 5))["rows"].tolist() == [8] * 5


def test_every_thread_gets_its_own_rows_under_load(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=16, batch_timeout_micros=500, max_enqueued_batches=1000)
    batches: set[int] = set()

    def ask(seed: int) -> None:
        random = np.random.default_rng(seed)
        for _ in range(100):
            numbers = random.normal(size=random.integers(1, 9)).astype(np.float32)
            answer = servable.run("", {"x": numbers})
            np.testing.assert_array_equal(answer["y"], 2 * numbers)
            batches.update(answer["rows"].tolist())

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(ask, range(12)))
    assert max(batches) > 8  # more than any request has
    assert max(batches) <= 16


def test_tables_and_texts_are_batched(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=3, batch_timeout_micros=10 * _LONG)
    words = [np.array(each, object) for each in ([b"one"], [b"two", b"three"])]
    requests = [{"word": each, "x": np.arange(len(each), dtype=np.float32)} for each in words]
    one, two = _together(servable, "codes", requests)
    assert one["code"].tolist() == [1]
    assert two["code"].tolist() == [2, -1]


def test_a_request_of_too_many_rows_is_refused(loaded: Loaded) -> None:
    with pytest.raises(ServingError) as caught:
        loaded(max_batch_size=2).run("", _x(1, 2, 3))
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT
    assert str(caught.value) == "Task size 3 is larger than maximum input batch size 2"


def test_a_large_request_is_split(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=9, enable_large_batch_splitting=True, max_execution_batch_size=4)
    answer = servable.run("", {"x": np.arange(9, dtype=np.float32)})
    assert answer["y"].tolist() == [2 * each for each in range(9)]
    assert answer["rows"].max() <= 4


def test_inputs_of_unequal_rows_are_refused_before_they_reach_a_batch(loaded: Loaded) -> None:
    with pytest.raises(ServingError) as caught:
        loaded().run("codes", {"word": np.array([b"one"], object), "x": np.zeros(2, np.float32)})
    assert caught.value.code == grpc.StatusCode.INVALID_ARGUMENT
    assert str(caught.value) == "Batching session Run() input tensors must have equal 0th-dimension size"


def test_a_request_of_no_rows_is_answered(loaded: Loaded) -> None:
    assert loaded().run("", _x())["y"].tolist() == []


def test_a_request_that_the_graph_refuses_fails_alone(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=4, batch_timeout_micros=10 * _LONG)
    *good, bad = _together(servable, "not_negative", [_x(1), _x(2, 3), _x(-4)])
    assert [each["y"].tolist() for each in good] == [[1], [2, 3]]
    assert isinstance(bad, ServingError)
    assert bad.code == grpc.StatusCode.INVALID_ARGUMENT
    assert "negative" in bad.message


def test_a_full_queue_refuses_in_the_real_servers_words(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=1, max_enqueued_batches=1, num_batch_threads=1)
    answers = _together(servable, "slow", [_x(number) for number in range(12)])
    refused = [each for each in answers if isinstance(each, ServingError)]
    assert 0 < len(refused) < len(answers)
    assert {each.code for each in refused} == {grpc.StatusCode.UNAVAILABLE}
    assert {str(each) for each in refused} == {
        (
            "The batch scheduling queue to which this task was submitted is full; "
            "currently 1 batches enqueued and max_enqueued_batches is 1"
        )
    }
    for number, answer in enumerate(answers):
        assert isinstance(answer, ServingError) or answer["y"].tolist() == [number]


def _uneven(*shape: int, start: int = 0) -> dict[str, Any]:
    ids = np.arange(start, start + np.prod(shape), dtype=np.int64).reshape(shape)
    return {"ids": ids, "words": np.full(shape[:2], b"w%d" % start, object)}


def test_rows_of_several_lengths_are_filled_up_with_their_first_value(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=3, batch_timeout_micros=10 * _LONG, pad_variable_length_inputs=True)
    one, two = _together(servable, "uneven", [_uneven(1, 2, 3, start=5), _uneven(2, 1, 4, start=20)])
    assert one["same"].tolist() == [[[5, 6, 7, 5], [8, 9, 10, 5]]]
    assert two["same"].tolist() == [[[20, 21, 22, 23], [20] * 4], [[24, 25, 26, 27], [20] * 4]]
    assert two["text"].tolist() == [b"w20 w20"] * 2


def test_rows_without_values_are_filled_up_with_zeros_and_empty_texts(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=2, batch_timeout_micros=10 * _LONG, pad_variable_length_inputs=True)
    empty, full = _together(servable, "uneven", [_uneven(1, 0, 2), _uneven(1, 2, 1, start=3)])
    assert empty["same"].tolist() == [[[0, 0], [0, 0]]]
    assert empty["text"].tolist() == [b" "]
    assert full["same"].tolist() == [[[3, 3], [4, 3]]]


def test_rows_of_several_lengths_do_not_meet_without_padding(loaded: Loaded) -> None:
    servable = loaded(max_batch_size=4, batch_timeout_micros=2000)
    requests = [_uneven(1, 1 + number % 3, 2, start=number) for number in range(12)]
    for request, answer in zip(requests, _together(servable, "uneven", requests), strict=True):
        np.testing.assert_array_equal(answer["same"], request["ids"])


def test_what_has_no_batch_is_not_batched(loaded: Loaded) -> None:
    servable = loaded()
    assert servable.batched == ["codes", "joined", "not_negative", "serving_default", "slow", "uneven"]
    assert servable.run("fixed", _x(1, 2))["y"].tolist() == [1, 2]
    assert servable.run("total", _x(1, 2))["y"] == 3


def test_some_of_the_outputs_are_not_batched(loaded: Loaded) -> None:
    servable = loaded(allowed_batch_sizes=(10,), max_batch_size=10)
    assert servable.run("", _x(1), ["rows"])["rows"].tolist() == [1]  # a batch would have 10


def test_variables_of_tensorflow_1_are_asked_without_batches(tmp_path: Path) -> None:
    servable = load(save_old(tmp_path / "old"))
    assert servable.batched == []
    assert servable.run("", _x(3))["y"].tolist() == [6]
    servable.close()


def test_a_closed_version_leaves_no_thread(loaded: Loaded, folder: Path) -> None:
    loaded(num_batch_threads=2).run("", _x(1))  # TensorFlow starts pools of its own for good
    before = _threads()
    servable = load(folder, num_batch_threads=20)
    prime(servable)
    assert _threads() > before + 15
    servable.close()
    del servable
    assert _threads() <= before + 2


def _threads_named(start: str) -> int:
    found = 0
    for each in Path("/proc/self/task").glob("*/comm"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has just ended
            found += each.read_text().startswith(start)
    return found


def _threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def test_a_server_batches_as_its_file_says(base: Path, tmp_path: Path) -> None:
    path = tmp_path / "batching.pbtxt"
    path.write_text("max_batch_size { value: 2 }")
    settings = settings_of(base, enable_batching=True, batching_parameters_file=str(path))
    with ModelServer(settings) as server:
        server.start()
        with (
            server.manager.get("linear", None, None) as servable,
            pytest.raises(ServingError, match="Task size 3"),
        ):
            servable.run("", _x(1, 2, 3))


@pytest.mark.parametrize("enabled", [True, False], ids=["impossible", "not enabled"])
def test_a_server_does_not_start_with_a_file_that_cannot_count(
    base: Path, tmp_path: Path, *, enabled: bool
) -> None:
    path = tmp_path / "batching.pbtxt"
    path.write_text("num_batch_threads { value: -1 }")
    with pytest.raises(ServerError, match="num_batch_threads" if enabled else "enable_batching"):
        ModelServer(settings_of(base, enable_batching=enabled, batching_parameters_file=str(path)))


def test_a_warm_up_does_not_wait_for_a_batch(loaded: Callable[..., BatchedServable]) -> None:
    servable = loaded(max_batch_size=8, batch_timeout_micros=600_000_000)
    started = time.monotonic()
    warm_up(servable)
    assert time.monotonic() - started < 60
    assert not servable.warming
