"""What is worth retrying: an accident of the machine, never a verdict on data, model, code or command."""

from __future__ import annotations

from kit.batch.record import Failure
from kit.errors import ExitCode

ACCIDENTS = {
    "DeadKernelError": "the kernel died",
    "KernelStartError": "the kernel did not start",
    "StepDiedError": "the process of the step died",
    "ConnectionError": "a connection was lost",
    "ConnectionAbortedError": "a connection was lost",
    "ConnectionRefusedError": "nobody listened at a port",
    "ConnectionResetError": "a connection was lost",
    "BrokenPipeError": "a connection was lost",
    "UnavailableError": "a server was away",
    "_InactiveRpcError": "a server was away",
}
"""Errors after which the same notebook may end well. A full disk, a timeout and any verdict of the kit would recur."""

_DEATHS = {"DeadKernelError", "StepDiedError"}
_PORT_TAKEN = "Address already in use"
_STORE_BUSY = "database is locked"
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


def accident(code: ExitCode, failure: Failure | None) -> str | None:
    """Return what happened, in words, if another attempt may help, else None."""
    if failure is None or code is not ExitCode.STEP_FAILED:
        return None
    if failure.error in {"OSError", "PermissionError"} and _PORT_TAKEN in failure.reason:
        return "a port was taken by another program"
    if _STORE_BUSY in failure.reason:
        return "ML Metadata was busy"
    return ACCIDENTS.get(failure.error)


def is_death(failure: Failure) -> bool:
    """Return whether a process vanished, usually for lack of memory: then it should run alone."""
    return failure.error in _DEATHS


def pause_seconds(tries: int) -> float:
    """Return how long to wait after some attempts: twice as long each time, a minute at most."""
    return float(min(_FIRST_PAUSE_SECONDS * 2 ** (tries - 1), _LONGEST_PAUSE_SECONDS))
