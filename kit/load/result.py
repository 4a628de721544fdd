"""The result of a load: when each request was due, how long it took, and whether it was answered."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

OK = "OK"
NOT_SENT = "NOT_SENT"
Array = np.ndarray[Any, Any]
_MS = 1000.0


@dataclass(frozen=True, eq=False)
class LoadResult:
    """All requests that were due while it was measured.

    Attributes:
        due: when they were due, float64 [n], seconds of `time.monotonic`, which all processes of a machine share.
        took: the seconds from then until the answer, float64 [n].
        outcomes: OK or the code of the error, texts [n].
        seconds: the seconds that were measured.
    """

    due: Array
    took: Array
    outcomes: Array
    seconds: float

    @classmethod
    def of(cls, rows: Sequence[tuple[float, float, str]], seconds: float) -> Self:
        """Return the result of requests: due, took and outcome each."""
        due, took, outcomes = zip(*rows, strict=True) if rows else ((), (), ())
        return cls(np.array(due, float), np.array(took, float), np.array(outcomes, np.str_), seconds)

    @classmethod
    def together(cls, parts: Sequence[LoadResult]) -> Self:
        """Return the result of processes that asked at the same time."""
        return cls(
            np.concatenate([part.due for part in parts]),
            np.concatenate([part.took for part in parts]),
            np.concatenate([part.outcomes for part in parts]),
            max(part.seconds for part in parts),
        )

    @property
    def answered(self) -> int:
        """The number of requests answered without an error."""
        return int((self.outcomes == OK).sum())

    @property
    def errors(self) -> dict[str, int]:
        """The number of requests that ended with each error."""
        return dict(Counter(self.outcomes[self.outcomes != OK].tolist()))

    @property
    def rate(self) -> float:
        """Answers a second, errors not counted."""
        return self.answered / self.seconds

    def milliseconds(self, percentile: float) -> float:
        """Return a percentile (0 to 100) of how long answers took; NaN without any.

        Errors are left out: a refusal is quick, and would make a server look fast.
        """
        took = self.took[self.outcomes == OK]
        return float(np.percentile(took, percentile)) * _MS if len(took) else float("nan")

    def between(self, start: float, end: float) -> LoadResult:
        """Return the requests that were due between two times of `time.monotonic`."""
        chosen = (self.due >= start) & (self.due < end)
        return LoadResult(self.due[chosen], self.took[chosen], self.outcomes[chosen], end - start)

    def to_bytes(self) -> bytes:
        """Return it for another process."""
        file = io.BytesIO()
        np.savez(file, due=self.due, took=self.took, outcomes=self.outcomes, seconds=np.float64(self.seconds))
        return file.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Return what `to_bytes` gave."""
        with np.load(io.BytesIO(data), allow_pickle=False) as found:
            return cls(found["due"], found["took"], found["outcomes"], float(found["seconds"]))
