"""Load tests: how many requests per second a server answers, and how long each takes.

Closed loop: a number of callers, each of which asks again once it has its answer. It finds the capacity, and hides
waiting: a server that stops for a second is not asked in that second. Open loop: requests arrive at random times
whatever the server does (a Poisson process, as those of many strangers), and each is timed from when it was due, so
that waiting before it could be sent counts ("coordinated omission", G. Tene, "How NOT to measure latency", 2015).

Load is made in processes of its own, so that it does not compete for Python's lock with the process that measures.

Actors: `Load` is the plan, `run_load` and `RunningLoad` carry it out, `loops` has the two loops, `transports` sends,
`LoadResult` is the outcome.
"""

from kit.load.plan import PREDICT, Load
from kit.load.process import RunningLoad, run_load
from kit.load.result import LoadResult

__all__ = ["PREDICT", "Load", "LoadResult", "RunningLoad", "run_load"]
