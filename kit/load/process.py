"""Generate load in processes of its own."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Self

from kit import warm
from kit.errors import StepFailedError
from kit.load.loops import ask
from kit.load.plan import Load
from kit.load.result import LoadResult
from kit.load.transports import opened

_TARGET = "kit.load.process:child"


class RunningLoad:
    """A load that is being made; the processes end with the block."""

    def __init__(self, load: Load, processes: int = 1) -> None:
        """Take the plan; no request is sent before `start`.

        Args:
            load: the load, over gRPC or REST.
            processes: the number of processes that share it.
        """
        self._parts = load.split(processes)
        self._calls: list[warm.WarmCall] = []
        self._running = ExitStack()

    def start(self) -> Self:
        """Start the processes and return; they ask once they are up."""
        with ExitStack() as started:
            folder = Path(started.enter_context(tempfile.TemporaryDirectory(prefix="kit-load-")))
            for number, part in enumerate(self._parts):
                payload = asdict(part) | {
                    "requests": [base64.b64encode(each).decode() for each in part.requests]
                }
                call = warm.start_call(
                    _TARGET, json.dumps(payload).encode(), log_path=folder / f"{number}.log"
                )
                self._calls.append(started.enter_context(call))
            self._running = started.pop_all()
        return self

    def wait(self) -> LoadResult:
        """Wait until it is over; return the result.

        Raises:
            StepFailedError: when a process did not come to its end.
        """
        results = []
        for call in self._calls:
            outcome = call.wait()
            if not isinstance(outcome, warm.CallReturned):
                reason = outcome.message if outcome else "it still runs"
                raise StepFailedError(
                    f"A process that makes load should have come to its end, but: {reason} Make the load again."
                )
            results.append(LoadResult.from_bytes(outcome.result))
        return LoadResult.together(results)

    def stop(self) -> LoadResult:
        """End it early; return the result so far.

        Raises:
            StepFailedError: when a process did not come to its end.
        """
        for pid in self.pids:
            with suppress(ProcessLookupError):  # it was over already
                os.kill(pid, signal.SIGTERM)
        return self.wait()

    @property
    def pids(self) -> list[int]:
        """Ids of the processes that ask."""
        return [call.pid for call in self._calls]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self._running.close()
        self._calls.clear()


def run_load(load: Load, processes: int = 1) -> LoadResult:
    """Make load over gRPC or REST from other processes, and wait for its end.

    Raises:
        StepFailedError: when such a process did not come to its end.
    """
    with RunningLoad(load, processes) as running:
        return running.wait()


def child(payload: bytes, _report: Callable[[str], None]) -> bytes:
    """Entry point of a load process."""
    found = json.loads(payload)
    load = Load(**found | {"requests": tuple(base64.b64decode(each) for each in found["requests"])})

    async def main() -> LoadResult:
        stopping = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
        async with opened(load) as send:
            return await ask(load, send, stopping.is_set)

    return asyncio.run(main()).to_bytes()
