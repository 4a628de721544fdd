"""Differences for views: the same in tests and in golden files."""

from __future__ import annotations

from typing import NamedTuple

from widget_examples import HOSTILE

from widgets.parity import Parity

WAYS = ("SavedModel", "gRPC", "REST")
LITERT = "LiteRT dynamic_range"


class Difference(NamedTuple):
    """As `kit.release.parity` gives it."""

    way: str
    value: str
    largest: float = 0.0
    bound: float = 1e-5
    row: int | None = None
    expected: str = ""
    found: str = ""

    @property
    def ok(self) -> bool:
        return self.row is None


def same() -> Parity:
    features = [Difference(way, name) for way in WAYS for name in ("age_xf", "city_xf")]
    scores = [Difference(way, "score", 1.2e-7) for way in WAYS]
    return Parity([*features, *scores, Difference(LITERT, "score", 0.00185, 0.02)], rows=1000)


def diverged() -> Parity:
    ways = ("SavedModel", "REST")
    features = [Difference(way, name) for way in ways for name in ("age_xf", "city_xf")]
    features += [Difference(way, "height_xf", 0.25, row=0, expected="170.5", found="170.75") for way in ways]
    scores = [Difference(way, "score", 0.03, row=12, expected="0.9", found="0.93") for way in ways]
    left_out = ["LiteRT int8: it could not be converted"]
    return Parity([*features, *scores, Difference(LITERT, "score", 0.001, 0.02)], rows=1, left_out=left_out)


def empty() -> Parity:
    return Parity([])


def many(amount: int = 5_000) -> Parity:
    return Parity(
        [Difference(way, f"feature_{number}_xf") for number in range(amount) for way in WAYS], rows=9
    )


def hostile() -> Parity:
    bad = [Difference(text, text, 1.0, row=3, expected=text, found=text) for text in HOSTILE]
    return Parity(bad, rows=5, left_out=HOSTILE)
