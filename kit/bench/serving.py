"""Measure the server: against its limit, against FastAPI and Flask, with and without batching, over swaps and starts.

Where rates are compared, each server has one processor and its clients have another, as on a machine of their own; the
limit, which is the same graph called with full batches in the same process, has one too. The rate at equal p99 is the
highest rate of requests arriving at random times (see `kit.load`) with that p99.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from tensorflow_serving.apis import get_model_status_pb2, model_service_pb2_grpc

from kit import warm
from kit.bench import serving_peers
from kit.bench.chain import kit_command, run_timed
from kit.bench.cpu_pinning import bind, processors
from kit.bench.figure import Figure
from kit.bench.serving_limit import measured_limit
from kit.bench.serving_model import CANDIDATES, NAME, Sample, sample
from kit.errors import StepFailedError
from kit.load import Load, LoadResult, RunningLoad
from kit.serving.batching import Batching
from kit.serving.process import Server
from kit.serving.settings import Settings
from kit.serving.transport import Transport
from kit.workspace_folders import SERVING

BATCHING = Batching(max_batch_size=32, num_batch_threads=1, max_enqueued_batches=100)
_CALLERS = 64
_SECONDS = 4.0
_LEAST_SHARE, _LEAST_OVER_FASTAPI, _LEAST_OVER_FLASK = 0.6, 3.0, 5.0
_P99_MS = 50.0
_SEARCH_STEPS, _TRIES = 5, 2
_SHARE_OF_CAPACITY = 0.8
_SWAPS, _SWAP_RATE, _SWAP_GAP_SECONDS = 20, 100.0, 1.0
_ROLLBACK_SECONDS = 1.0
_MOST_OVER_BEFORE = 2.0
_COLD_SECONDS, _FORKED_SECONDS = 8.0, 1.0
_STARTS = 3
_WARM_SECONDS, _WARM_LOOK_SECONDS = 120.0, 0.2
_AVAILABLE = get_model_status_pb2.ModelVersionStatus.AVAILABLE
_END = get_model_status_pb2.ModelVersionStatus.END


def serving(folder: Path, trained: Path | None = None) -> Iterator[Figure]:
    """Measure; takes about five minutes on two cores, training included.

    Args:
        folder: the folder for the model, the peers and the logs.
        trained: the folder of a trained version of the recommender; None: it is trained first.
    """
    model = sample(folder, trained)
    BATCHING.write(folder / "batching.pbtxt")
    yield from _over_limit(folder, model)
    yield from _over_peers(folder, model)
    yield _batched_over_single(folder, model)
    yield from _swaps(folder, model)
    yield from _starts(model)
    yield _rolled_back(folder, model)


def settings(folder: Path, model: Sample, *, batched: bool, **others: Any) -> Settings:
    """Return a server's settings for the model."""
    batching: dict[str, Any] = {"batching_parameters_file": str(folder / "batching.pbtxt")}
    batching["enable_batching"] = True
    own: dict[str, Any] = {
        "port": 0,
        "model_name": NAME,
        "model_base_path": str(model.base),
        "grpc_max_threads": _CALLERS,
    }
    return Settings(**own | (batching if batched else {}) | others)


@contextmanager
def _served(folder: Path, model: Sample, *, batched: bool) -> Iterator[Server]:
    """Serve on one processor, and let TensorFlow know that."""
    chosen = settings(folder, model, batched=batched, rest_api_port=0, tensorflow_intra_op_parallelism=1)
    with Server(chosen, log_path=folder / "server.log") as server:
        bind(_pid(server), processors()[0])
        yield server


def _pid(server: Server) -> int:
    if server.pid is None:
        raise StepFailedError("The server must run to be measured, but has no process. Start it.")
    return server.pid


def _ask(load: Load) -> LoadResult:
    with RunningLoad(load) as running:
        for pid in running.pids:
            bind(pid, processors()[1])
        return running.wait()


