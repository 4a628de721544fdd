"""Run points on the workers of a Dask cluster, an existing one or one that the sweep started."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]
from distributed import Client, Security, get_worker
from distributed.comm.addressing import parse_host_port

from kit.errors import ClusterError
from kit.machine import cores
from kit.sweep import probe
from kit.sweep.cluster import LocalCluster
from kit.sweep.code import code_digest
from kit.sweep.errors import WorkersLostError
from kit.sweep.point import run_point
from kit.sweep.records import SweepFolder

_CONNECT_SECONDS = 10.0
_FIRST_WORKER_SECONDS = 60.0
_ALONE_SECONDS = 60.0  # how long a sweep that has lost all workers waits for a new one
_LOCAL = re.compile(r"local:(\d{1,99})")  # Python does not parse numbers with more digits
_ENCRYPTED = frozenset({"tls", "wss"})
_SCHEMES = _ENCRYPTED | {"tcp", "ws"}
_LAST_PORT = 65_535
_WORKERS_PER_CORE = 8  # each runs a notebook in a process of its own


class DaskWorkers:
    """The workers of a cluster; Dask restarts a point on another worker when its worker dies.

    Args:
        folder: the folder of the sweep, which every worker must see under the same path.
        scheduler: its address, such as tcp://10.0.0.1:8786.
        cluster: the cluster that was started for the sweep, and ends with it.
        security: the keys of an existing cluster; None: those of Dask's configuration.

    Raises:
        ClusterError: when the scheduler or its workers do not answer, do not see the folder, or have a different kit.
    """

    def __init__(
        self,
        folder: Path,
        scheduler: str,
        cluster: LocalCluster | None = None,
        security: Security | None = None,
    ) -> None:
        self._folder, self._cluster = folder, cluster
        self._alone_since: float | None = None
        self._names: set[str] = set()
        self._checked: set[str] = set()  # addresses of somebody's workers that have answered
        self._refused: set[str] = set()  # of these, those that get no points
        self._client = _connect(scheduler, cluster.security if cluster else security)
        try:
            self._wait_for_workers(scheduler)
            if cluster is None:
                self._check(self._client.run(_by_value(), str(folder)))
        except BaseException:
            self._client.close()
            raise
        # A further attempt is not a duplicate. Another worker is taken once those that were there are gone.
        self._executor = self._client.get_executor(pure=False, allow_other_workers=True)

    def has_room(self, running: int) -> bool:
        return running < _slots(self._usable())

    def begin(self, number: int) -> Future[str]:
        code = "" if self._cluster else code_digest()
        begun: Future[str] = self._executor.submit(
            run_on_worker, str(self._folder), number, code, workers=sorted(self._usable())
        )
        return begun

    def learn(self, peak_memory_mb: float) -> None:
        """Do nothing: the threads of the workers decide how many points run."""

    def maintain(self) -> list[str]:
        if self._cluster:
            self._cluster.maintain()
        refused = [] if self._cluster else self._look_at_newcomers()
        usable = self._usable()
        told = [*refused, *self._lost(usable)]
        if _slots(usable):
            self._alone_since = None
            return told
        self._alone_since = self._alone_since or time.monotonic()
        if self._client.status != "running" or time.monotonic() - self._alone_since > _ALONE_SECONDS:
            raise WorkersLostError(
                f"The sweep must have a worker, but for {_ALONE_SECONDS:g} s there was none, or no scheduler. "
                f"Start some and go on with: {SweepFolder(self._folder).resume_command}"
            )
        return told

    def close(self) -> None:
        self._executor.shutdown(wait=False)  # cancels what has not begun
        self._client.close()
        if self._cluster:
            self._cluster.close()

    def _lost(self, known: Mapping[str, Any]) -> list[str]:
        before, self._names = self._names, {str(worker["name"]) for worker in known.values()}
        where = "on another one" if self._names else "as soon as there is another one"
        return [
            f"Worker {name} is lost; what it was at begins again {where}."
            for name in sorted(before - self._names)
        ]

    def _look_at_newcomers(self) -> list[str]:
        """Check workers that have joined; those that cannot run points get none."""
        known = self._known()
        self._checked &= known.keys()  # another worker may come back under the same address
        self._refused &= known.keys()
        if not (new := known.keys() - self._checked):
            return []
        try:
            told = self._client.run(_by_value(), str(self._folder), workers=sorted(new), on_error="return")
            # Workers that did not answer are asked again.
            self._check({who: facts for who, facts in told.items() if not isinstance(facts, BaseException)})
        except OSError:  # the scheduler is gone; `maintain` reports it
            return []
        except ClusterError as error:
            return [f"A worker has joined that gets no points. {error}"]
        return []

    def _usable(self) -> Mapping[str, Any]:
        """Return the workers that may get points."""
        known = self._known()
        if self._cluster:
            return known
        return {address: one for address, one in known.items() if address in self._checked - self._refused}

    def _known(self) -> Mapping[str, Any]:
        if self._client.status != "running":
            return {}
        try:
            found: Mapping[str, Any] = self._client.scheduler_info(n_workers=-1)["workers"]
        except OSError:  # the scheduler is gone; `maintain` reports it
            return {}
        return found

    def _wait_for_workers(self, scheduler: str) -> None:
        try:
            self._client.wait_for_workers(1, timeout=_FIRST_WORKER_SECONDS)
        except TimeoutError:
            raise ClusterError(
                f"The scheduler {scheduler} must have a worker, but for {_FIRST_WORKER_SECONDS:g} s it had none. "
                f"Start some: dask worker {scheduler}"
            ) from None

    def _check(self, told: Mapping[str, Mapping[str, Any]]) -> None:
        """Look at what workers have answered, and refuse those that cannot run points.

        Raises:
            ClusterError: when there are any.
        """
        mine, problems = code_digest(), list[str]()
        self._checked |= told.keys()
        for address, facts in sorted(told.items()):
            if facts["error"]:
                problems.append(f"  {address} has no kit: {facts['error']}")
            elif facts["code"] != mine:
                problems.append(f"  {address} has another version of the kit in {facts['checkout']}")
            elif not facts["sees"]:
                problems.append(f"  {address} does not see {self._folder}")
            else:
                continue
            self._refused.add(address)
        if problems:
            raise ClusterError(
                f"Every worker must have the kit of this machine (code {mine}) and see the folder of the sweep, but\n"
                + "\n".join(problems)
                + "\nStart them from the same checkout, on a file system that all of them share."
            )


def _slots(known: Mapping[str, Any]) -> int:
    """The number of points that fit: Dask's threads, since a point is one task."""
    return sum(worker["nthreads"] for worker in known.values())


