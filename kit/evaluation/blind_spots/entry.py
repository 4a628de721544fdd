"""The project.yml entry that watches a blind spot: a slice, a gate on it, and bands for its numeric ranges."""

from __future__ import annotations

from collections.abc import Iterator

from kit.evaluation.blind_spots.facets import Condition
from kit.evaluation.blind_spots.spot import BlindSpot
from kit.evaluation.sections import Band
from kit.project.file import ProjectFile
from kit.strict_yaml import in_one_line

_DIGITS = 4  # of a loss


def entry_of(spot: BlindSpot, spec: ProjectFile) -> str:
    """Return lines for a person to put into project.yml; a comment says what cannot be expressed.

    The gate asks for half of the possible saving: the present model misses it, one without the blind spot has room.
    """
    unfit = [str(condition) for condition in spot.conditions if not _fits(condition, spec)]
    if unfit:
        return (
            f"# {spot.name}\n# TFMA cuts slices by values and bands of columns, and {' and '.join(unfit)} is neither.\n"
            "# Add a column that says it to the data, and name that in slices.\n"
        )
    bands = {name: band for name, band in (_band(one, spec) for one in spot.conditions) if band is not None}
    names = [_band(one, spec)[0] for one in spot.conditions]
    parts = [f"# {spot.name}"]
    if bands:
        listed = {name: {"column": band.column, "edges": list(band.edges)} for name, band in bands.items()}
        parts += [
            "evaluation:",
            "  bands:",
            *(f"    {name}: {in_one_line(band)}" for name, band in listed.items()),
        ]
    parts += ["slices:", f"  - {in_one_line(names)}"]
    if spec.task == "binary" and "logloss" in spec.evaluated:
        values = dict(zip(names, _values(spot.conditions, bands, names), strict=True))
        most = round(spot.model_loss - spot.excess.value / 2, _DIGITS)
        parts += ["gates:", f"  - {in_one_line({'metric': 'logloss', 'slice': values, 'max': most})}"]
    return "\n".join(parts) + "\n"


def _fits(condition: Condition, spec: ProjectFile) -> bool:
    if condition.missing or condition.derived:
        return False
    return condition.value is not None or spec.columns[condition.column].kind in {"number", "timestamp"}


def _band(condition: Condition, spec: ProjectFile) -> tuple[str, Band | None]:
    """Return a slice's name for a condition: its column, or a band of it with an unused name."""
    if condition.value is not None:
        return condition.column, None
    name = f"{condition.column}_band"
    while name in spec.columns or name in spec.evaluation.bands:
        name += "_2"
    edges = tuple(edge for edge in (condition.low, condition.high) if edge is not None)
    return name, Band(column=condition.column, edges=edges)


def _values(
    conditions: tuple[Condition, ...], bands: dict[str, Band], names: list[str]
) -> Iterator[str | int]:
    for condition, name in zip(conditions, names, strict=True):
        if condition.value is not None:
            yield condition.value
            continue
        yield bands[name].labels[0 if condition.low is None else 1]
