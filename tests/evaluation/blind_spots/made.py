"""Rows with a known truth, in which blind spots can be put."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from kit.evaluation.blind_spots.calibration import Values, sigmoid
from kit.evaluation.blind_spots.facets import Facet, of_numbers, of_texts
from kit.evaluation.blind_spots.search import Judged

ROWS = 20_000


class Made:
    """Rows of a shop whose scores are the truth.

    Attributes:
        city: text [rows].
        age: [rows], 18 to 80.
        hour: [rows], 0 to 23.
        truth: [rows], the probability that the label is 1.
        labels: [rows].
    """

    def __init__(self, seed: int, rows: int = ROWS) -> None:
        draw = self.draw = np.random.default_rng(seed)
        self.city = draw.choice(["Rom", "東京", "Oslo", "Lima"], rows, p=[0.4, 0.3, 0.2, 0.1])
        self.age = draw.integers(18, 81, rows).astype(np.float64)
        self.hour = draw.integers(0, 24, rows).astype(np.float64)
        # Cities differ in how sure anything is: a greater loss in one of them is no blind spot.
        level = np.where(self.city == "Lima", 0.0, -2.0) + (self.city == "Oslo") * 0.7
        self.truth: Values = sigmoid(level + draw.normal(size=rows))
        self.labels: Values = (draw.random(rows) < self.truth).astype(np.float64)

    def facets(self) -> list[Facet]:
        return [
            of_texts("city", pa.array(self.city.tolist())),
            of_numbers("age", "", self.age, whole=True),
            of_numbers("time", "hour", self.hour, whole=True),
        ]

    def judged(self, scores: Values | None = None, **more: object) -> Judged:
        return Judged(self.labels, self.truth if scores is None else scores, self.facets(), **more)  # type: ignore[arg-type]
