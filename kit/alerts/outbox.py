"""Deliver what waits in the outbox: soon after it was written, and with longer and longer pauses where nobody takes it.

A message is delivered at least once: where a process ends between a delivery and its record, the receiver gets it again
with the same name, by which it can tell.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kit.alerts.channel import Channel, Delivered, Later, Outcome, Refused
from kit.alerts.store import Store, Waiting

Clock = Callable[[], float]

BUDGET_SECONDS = 5.0
"""What all deliveries of one run may take together: a receiver that hangs must not hold up a batch."""

_PAUSES_SECONDS = (0.2, 0.5)  # before the second and third attempt of a run
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 30.0, 3600.0
_GIVE_UP_SECONDS = 7 * 86_400.0
_HELD_SECONDS = 60.0  # a process that is killed while it delivers holds its message so long
_LEAST_SECONDS = 0.1


@dataclass(frozen=True)
class Sent:
    """What became of one message.

    Attributes:
        channel: that it went through.
        outcome: of the last attempt.
        message: JSON of it.
    """

    channel: str
    outcome: Outcome
    message: str


class Outbox:
    """Delivers the messages of a project.

    Args:
        store: that holds them.
        project: its name.
        channels: of the project.
        clock: gives seconds since 1970.
        budget_seconds: for one call of `send`.
    """

    def __init__(
        self,
        store: Store,
        project: str,
        channels: Sequence[Channel],
        clock: Clock = time.time,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        self._store, self._project, self._clock = store, project, clock
        self._budget_seconds = budget_seconds
        self._channels = {channel.name: channel for channel in channels}

    def send(self, *, also_early: bool = False) -> list[Sent]:
        """Try the messages that are due, or with `also_early` all that no other process has in hand."""
        deadline = time.monotonic() + self._budget_seconds
        down: set[str] = set()  # who did not answer once is not asked again in this run
        sent = []
        now = self._clock()
        for waiting in self._store.waiting(self._project, None if also_early else now):
            channel = self._channels.get(waiting.channel)
            out_of_time = time.monotonic() + _LEAST_SECONDS > deadline
            if channel is None or waiting.channel in down or out_of_time:
                continue
            if self._store.hold(waiting.delivery, now, now + _HELD_SECONDS):
                outcome = self._deliver(channel, waiting, deadline)
                if isinstance(outcome, Later):
                    down.add(waiting.channel)
                sent.append(Sent(waiting.channel, outcome, waiting.message))
        return sent

    def _deliver(self, channel: Channel, waiting: Waiting, deadline: float) -> Outcome:
        outcome = _attempts(channel, waiting, deadline)
        too_old = self._clock() - waiting.created > _GIVE_UP_SECONDS
        if isinstance(outcome, Later) and too_old:
            outcome = Refused(f"{outcome.problem}; given up after a week")
        if isinstance(outcome, Later):
            pause = min(_FIRST_WAIT_SECONDS * 2.0**waiting.attempts, _LONGEST_WAIT_SECONDS)
            self._store.try_later(waiting.delivery, self._clock() + pause, outcome.problem)
        else:
            self._store.delivered(waiting.delivery)
        return outcome


def _attempts(channel: Channel, waiting: Waiting, deadline: float) -> Outcome:
    """Try a few times with short pauses, as far as there is time."""
    message = json.loads(waiting.message)
    outcome: Outcome = Later("there was no time")
    for pause in (*_PAUSES_SECONDS, None):
        left = deadline - time.monotonic()
        outcome = channel.send(waiting.delivery, message, max(left, _LEAST_SECONDS))
        enough = pause is None or time.monotonic() + pause + _LEAST_SECONDS > deadline
        if isinstance(outcome, Delivered | Refused) or enough:
            break
        time.sleep(pause or 0)
    return outcome