def _capacity(load: Callable[..., Load]) -> LoadResult:
    result = _ask(load(callers=_CALLERS, seconds=_SECONDS))
    if result.errors or not result.answered:
        raise StepFailedError(
            f"Every request must be answered, but {result.answered} were, and there were the errors {result.errors}. "
            "Read the log."
        )
    return result


def _over_limit(folder: Path, model: Sample) -> Iterator[Figure]:
    """Compare predictions per second through the server with those of the graph itself."""
    limit = measured_limit(model.version, BATCHING.max_batch_size, processors()[0])
    with _served(folder, model, batched=True) as server:
        load = partial(Load, requests=model.messages(), address=str(server.addresses.grpc))
        rate = _capacity(load).rate * CANDIDATES
    name = "predictions per second through gRPC over full batches in the same process, one processor each"
    yield Figure(name, rate / limit, "ratio", _LEAST_SHARE, "more", peer=limit, measured=rate)


def _over_peers(folder: Path, model: Sample) -> Iterator[Figure]:
    """Compare requests per second at equal p99 with the same model behind other servers."""
    with _served(folder, model, batched=True) as server:
        ours = _highest(partial(Load, requests=model.messages(), address=str(server.addresses.grpc)))
        path = f"/v1/models/{NAME}:predict"
        rest = _highest(
            partial(
                Load,
                requests=model.rows_json(),
                address=str(server.addresses.rest),
                transport=Transport.REST,
                path=path,
            )
        )
    serving_peers.install(folder / "packages")
    for name, least in (("FastAPI", _LEAST_OVER_FASTAPI), ("Flask", _LEAST_OVER_FLASK)):
        place = folder / name
        with serving_peers.served(name, folder / "packages", model.version, place) as (address, pid):
            bind(pid, processors()[0])
            load = partial(Load, requests=model.plain_json(), address=address, transport=Transport.REST)
            peer = _highest(partial(load, path=serving_peers.PATH))
        end = f"over {name}, requests per second at a p99 of {_P99_MS:g} ms"
        yield Figure(f"gRPC {end}", ours / peer, "ratio", least, "more", peer=peer, measured=ours)
        yield Figure(f"REST {end}", rest / peer, "ratio", None, "more", peer=peer, measured=rest)


def _highest(load: Callable[..., Load]) -> float:
    """Return the highest rate with the p99, in requests per second, to within 1/32 of the capacity.

    A rate is too high if its p99 was too high twice: this search never comes back to a rate that it gave up, and a
    virtual machine stands still for a tenth of a second now and then, whichever server it has.
    """
    low, high = 0.0, _capacity(load).rate
    for _ in range(_SEARCH_STEPS):
        rate = (low + high) / 2
        if any(_is_held(load, rate) for _ in range(_TRIES)):
            low = rate
        else:
            high = rate
    return low


def _is_held(load: Callable[..., Load], rate: float) -> bool:
    result = _ask(load(rate=rate, seconds=_SECONDS))
    return not result.errors and result.milliseconds(99) <= _P99_MS


def _batched_over_single(folder: Path, model: Sample) -> Figure:
    """Compare the p99 with and without batching at the same rate, near the server's capacity without."""
    found: dict[bool, float] = {}
    rate = 0.0
    for batched in (False, True):
        with _served(folder, model, batched=batched) as server:
            load = partial(Load, requests=model.messages(), address=str(server.addresses.grpc))
            rate = rate or _SHARE_OF_CAPACITY * _capacity(load).rate
            found[batched] = _ask(load(rate=rate, seconds=2 * _SECONDS)).milliseconds(99)
    name = f"p99 with batching over without, at 80% of what the server does without ({rate:.0f} requests per second)"
    return Figure(name, found[True] / found[False], "ratio", 1, "less", found[False], found[True])