def _connect(scheduler: str, security: Security | None = None) -> Client:
    try:
        _require_keys(scheduler, security or Security())
        return Client(scheduler, timeout=_CONNECT_SECONDS, set_as_default=False, security=security)
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            f"A scheduler of Dask must answer at {scheduler} within {_CONNECT_SECONDS:g} s, but {error}. "
            "Start one (`dask scheduler`), correct the address, or let the sweep start its own: --dask local:2."
        ) from None


def _require_keys(scheduler: str, security: Security) -> None:
    """Refuse what Dask would refuse, since its client would keep trying and complain when it is garbage-collected."""
    scheme = scheduler.partition("://")[0]
    if scheme in _ENCRYPTED and security.get_connection_args("client").get("ssl_context") is None:
        raise ValueError(f"{scheme}:// needs keys, and Dask's configuration distributed.comm.tls has none")


def run_on_worker(folder: str, number: int, code: str) -> str:
    """Attempt a point; the worker itself only waits for it."""
    return run_point(folder, number, code, str(get_worker().name))


def _by_value() -> Any:
    """Return `probe.look` such that Dask sends its code, not its name, which a worker without the kit cannot find."""
    cloudpickle.register_pickle_by_value(probe)
    return probe.look


@dataclass(frozen=True)
class SchedulerAddress:
    """A cluster that is there already, by the address of its scheduler."""

    address: str


@dataclass(frozen=True)
class OwnCluster:
    """A cluster on this machine, which the sweep starts: `local:N`."""

    workers: int


def parse_dask(words: str) -> SchedulerAddress | OwnCluster:
    """Return which cluster `--dask` asks for.

    Raises:
        ClusterError: when it is neither, or there would be too many.
    """
    local = _LOCAL.fullmatch(words)
    if local and (size := int(local[1])) > 0:
        most = _WORKERS_PER_CORE * cores()
        if size > most:
            raise ClusterError(
                f"--dask local:N may start {most} workers on this machine, {_WORKERS_PER_CORE} for each core, but is "
                f"{words!r}. Give fewer."
            )
        return OwnCluster(size)
    if _is_address(words):
        return SchedulerAddress(words)
    raise ClusterError(
        f"--dask takes the address of a scheduler (tcp://HOST:8786), or local:N for N workers, but is {words!r}. "
        "Give one of these."
    )


def _is_address(words: str) -> bool:
    scheme, _, place = words.partition("://")
    try:
        host, port = parse_host_port(place)
    except ValueError:
        return False
    return scheme in _SCHEMES and bool(host) and 0 < port <= _LAST_PORT


def check_dask(words: str) -> None:
    """Find a mistake in `--dask` before a sweep begins and its shared notebooks run.

    Raises:
        ClusterError: when `parse_dask` cannot read it, or no scheduler answers at the address.
    """
    asked = parse_dask(words)
    if isinstance(asked, SchedulerAddress):
        _connect(asked.address).close()


def open_dask(folder: Path, words: str) -> DaskWorkers:
    """Return the workers of `--dask`.

    Raises:
        ClusterError: as `parse_dask` and `DaskWorkers` say.
    """
    asked = parse_dask(words)
    if isinstance(asked, SchedulerAddress):
        return DaskWorkers(folder, asked.address)
    left = sum(not point.is_done for point in SweepFolder(folder).points())
    cluster = LocalCluster(min(asked.workers, left), folder / "cluster")
    try:
        return DaskWorkers(folder, cluster.address, cluster)
    except BaseException:
        cluster.close()
        raise
