"""Run short trainings in processes of their own, where the caller must stay free of their side effects."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from kit import warm
from kit.errors import KitError, StepFailedError
from kit.session import Session
from kit.steps.progress import report
from kit.texts import tail
from kit.training.config import Training
from kit.training.job import Job

_POLL_SECONDS = 0.5


class TookTooLongError(KitError):
    """A process did not answer in time, and was ended."""


def job_of(session: Session, training: Training) -> Job:
    """Return a job that trains on a session's latest transformed examples and leaves no files behind."""
    examples = session.path("Transform", "transformed_examples")
    return Job(
        project=str(session.project.folder),
        training=training,
        train_files=(str(examples / "Split-train" / "*"),),
        eval_files=(str(examples / "Split-eval" / "*"),),
        transform_output=str(session.path("Transform", "transform_graph")),
        run_dir="",
        checkpoint="",
        model_dir="",
    )


def run_isolated(
    function: Callable[[bytes, Callable[[str], None]], bytes],
    payload: bytes,
    what: str,
    *,
    seconds: float | None = None,
    environ: Mapping[str, str] | None = None,
) -> bytes:
    """Run a function of a module in a process of its own, and return its answer.

    Args:
        function: takes the payload, and a callback for lines of progress.
        payload: the argument of the function.
        what: names the work, in words that complete "… failed".
        seconds: the seconds after which the process is ended; None: never.
        environ: the process's environment variables; None: those of this one.

    Raises:
        KitError: the one that the function raised.
        TookTooLongError: when it was ended.
        StepFailedError: when it failed otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="apart-") as folder:
        log = Path(folder) / "log"
        target = f"{function.__module__}:{function.__name__}"
        started = time.monotonic()
        with warm.start_call(target, payload, log_path=log, env=environ) as call:
            while (outcome := call.wait(_POLL_SECONDS)) is None:
                passed = time.monotonic() - started
                report(f"{what}: {passed:.0f} s{f' of at most {seconds:g} s' if seconds else ''}")
                if seconds is not None and passed > seconds:
                    raise TookTooLongError(
                        f"{what} must be done within {seconds:g} s, and was ended after {passed:.0f} s. Give it more "
                        "time, or leave it out."
                    )
        if isinstance(outcome, warm.CallReturned):
            return outcome.result
        if error := outcome.kit_error():
            raise error
        raise StepFailedError(f"{what} did not return a result: {outcome.message}\n{tail(log, 5)}")
