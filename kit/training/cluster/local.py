"""A cluster of processes on this machine: started, followed, restarted when a member dies, never left behind.

Actors: `Crew` holds the processes of one start; `train` follows crews until one has trained the model. Every process is
a child of the warm process (`kit.warm`), which ends it when this process ends, however that happens.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from kit import warm
from kit.errors import StepFailedError
from kit.steps.progress import report
from kit.texts import tail
from kit.training.cluster.crew_record import ENDED, MEMBERS, RUNNING, CrewRecord, MemberRecord
from kit.training.cluster.tf_config import PARAMETER_SERVER, VARIABLE, WORKER, Cluster, Member, PortError
from kit.training.job import Job

PLAY = "kit.training.strategies:play_locally"
MOST_LOST = 3  # lost members, after which restarting does not help
_LOOK_SECONDS = 0.1
_GRACE_SECONDS = 5.0  # in which a lost member, and those that fail because of it, are seen to end
_END_SECONDS = 30.0  # for the other workers to end by themselves
_TAIL_LINES = 12
_STATES = {warm.CallReturned: "done", warm.CallRaised: "failed", warm.CallDied: "lost"}
_LOST_A_PEER = (
    "UnavailableError",
    "AbortedError",
    "CancelledError",
    "DeadlineExceededError",
    "InternalError",
)
"""What TensorFlow raises in a member whose peer is gone."""


@dataclass(frozen=True)
class Trained:
    """The chief has trained and saved the model."""


@dataclass(frozen=True)
class Lost:
    """Members that others need have ended; `message` says which, and how."""

    message: str


def train(job: Job) -> None:
    """Train in a cluster of this machine's processes; one that loses a member goes on from the latest checkpoint.

    Raises:
        KitError: that a member raised.
        StepFailedError: when a member failed by itself, or members were lost too often.
    """
    folder = job.run / MEMBERS
    folder.mkdir(parents=True, exist_ok=True)
    said: list[str] = []
    while True:
        with Crew(job, Cluster.local(job.training), tuple(said)) as crew:
            ending = crew.follow()
        said = list(crew.said)
        if isinstance(ending, Trained):
            return
        crew.tell(f"{ending.message}; all begin again from the latest checkpoint")
        said = list(crew.said)
        if len(said) > MOST_LOST:
            raise StepFailedError(
                f"A cluster should train to its end, but members were lost {len(said)} times: {'; '.join(said)}. "
                f"See the members' logs in the log of this step, and whether memory ran out."
            )


class Crew:
    """The processes of one start of a cluster; they are gone at the end of a `with` block.

    Args:
        job: the training job.
        cluster: the cluster that they form.
        said: what was lost before, in words.
    """

    def __init__(self, job: Job, cluster: Cluster, said: tuple[str, ...] = ()) -> None:
        self._job, self._cluster, self.said = job, cluster, list(said)
        self._folder = job.run / MEMBERS
        self._calls: dict[Member, warm.WarmCall] = {}
        self._ended: dict[Member, warm.CallOutcome] = {}
        self._over = False

    def __enter__(self) -> Self:
        try:
            for member in self._cluster.members:
                self._start(member)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for call in self._calls.values():
            call.kill()
        self._over = True
        self._record()
        for member in self._cluster.members:
            shutil.rmtree(self._folder / member.name, ignore_errors=True)

    def follow(self) -> Trained | Lost:
        """Watch until the model is trained, or these processes cannot train it; lost served workers are replaced."""
        chief = self._calls[self._cluster.chief]
        while True:
            self._look(_LOOK_SECONDS)
            if isinstance(self._ended.get(self._cluster.chief), warm.CallReturned):
                self._await_others()
                return Trained()
            if chief.progress:
                report(chief.progress)
            if failed := self._failed():
                if self._can_replace(failed):
                    self._replace(failed)
                else:
                    return self._judge()

    def tell(self, what: str) -> None:
        """Report what was lost: on the line of progress, in the record and in the step's log."""
        self.said.append(what)
        report(what)
        print(what, flush=True)  # noqa: T201  the log of the step
        self._record()

    def _start(self, member: Member) -> None:
        log = self._log(member)
        environ = {
            **os.environ,
            VARIABLE: self._cluster.tf_config(member),
            "TMPDIR": str(self._folder / member.name),  # a killed process leaves files there
        }
        self._calls[member] = warm.start_call(
            PLAY,
            self._job.to_json().encode(),
            log_path=log,
            env=environ,
        )
        self._record()

    def _look(self, seconds: float) -> None:
        """Watch the members for a number of seconds."""
        deadline = time.monotonic() + seconds
        for member, call in self._calls.items():
            if member not in self._ended and (outcome := call.wait(0)) is not None:
                self._ended[member] = outcome
                self._record()
        time.sleep(max(0.0, deadline - time.monotonic()))

    def _failed(self) -> Mapping[Member, warm.CallRaised | warm.CallDied]:
        return {
            member: outcome
            for member, outcome in self._ended.items()
            if not isinstance(outcome, warm.CallReturned)
        }

    def _can_replace(self, failed: Mapping[Member, object]) -> bool:
        """Return whether only workers are gone that do a chief's steps, which it gives to others meanwhile."""
        served = self._cluster.strategy == PARAMETER_SERVER and all(
            member.role == WORKER for member in failed
        )
        died = all(isinstance(outcome, warm.CallDied) for outcome in failed.values())
        return served and died and len(self.said) < MOST_LOST

    def _replace(self, failed: Mapping[Member, warm.CallRaised | warm.CallDied]) -> None:
        for member, outcome in failed.items():
            self._calls[member].kill()
            del self._ended[member]
            self.tell(f"{_how(member, outcome)}; another takes its place")
            self._start(member)

    def _judge(self) -> Lost:
        """Distinguish a lost member, for which a restart may help, from a failure that would recur.

        Raises:
            KitError: the one of a member.
            StepFailedError: for any other error that is not about a lost peer.
        """
        deadline = time.monotonic() + _GRACE_SECONDS
        while time.monotonic() < deadline and len(self._ended) < len(self._calls):
            if any(isinstance(outcome, warm.CallDied) for outcome in self._ended.values()):
                break
            self._look(_LOOK_SECONDS)
        failed = self._failed()
        for member, outcome in failed.items():
            if isinstance(outcome, warm.CallRaised) and not _lost_a_peer(outcome):
                self._raise(member, outcome)
        died = {member: outcome for member, outcome in failed.items() if isinstance(outcome, warm.CallDied)}
        return Lost("; ".join(_how(member, outcome) for member, outcome in (died or failed).items()))

    def _raise(self, member: Member, outcome: warm.CallRaised) -> None:
        error = outcome.kit_error()
        if isinstance(error, PortError):
            return  # another process was faster; the next start chooses other ports
        self._keep_logs()
        if error:
            raise error
        print(f"--- {member.name}\n{outcome.traceback_text}", flush=True)  # noqa: T201  the log of the step
        raise StepFailedError(f"{member.name} of the cluster failed: {outcome.message}")

    def _await_others(self) -> None:
        """Let the other workers end by themselves: what they still do must not be cut off in the chief's files."""
        deadline = time.monotonic() + _END_SECONDS
        waited = [member for member in self._calls if self._cluster.strategy != PARAMETER_SERVER]
        while any(member not in self._ended for member in waited) and time.monotonic() < deadline:
            self._look(_LOOK_SECONDS)

    def _keep_logs(self) -> None:
        """Print the end of each log: the folder of a training that failed is removed, the log of the step is not."""
        for member in self._cluster.members:
            if (log := self._log(member)).exists():
                print(f"--- {member.name}\n{tail(log, _TAIL_LINES)}", flush=True)  # noqa: T201  the log of the step

    def _log(self, member: Member) -> Path:
        return self._folder / f"{member.name}.log"

    def _record(self) -> None:
        members = [
            MemberRecord(
                name=member.name,
                address=member.address,
                pid=self._calls[member].pid if member in self._calls else 0,
                state=self._state(member),
                log=str(self._log(member)),
            )
            for member in self._cluster.members
        ]
        CrewRecord(self._cluster.strategy, tuple(members), tuple(self.said)).save(self._folder)

    def _state(self, member: Member) -> str:
        if outcome := self._ended.get(member):
            return _STATES[type(outcome)]
        return ENDED if self._over else RUNNING


def _lost_a_peer(outcome: warm.CallRaised) -> bool:
    name = outcome.message.partition(":")[0].rpartition(".")[2]
    return name in _LOST_A_PEER


def _how(member: Member, outcome: warm.CallRaised | warm.CallDied) -> str:
    if isinstance(outcome, warm.CallDied):
        return f"{member.name} was lost (exit code {outcome.returncode})"
    return f"{member.name} ended ({outcome.message.partition(':')[0].rpartition('.')[2]})"
