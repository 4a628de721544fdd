"""The plan of a load: which requests, how often, and for how long."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle

import numpy as np

from kit.errors import UsageError
from kit.serving.transport import Transport

PREDICT = "/tensorflow.serving.PredictionService/Predict"


@dataclass(frozen=True, kw_only=True)
class Load:
    """A plan of load: closed with `callers`, open with `rate`.

    Attributes:
        requests: serialized messages of gRPC or bodies of REST; they are sent in turn.
        address: host and port of the server.
        transport: how they are sent.
        path: method of gRPC or path of REST.
        callers: the callers that ask at once, each again once it has its answer; 0 is an open loop.
        rate: requests per second that arrive, on average; 0 is a closed loop.
        seconds: the seconds that are measured.
        warm_seconds: the seconds before those; requests due in them do not count.
        timeout_seconds: the seconds that an answer may take.
        most_under_way: how many requests an open loop may have under way; one that is due beyond them is an error, not
            sent.
        seed: the seed of the arrivals.

    Raises:
        UsageError: when it is neither open nor closed, or both, or asks nothing.
    """

    requests: tuple[bytes, ...]
    address: str = ""
    transport: Transport = Transport.GRPC
    path: str = PREDICT
    callers: int = 0
    rate: float = 0.0
    seconds: float = 5.0
    warm_seconds: float = 1.0
    timeout_seconds: float = 10.0
    most_under_way: int = 5000
    seed: int = 1

    def __post_init__(self) -> None:
        if (self.callers > 0) == (self.rate > 0):
            raise UsageError(
                f"A load must have callers or a rate, but has {self.callers} callers and a rate of {self.rate:g}. "
                "Give one of the two."
            )
        if not (self.requests and 0 < self.seconds < math.inf and self.rate < math.inf):
            raise UsageError(
                f"A load must have requests, a finite rate, and an end, but has {len(self.requests)} requests, "
                f"a rate of {self.rate:g}, and {self.seconds:g} s. Give all of them."
            )

    def split(self, parts: int) -> list[Load]:
        """Return the same load split over processes, which together ask as often."""
        most = self.callers or parts  # no part without a caller
        parts = max(1, min(parts, most))
        shares = [self.callers // parts + (number < self.callers % parts) for number in range(parts)]
        return [
            replace(self, callers=callers, rate=self.rate / parts, seed=self.seed + 1000 * number)
            for number, callers in enumerate(shares)
        ]

    def arrivals(self) -> Iterator[float]:
        """Yield when requests are due, in seconds from the start, until the end."""
        random = np.random.default_rng(self.seed)
        due, end = 0.0, self.warm_seconds + self.seconds
        while (due := due + float(random.exponential(1 / self.rate))) < end:
            yield due

    def bodies(self) -> Iterator[bytes]:
        """Return the requests in turn, without end, from a place that the seed determines."""
        first = self.seed % len(self.requests)
        return cycle((*self.requests[first:], *self.requests[:first]))
