"""Deliver the messages in the outbox: at once, and after ever longer pauses while a receiver does not answer.

Delivery is at least once: when a process dies between delivering a message and recording that, the receiver gets it
again under the same delivery name, by which it can recognize the repetition.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kit.alerts.channel import Channel, Delivered, Later, Outcome, Refused
from kit.alerts.store import Store, Waiting
from kit.errors import WorkspaceError
from kit.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

Clock = Callable[[], float]

BUDGET_SECONDS = 5.0
"""What all deliveries of one run may take together: a hanging receiver must not hold up a batch."""

_PAUSES_SECONDS = (0.2, 0.5)  # before the second and third attempt of a run
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 30.0, float(SECONDS_PER_HOUR)
_MOST_DOUBLINGS = 7  # 64 minutes; somebody who sends by hand every minute makes thousands of attempts
_GIVE_UP_SECONDS = 7.0 * SECONDS_PER_DAY
_HELD_SECONDS = 60.0  # how long a process that is killed while delivering holds its message
_LEAST_SECONDS = 0.1
_GRACE_SECONDS = 0.3  # for the channel itself to report a timeout, about which it knows more


@dataclass(frozen=True)
class Sent:
    """What became of one message.

    Attributes:
        channel: the channel that it went through.
        outcome: the outcome of the last attempt.
        message: the message, as JSON.
    """

    channel: str
    outcome: Outcome
    message: str


@dataclass
class _Lane:
    """Delivers the messages of one channel in order; each channel has a thread of its own.

    A socket's timeout is per byte and not per answer, and host names are looked up without one: only a caller that
    waits in another thread can keep a deadline. Nor does a hanging channel take the time of another.
    """

    messages: list[Waiting] = field(default_factory=list)
    in_hand: Waiting | None = None
    sent: list[Sent] = field(default_factory=list)
    error: WorkspaceError | None = None


class Outbox:
    """Delivers the messages of a project.

    Args:
        store: the store that holds them.
        project: its name.
        channels: the channels of the project.
        clock: gives seconds since 1970.
    """

    def __init__(
        self, store: Store, project: str, channels: Sequence[Channel], clock: Clock = time.time
    ) -> None:
        self._store, self._project, self._clock = store, project, clock
        self._channels = {channel.name: channel for channel in channels}

    def send(self, budget_seconds: float = BUDGET_SECONDS, *, also_early: bool = False) -> list[Sent]:
        """Try the messages that are due, all channels at the same time; an error of a channel is an outcome.

        Args:
            budget_seconds: the seconds that it may take; what has not begun by then is left.
            also_early: try all that no other process is delivering, due or not.

        Raises:
            WorkspaceError: when the outcome of a message cannot be recorded.
        """
        deadline = time.monotonic() + budget_seconds
        lanes: dict[str, _Lane] = {}
        for waiting in self._store.waiting(self._project, None if also_early else self._clock()):
            lanes.setdefault(waiting.channel, _Lane()).messages.append(waiting)
        threads = [
            threading.Thread(target=self._work, args=(lane, self._channel(name), deadline), daemon=True)
            for name, lane in lanes.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(deadline + _GRACE_SECONDS - time.monotonic(), 0))
        return [sent for lane in lanes.values() for sent in self._ended(lane, budget_seconds)]

    def _channel(self, name: str) -> Channel:
        return self._channels.get(name) or _Gone(name)

    def _work(self, lane: _Lane, channel: Channel, deadline: float) -> None:
        try:
            self._deliver(lane, channel, deadline)
        except WorkspaceError as error:  # for the thread that waits, if it still does
            lane.error = error

    def _deliver(self, lane: _Lane, channel: Channel, deadline: float) -> None:
        for waiting in lane.messages:
            now = self._clock()
            if time.monotonic() + _LEAST_SECONDS > deadline:
                return
            if not self._store.hold(waiting.delivery, now, now + _HELD_SECONDS):
                continue
            lane.in_hand = waiting
            outcome = self._recorded(waiting, _attempts(channel, waiting, deadline))
            lane.sent.append(Sent(channel.name, outcome, waiting.message))
            lane.in_hand = None
            if isinstance(outcome, Later):
                return  # a receiver that did not answer is not tried again in this run

    def _ended(self, lane: _Lane, seconds: float) -> list[Sent]:
        """Return what became of a lane without waiting for its thread, which may still wait for an answer."""
        if lane.error is not None:
            raise lane.error
        sent, waiting = list(lane.sent), lane.in_hand
        if waiting is not None:
            outcome = self._recorded(waiting, Later(f"no answer within {seconds:g} seconds"))
            sent.append(Sent(waiting.channel, outcome, waiting.message))
        return sent

    def _recorded(self, waiting: Waiting, outcome: Outcome) -> Outcome:
        """Record the outcome of a message; one that is too old is given up."""
        too_old = self._clock() - waiting.created > _GIVE_UP_SECONDS
        if isinstance(outcome, Later) and too_old:
            outcome = Refused(f"{outcome.problem}; given up after a week")
        if isinstance(outcome, Later):
            doublings = min(waiting.attempts, _MOST_DOUBLINGS)
            pause = min(_FIRST_WAIT_SECONDS * 2**doublings, _LONGEST_WAIT_SECONDS)
            self._store.try_later(waiting.delivery, self._clock() + pause, outcome.problem)
        else:
            self._store.forget(waiting.delivery)
        return outcome


@dataclass
class _Gone:
    """Stands in for a channel that messages wait for and that project.yml no longer has, or cannot use here."""

    name: str

    def send(self, delivery: str, message: Mapping[str, Any], timeout_seconds: float) -> Outcome:  # noqa: ARG002
        return Later(f"`alerts` in project.yml names no {self.name}")


def _attempts(channel: Channel, waiting: Waiting, deadline: float) -> Outcome:
    """Try a few times with short pauses, as far as there is time."""
    message = json.loads(waiting.message)
    outcome: Outcome = Later("there was no time")
    for pause in (*_PAUSES_SECONDS, None):
        left = deadline - time.monotonic()
        outcome = _attempt(channel, waiting.delivery, message, max(left, _LEAST_SECONDS))
        enough = pause is None or time.monotonic() + pause + _LEAST_SECONDS > deadline
        if isinstance(outcome, Delivered | Refused) or enough:
            break
        time.sleep(pause or 0)
    return outcome


def _attempt(channel: Channel, delivery: str, message: Mapping[str, Any], timeout_seconds: float) -> Outcome:
    """Send once; an unforeseen error is an outcome too, as it must not end the notebook that found something.

    The text of such an error is left out, as it might hold a secret.
    """
    try:
        return channel.send(delivery, message, timeout_seconds)
    except Exception as error:  # noqa: BLE001
        return Later(f"the channel failed with {type(error).__name__}")
