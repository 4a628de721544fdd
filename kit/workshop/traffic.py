"""Random traffic of a shop: a rush, then a quiet time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Traffic:
    """Requests of independent visitors: their number is Poisson-distributed, their times are uniform.

    Attributes:
        seed: the seed of all random numbers.
        rush_rate: requests per second in the rush.
        rush_seconds: the length of the rush.
        quiet_rate: requests per second afterwards.
        quiet_seconds: the length of the quiet time.
        rows: the rows of each request.
    """

    seed: int
    rush_rate: float = 900
    rush_seconds: float = 8
    quiet_rate: float = 20
    quiet_seconds: float = 16
    rows: int = 10

    def arrivals(self) -> NDArray[np.float64]:
        """Return the arrival time of each request, in seconds, ascending."""
        draw = np.random.default_rng(self.seed)
        rush = np.sort(draw.uniform(0, self.rush_seconds, draw.poisson(self.rush_rate * self.rush_seconds)))
        quiet = np.sort(
            draw.uniform(0, self.quiet_seconds, draw.poisson(self.quiet_rate * self.quiet_seconds))
        )
        return np.concatenate([rush, self.rush_seconds + quiet])
