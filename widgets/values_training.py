"""The plain values of views of a training: curves, runs and what a run is doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Points: TypeAlias = Sequence[tuple[float, float]]
"""Step and value, the steps rising; a value may be NaN or infinite."""

Curves: TypeAlias = Mapping[str, Mapping[str, Points]]
"""For each tag, such as `loss`, and each run its points."""
