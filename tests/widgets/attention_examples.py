"""Examples of attention for views: the same in tests, in notebooks that tests open, and in golden files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from widget_examples import HOSTILE

from widgets.attention import Attention


class Place(NamedTuple):
    """A thing in the past, as `kit.training.attention` gives it."""

    name: str
    group: str
    weight: float


class Example(NamedTuple):
    """A row, as `kit.training.attention` gives it."""

    candidate: str
    group: str
    score: float
    label: float
    about: Mapping[str, str]
    past: Sequence[Place]


def few(**state: object) -> Attention:
    """One that was clicked and looks at its own group, one that was not, and one without a past."""
    return Attention(
        [
            Example(
                "i2", "pets", 0.61, 1.0, {"user_id": "u7", "device": "mobile"},
                [Place("i9", "pets", 0.7), Place("i4", "books", 0.2), Place("i1", "pets", 0.1)],
            ),
            Example(
                "i3", "books", 0.04, 0.0, {"user_id": "u8", "device": "desktop"},
                [Place("i9", "pets", 0.6), Place("i5", "music", 0.4)],
            ),
            Example("i5", "music", 0.2, 0.0, {}, []),
        ],
        **state,
    )  # fmt: skip


def empty() -> Attention:
    return Attention([])


def many(amount: int = 500, places: int = 10, **state: object) -> Attention:
    draw = np.random.default_rng(5)
    weights = draw.dirichlet(np.ones(places), amount)
    return Attention([_drawn(number, weights[number].tolist()) for number in range(amount)], **state)


def _drawn(number: int, weights: list[float]) -> Example:
    past = [
        Place(f"item {number + at}", f"group {(number + at) % 7}", weight)
        for at, weight in enumerate(weights)
    ]
    about = {"user": f"u{number}"}
    return Example(f"item {number}", f"group {number % 7}", number / 1_000, float(number % 2), about, past)


def hostile(**state: object) -> Attention:
    past = [Place(name, name, 1 / len(HOSTILE)) for name in HOSTILE]
    return Attention(
        [Example(name, name, 0.5, 1.0, dict.fromkeys(HOSTILE, name), past) for name in HOSTILE], **state
    )
