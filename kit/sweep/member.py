"""The process of a Dask scheduler or worker that a sweep has started.

`python -m kit.sweep.member scheduler FOLDER` writes its address there, `… worker FOLDER NAME` runs points. The first
line of standard input is the key without which nobody is let in: whoever reaches a scheduler can run code as its user.
The sweep then holds the pipe open; when the sweep is gone, however it ended, the member ends.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
from pathlib import Path

from distributed import Scheduler, Security, Worker

from kit.workspace import write_atomically

HOST = "127.0.0.1"
ADDRESS = "scheduler.address"
SCRATCH = "scratch"  # Dask's temporary files, which a member that is ended leaves behind


async def _schedule(folder: Path, security: Security) -> None:
    async with Scheduler(
        host=HOST,
        port=0,
        protocol="tls",
        security=security,
        dashboard=False,
        local_directory=str(folder / SCRATCH),
    ) as scheduler:
        write_atomically(folder / ADDRESS, scheduler.address)
        await scheduler.finished()


async def _work(folder: Path, security: Security, name: str) -> None:
    scheduler = (folder / ADDRESS).read_text(encoding="utf-8")
    # One point at a time; its memory is in its own processes, which Dask's limit would not see.
    async with Worker(
        scheduler,
        host=HOST,
        name=name,
        security=security,
        nthreads=1,
        memory_limit=0,
        dashboard=False,
        local_directory=str(folder / SCRATCH),
    ) as worker:
        await worker.finished()


def _end_with_stdin() -> None:
    while os.read(0, 1):
        pass
    os._exit(0)


def main(kind: str, folder: str, *name: str) -> None:
    """Run as a scheduler or a worker until the sweep is gone."""
    security = Security(**json.loads(os.fdopen(os.dup(0), "rb", buffering=0).readline()))
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    work = _schedule if kind == "scheduler" else _work
    asyncio.run(work(Path(folder), security, *name))


if __name__ == "__main__":
    main(*sys.argv[1:])
