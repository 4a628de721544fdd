"""The plain values of the view of calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from widgets.parts.language import say


@dataclass(frozen=True)
class CalibrationCurve:
    """How often a model's predictions come true on one slice, in bins of its scores.

    Attributes:
        slice: its label, such as `device: mobile`.
        model: the model whose scores these are.
        predicted: the mean score of each bin, 0 to 1.
        observed: the share of its rows whose label is 1.
        lower: the lower bound of that share, at 95% confidence.
        upper: the upper bound.
        examples: how many rows it has.

    Raises:
        ValueError: when these are not equally long.
    """

    slice: str
    model: str
    predicted: Sequence[float]
    observed: Sequence[float]
    lower: Sequence[float]
    upper: Sequence[float]
    examples: Sequence[float]

    def __post_init__(self) -> None:
        for name in ("observed", "lower", "upper", "examples"):
            if len(getattr(self, name)) != len(self.predicted):
                raise ValueError(
                    say(
                        "Expected {bins} bins in {name} of {slice}, as in predicted, found {found}. "
                        "Give one value per bin.",
                        bins=len(self.predicted),
                        name=name,
                        slice=self.slice,
                        found=len(getattr(self, name)),
                    )
                )

    @property
    def off(self) -> list[int]:
        """The bins whose prediction is outside the interval of what came true."""
        return [
            place
            for place, promised in enumerate(self.predicted)
            if not self.lower[place] <= promised <= self.upper[place]
        ]
