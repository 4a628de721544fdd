"""Sweeps on workers of Dask: processes of their own, of which one is killed; and clusters that cannot be used."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from unittest.mock import MagicMock

import psutil
import pytest
from processes import is_alive
from waiting import wait_until

from kit.errors import ClusterError, ExitCode
from kit.sweep import cluster as cluster_module
from kit.sweep import dask_workers
from kit.sweep.cluster import LocalCluster
from kit.sweep.code import code_digest
from kit.sweep.dask_workers import DaskWorkers, OwnCluster, SchedulerAddress, open_dask, parse_dask
from kit.sweep.errors import WorkersLostError
from kit.sweep.records import save_point
from kit.sweep.run import SweepEnded, run_sweep

from .conftest import FIT, Begin, WriteNotebook, attempts_of


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[LocalCluster]:
    cluster = LocalCluster(2, tmp_path / "cluster")
    yield cluster
    pids = list(cluster.workers.values())
    cluster.close()
    assert not any(is_alive(pid) for pid in pids)


def test_the_points_of_a_killed_worker_are_done_by_another(
    write_notebook: WriteNotebook, begin: Begin, tmp_path: Path, cluster: LocalCluster
) -> None:
    go = tmp_path / "go"
    folder = begin(
        f"notebooks: {write_notebook('fit', *FIT)}\nfixed: {{wait_for: {go}}}\n"
        "parameters: {size: [1, 2]}\nmetrics: ['loss, minimise']"
    )
    endings: list[SweepEnded] = []
    said: list[str] = []

    def sweep() -> None:
        workers = DaskWorkers(folder.path, cluster.address, cluster)
        endings.append(run_sweep(folder, lambda _: workers, said.append))

    thread = threading.Thread(target=sweep)
    thread.start()
    wait_until(lambda: len(list(folder.path.glob("points/*/ws/runs/*/run.json"))) == 2)
    first, second = folder.points()
    assert {first.worker, second.worker} == {"worker-1", "worker-2"}
    orphans = [process for process in attempts_of(folder) if str(first.number) == process.cmdline()[-1]]
    os.kill(cluster.workers[first.worker], signal.SIGKILL)
    psutil.wait_procs(orphans, 20)
    assert len(orphans) == 1
    assert not orphans[0].is_running()
    go.touch()
    thread.join(60)
    [ended] = endings
    assert ended.exit_code == ExitCode.DONE
    assert [point.state for point in ended.points] == ["done", "done"]
    assert [point.metrics["loss"] for point in ended.points] == [1.04, 2.04]
    assert [point.attempts for point in ended.points] == [2, 1]
    assert ended.points[0].worker != first.worker
    assert [line for line in said if "is lost" in line] == [
        f"Worker {first.worker} is lost; what it was at begins again on another one."
    ]
    assert not attempts_of(folder)


def test_a_cluster_ends_with_whoever_has_started_it_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from kit.sweep.cluster import LocalCluster\n"
        "cluster = LocalCluster(1, Path(sys.argv[1]))\n"
        "print(*(member.pid for member in cluster._members.values()), flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        members = [psutil.Process(int(pid)) for pid in owner.stdout.readline().split()]
        assert len(members) == 2
        owner.kill()
    _, alive = psutil.wait_procs(members, 20)
    assert not alive


def test_a_cluster_leaves_no_temporary_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = tmp_path / "tmp"
    usual.mkdir()
    monkeypatch.setenv("TMPDIR", str(usual))
    cluster = LocalCluster(1, tmp_path / "cluster")
    cluster.close()
    assert not list(usual.iterdir())
    assert {file.suffix for file in (tmp_path / "cluster").iterdir()} <= {".log", ".address"}


def test_a_sweep_whose_scheduler_is_gone_ends_and_can_go_on(
    write_notebook: WriteNotebook, begin: Begin, tmp_path: Path, cluster: LocalCluster
) -> None:
    folder = begin(
        f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}\nfixed: {{wait_for: {tmp_path / 'go'}}}"
    )
    workers = DaskWorkers(folder.path, cluster.address, cluster)

    def kill_scheduler(line: str) -> None:
        if "point 1 begins" in line:
            wait_until(lambda: folder.points()[0].state == "running")
            cluster._members["scheduler"].kill()

    with pytest.raises(WorkersLostError, match="--resume fit"):
        run_sweep(folder, lambda _: workers, kill_scheduler)
    wait_until(lambda: not attempts_of(folder))  # their workers have ended with the cluster
    assert (folder.path / "report.html").exists()


def test_workers_with_another_kit_or_without_the_folder_are_named(
    begin: Begin,
    write_notebook: WriteNotebook,
    cluster: LocalCluster,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    folder = begin(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1]}}")
    security = cluster.security
    code_digest.cache_clear()  # workers look at the files now
    DaskWorkers(
        folder.path, cluster.address, security=security
    ).close()  # somebody's cluster, as it should be
    with pytest.raises(ClusterError, match=r"tls://.* does not see"):
        DaskWorkers(tmp_path / "elsewhere", cluster.address, security=security)
    monkeypatch.setattr(dask_workers, "code_digest", lambda: "0123")
    with pytest.raises(ClusterError, match=r"(?s)code 0123.*another version of the kit in .*same checkout"):
        DaskWorkers(folder.path, cluster.address, security=security)
    with pytest.raises(ClusterError, match="must answer at tls://"):  # a stranger on this machine
        DaskWorkers(folder.path, cluster.address)


_ANOTHER_KIT = (
    "import sys; import kit.sweep.code as code; code.code_digest = lambda: 'another'\n"
    "from kit.sweep.member import main; main(*sys.argv[1:])"
)


def test_a_worker_that_joins_later_with_another_kit_gets_no_points(
    begin: Begin, write_notebook: WriteNotebook, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would refuse each of them at once, and would so get one after the other."""
    folder = begin(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1, 2, 3, 4]}}")
    workers = DaskWorkers(folder.path, cluster.address, security=cluster.security)
    popen = cluster_module._popen

    def with_another_kit(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
        return popen([sys.executable, "-c", _ANOTHER_KIT, *command[3:]], log)

    monkeypatch.setattr(cluster_module, "_popen", with_another_kit)
    cluster._members["late"] = cluster._start("late", "worker", "late")
    wait_until(lambda: len(workers._known()) == 3)
    said: list[str] = []
    ended = run_sweep(folder, lambda _: workers, said.append)
    assert [(point.state, point.attempts) for point in ended.points] == [("done", 1)] * 4
    assert {point.worker for point in ended.points} == {"worker-1", "worker-2"}
    [line] = [line for line in said if "has joined" in line]
    assert re.search(r"(?s)gets no points\..* tls://\S+ has another version of the kit", line)


def test_a_scheduler_that_does_not_answer_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_workers, "_CONNECT_SECONDS", 0.3)
    with pytest.raises(
        ClusterError, match=r"must answer at tcp://127\.0\.0\.1:9 within 0\.3 s.*--dask local:2"
    ):
        open_dask(tmp_path, "tcp://127.0.0.1:9")


