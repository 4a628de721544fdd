"""Check a package on a fresh server: every signature by gRPC and REST, within time and memory limits."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import grpc

from kit.errors import InfraCheckError
from kit.release.config import Release
from kit.release.fresh_server import FreshServer, fresh_server
from kit.release.package_samples import read_samples
from kit.release.sample_request import Arrays, Sample, difference

_REPEATS = 15
_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Asked:
    """One signature: rows of its request, and the median milliseconds of one request at a time.

    `rest_ms` is None where the server has no REST, or REST cannot ask the signature.
    """

    signature: str
    rows: int
    grpc_ms: float
    rest_ms: float | None


@dataclass(frozen=True)
class Measured:
    """Time and memory of the server for the package; None for memory: not known on this system."""

    load_seconds: float
    memory_mb: float | None
    signatures: tuple[Asked, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check_package(package: Path, model: str, limits: Release) -> Measured:
    """Load a package by a fresh server, send it every sample request, and compare the answers with the model's own.

    Args:
        package: the package with `assets.extra` (see `kit.release.package_samples`).
        model: name that clients will ask for.
        limits: the limits, in seconds, megabytes and milliseconds.

    Raises:
        InfraCheckError: when it does not load, does not answer, gives another answer, or exceeds a limit.
    """
    with fresh_server(package, model, limits.max_load_seconds) as server:
        asked = [ask_signature(server, sample) for sample in read_samples(package)]
        memory = server.peak_memory_mb()
    measured = Measured(round(server.load_seconds, 2), memory and round(memory, 1), tuple(asked))
    check_limits(measured, limits)
    return measured


def ask_signature(server: FreshServer, sample: Sample) -> Asked:
    """Send one sample request several times, over each transport of the server.

    Raises:
        InfraCheckError: when it does not answer, or not as the model did.
    """
    by_grpc = [_timed(lambda: _by_grpc(server, sample)) for _ in range(_REPEATS)]
    _compare(sample, "gRPC", by_grpc[0][1])
    return Asked(sample.signature, sample.rows, _median_ms(by_grpc), _rest_ms(server, sample))


def _rest_ms(server: FreshServer, sample: Sample) -> float | None:
    bodies = sample.files()
    if server.rest_address is None or not bodies:
        return None
    for name, body in bodies.items():
        _compare(sample, f"REST, {name}", _by_rest(server, sample, body))
    first = next(iter(bodies.values()))
    return _median_ms([_timed(lambda: _by_rest(server, sample, first)) for _ in range(_REPEATS)])


def _timed(ask: Any) -> tuple[float, Arrays]:
    started = time.perf_counter()
    answer = ask()
    return time.perf_counter() - started, answer


def _median_ms(timed: Sequence[tuple[float, Arrays]]) -> float:
    return round(statistics.median(seconds for seconds, _ in timed) * 1000, 2)


def _by_grpc(server: FreshServer, sample: Sample) -> Arrays:
    try:
        ask = getattr(server.predictions, sample.method.title())
        response = ask(sample.request, timeout=_TIMEOUT_SECONDS)
    except grpc.RpcError as error:
        raise _no_answer(sample, "gRPC", f"{error.code().name}: {error.details()}") from None
    return sample.arrays_of(response)


def _by_rest(server: FreshServer, sample: Sample, body: str) -> Arrays:
    try:
        answer = server.post(sample.method, body, _TIMEOUT_SECONDS)
    except (OSError, ValueError) as error:
        raise _no_answer(sample, "REST", str(error)) from None
    return sample.arrays_of_json(answer)


def _compare(sample: Sample, way: str, answer: Arrays) -> None:
    if differs := difference(sample.answer, answer):
        raise InfraCheckError(
            f"Signature {sample.signature} must answer a fresh server's client as it answered before, but by {way} "
            f"{differs}. If the model draws random numbers, take them out of its signatures; else report it."
        )


def _no_answer(sample: Sample, way: str, why: str) -> InfraCheckError:
    return InfraCheckError(
        f"Signature {sample.signature} must answer its sample request by {way}, but said {why}. Correct it in model.py."
    )


def check_limits(measured: Measured, limits: Release) -> None:
    """Refuse a package that exceeds a limit of memory or milliseconds.

    Raises:
        InfraCheckError: when it does.
    """
    memory, most = measured.memory_mb, limits.max_memory_mb
    if memory is not None and memory > most:
        raise InfraCheckError(
            f"The package must stay within release.max_memory_mb = {most:g}, but the server used {memory:g} MB. Make "
            "the model smaller, or raise the limit in project.yml."
        )
    slowest = max(measured.signatures, key=lambda one: one.grpc_ms, default=None)
    if slowest and slowest.grpc_ms > limits.max_latency_ms:
        raise InfraCheckError(
            f"The package must stay within release.max_latency_ms = {limits.max_latency_ms:g}, but a request to "
            f"{slowest.signature} took {slowest.grpc_ms:g} ms. Make the model faster, or raise the limit in "
            "project.yml."
        )
