"""Plain values for the view of calibration."""

from __future__ import annotations

from widget_examples import HOSTILE

from widgets.values.calibration import CalibrationCurve


def curve(slice_: str = "All rows", model: str = "candidate", *, high: float = 0.0) -> CalibrationCurve:
    """Return five bins; with `high` the model promises so much more than comes true."""
    observed = (0.02, 0.08, 0.14, 0.3, 0.55)
    return CalibrationCurve(
        slice_,
        model,
        predicted=[value + high for value in observed],
        observed=observed,
        lower=[value * 0.8 for value in observed],
        upper=[value * 1.25 for value in observed],
        examples=(1_800, 700, 300, 160, 40),
    )


def curves() -> list[CalibrationCurve]:
    return [
        curve(),
        curve(model="baseline", high=0.1),
        curve("device: mobile"),
        curve("device: mobile", "baseline"),
    ]


def many_curves() -> list[CalibrationCurve]:
    return [curve(f"user: u{place}") for place in range(2_000)]


def hostile_curves() -> list[CalibrationCurve]:
    return [curve(text, text, high=0.1) for text in HOSTILE]