_NO_ADDRESSES = [
    *("", "local", "local:0", "local:x", "local:²", f"local:{'9' * 5000}", "10.0.0.1:8786"),
    *("tcp://", "tcp://127.0.0.1", "tcp://:8786", "tcp://h:0", "tcp://h:65536", "tcp://h:1/x"),
    *("http://h:8786", "foo://", "inproc://", "ucx://"),
]


@pytest.mark.parametrize("words", _NO_ADDRESSES)
def test_what_is_no_address_is_refused(words: str) -> None:
    with pytest.raises(ClusterError, match="--dask takes the address of a scheduler"):
        parse_dask(words)


def test_an_encrypted_scheduler_needs_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client of Dask that has none tries on, and prints a traceback when it is gone."""
    monkeypatch.setattr(dask_workers, "Client", lambda *_, **__: pytest.fail("it has begun to connect"))
    with pytest.raises(ClusterError, match=r"must answer at tls://h:8786 .* needs keys"):
        open_dask(tmp_path, "tls://h:8786")


def test_there_are_no_more_workers_than_points_and_cores_can_carry(
    begin: Begin, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin(f"notebooks: {write_notebook('fit', *FIT)}\nparameters: {{size: [1, 2, 3]}}")
    save_point(folder.point(1), folder.points()[0].model_copy(update={"state": "done"}))
    started = MagicMock()
    monkeypatch.setattr(dask_workers, "LocalCluster", started)
    monkeypatch.setattr(dask_workers, "DaskWorkers", MagicMock())
    monkeypatch.setattr(dask_workers, "cores", lambda: 2)
    open_dask(folder.path, "local:16")
    assert started.call_args[0][0] == 2
    with pytest.raises(ClusterError, match=r"may start 16 workers on this machine, .* but is 'local:17'"):
        open_dask(folder.path, "local:17")


def test_addresses_and_sizes_are_read() -> None:
    assert parse_dask("tls://[::1]:8786") == SchedulerAddress("tls://[::1]:8786")
    assert parse_dask("tcp://10.0.0.1:8786") == SchedulerAddress("tcp://10.0.0.1:8786")
    assert parse_dask("local:3") == OwnCluster(3)