def _swaps(folder: Path, model: Sample) -> Iterator[Figure]:
    """Add versions one after the other while requests arrive; the server has both processors."""
    chosen = settings(folder, model, batched=True, file_system_poll_wait_seconds=0.1)
    with Server(chosen, log_path=folder / "swaps.log") as server:
        address = str(server.addresses.grpc)
        most = _SWAPS * 10 * _SWAP_GAP_SECONDS  # longer than needed; it is stopped before
        load = Load(requests=model.messages(), address=address, rate=_SWAP_RATE, seconds=most)
        with RunningLoad(load) as running, grpc.insecure_channel(address) as channel:
            time.sleep(5 * _SWAP_GAP_SECONDS)
            stub = model_service_pb2_grpc.ModelServiceStub(channel)
            times = [_swap(model, stub, number) for number in range(2, _SWAPS + 2)]
            result = running.stop()
    during = LoadResult.together([result.between(*each) for each in times])
    pauses = [(end, start) for (_, end), (start, _) in pairwise(times)]
    before = LoadResult.together([result.between(*each) for each in pauses])
    failed = sum(result.errors.values())
    yield Figure(
        f"failed requests over {_SWAPS} swaps of the version, of {len(result.due)}", failed, "", 0, "less"
    )
    p99 = during.milliseconds(99), before.milliseconds(99)
    yield Figure(
        "p99 during a swap over between swaps",
        p99[0] / p99[1],
        "ratio",
        _MOST_OVER_BEFORE,
        "less",
        p99[1],
        p99[0],
    )


def _swap(model: Sample, stub: Any, number: int) -> tuple[float, float]:
    """Add a version and wait until it serves and the one before is gone; return the times of begin and end."""
    shutil.copytree(model.base / "1", model.base / ".part")
    started = time.monotonic()
    (model.base / ".part").rename(model.base / str(number))
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = NAME
    while True:
        states = {each.version: each.state for each in stub.GetModelStatus(request).model_version_status}
        if states.get(number) == _AVAILABLE and states.get(number - 1, _END) == _END:
            break
        if time.monotonic() - started > 60 * _SWAP_GAP_SECONDS:
            raise StepFailedError(
                f"Version {number} should serve, but the states are {states}. Read the log."
            )
        time.sleep(0.02)
    ended = time.monotonic()
    time.sleep(_SWAP_GAP_SECONDS)
    return started, ended


def _starts(model: Sample) -> Iterator[Figure]:
    """Time the start until every signature was called once."""
    for forked, most in ((False, _COLD_SECONDS), (True, _FORKED_SECONDS)):
        if forked:
            _await_warm()
        times = []
        for _ in range(_STARTS):
            server = Server(Settings(port=0, model_name=NAME, model_base_path=str(model.base)))
            started = time.perf_counter()
            server.start(forked=forked)
            times.append(time.perf_counter() - started)
            server.stop()
        how = "forked from the warm process" if forked else "from nothing"
        yield Figure(
            f"start of the server until it is ready, {how}", float(np.median(times)), "s", most, "less"
        )


def _await_warm() -> None:
    """Wait until the warm process has imported everything: until then children compete with its imports."""
    warm.start()
    deadline = time.monotonic() + _WARM_SECONDS
    while not (warm.status() or {}).get("has_own_modules"):
        if time.monotonic() > deadline:
            raise StepFailedError(
                f"The warm process should have its modules within {_WARM_SECONDS:g} s, but has not. Stop it with "
                "`python -m kit.warm stop` and measure again."
            )
        time.sleep(_WARM_LOOK_SECONDS)


def _rolled_back(folder: Path, model: Sample) -> Figure:
    """Time the rollback command from its start to its end; the model has several versions by now."""
    place = folder / "pushed"
    shutil.copytree(model.base, place / SERVING / NAME)
    seconds = run_timed(kit_command("rollback", "--workspace", str(place), "--why", "measured"))
    return Figure("kit rollback, the whole command", seconds, "s", _ROLLBACK_SECONDS, "less")
