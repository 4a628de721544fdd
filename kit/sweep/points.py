"""The points of a sweep: a full grid, random draws, or a list."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kit.batch.parameters import Parameter, Value, read_parameters, validate
from kit.errors import UsageError
from kit.sweep.errors import SweepError
from kit.sweep.space_file import Range, SpaceFile

Point = dict[str, Value]
MOST_POINTS = 10_000
_DRAWS_PER_POINT = 200  # draws before giving up on finding enough different ones
_DIGITS = 12  # digits of a value: 0.30000000000000004 is nobody's learning rate


def make_points(space: SpaceFile, notebooks: Sequence[Path], where: str) -> list[Point]:
    """Return the points in the types of their parameters, checked as by `kit run`, without duplicates.

    Args:
        space: the swept parameters.
        notebooks: the chain, whose cells declare the parameters.
        where: the file, for messages.

    Raises:
        SweepError: when a parameter is unknown, a value does not fit, or there are too many or too few points.
    """
    specs = [spec for notebook in notebooks for spec in read_parameters(notebook).values()]
    declared = {spec.name: spec for spec in specs}
    _check_names(space, declared, notebooks, where)

    def checked(point: Point, number: int) -> Point:
        return _checked(point, f"{where}, point {number}", space, specs)

    if space.way == "random":
        return _drawn(space, declared, where, checked)
    found = _grid(space, declared, where) if space.way == "grid" else space.points
    points = [checked(point, number) for number, point in enumerate(found, 1)]
    return [dict(pairs) for pairs in dict.fromkeys(tuple(point.items()) for point in points)]


def declared_by(notebooks: Sequence[Path], values: Mapping[str, Value]) -> Point:
    """Return the values that one of the notebooks declares; `kit run` takes no others."""
    declared = {name for path in notebooks for name in read_parameters(path)}
    return {name: value for name, value in values.items() if name in declared}


def _check_names(
    space: SpaceFile, declared: Mapping[str, Parameter], notebooks: Sequence[Path], where: str
) -> None:
    if unknown := [name for name in space.swept if name not in declared]:
        names = ", ".join(path.stem for path in notebooks)
        raise SweepError(
            f"{where}: every swept parameter must be one of the notebooks {names}, but {', '.join(unknown)} is not. "
            f"They declare {', '.join(sorted(declared)) or 'none'}."
        )


def _checked(point: Point, where: str, space: SpaceFile, specs: Sequence[Parameter]) -> Point:
    """Return a point in the types of its parameters, in the order in which they are swept."""
    try:
        values = validate({**space.fixed, **point}, specs)
    except UsageError as error:
        said = ", ".join(f"{name}: {value}" for name, value in point.items())
        raise SweepError(f"{where} ({said}): {error}") from None
    return {name: values[name] for name in space.swept if name in point}


def _grid(space: SpaceFile, declared: Mapping[str, Parameter], where: str) -> list[Point]:
    axes = {name: _axis(name, values, declared[name], where) for name, values in space.parameters.items()}
    size = math.prod(len(axis) for axis in axes.values())
    if size > MOST_POINTS:
        sizes = " x ".join(f"{len(axis)} {name}" for name, axis in axes.items())
        raise SweepError(
            f"{where}: a grid may have {MOST_POINTS:,} points, but {sizes} are {size:,}. "
            "Take fewer values, or draw some with `way: random` and `count`."
        )
    return [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]


def _axis(name: str, values: Range | Sequence[Value], spec: Parameter, where: str) -> list[Value]:
    if not isinstance(values, Range):
        return list(values)
    whole = _is_whole(name, values, spec, where)
    if values.step is None and values.count is None and (values.log or not whole):
        raise SweepError(
            f"{where}: a range of a grid must say how many values it has, but {name} does not. "
            "Add `count: 5`, or `step`."
        )
    size = values.count or _steps(values) + 1
    if size > MOST_POINTS:
        raise SweepError(
            f"{where}: a grid may have {MOST_POINTS:,} points, but {name} alone has {size:,} values. Take fewer, or "
            "draw some with `way: random` and `count`."
        )
    if values.count:
        axis = [_between(values, place / (size - 1)) for place in range(size)]
    else:
        axis = [values.min + place * (values.step or 1) for place in range(size)]
    return list(dict.fromkeys(round(value) if whole else _rounded(value) for value in axis))


def _drawn(
    space: SpaceFile,
    declared: Mapping[str, Parameter],
    where: str,
    checked: Callable[[Point, int], Point],
) -> list[Point]:
    """Draw by `random()` alone, whose sequence for a seed Python keeps from version to version."""
    count = space.count or 0
    whole = {
        name: isinstance(values, Range) and _is_whole(name, values, declared[name], where)
        for name, values in space.parameters.items()
    }
    draw = random.Random(space.seed).random  # noqa: S311  no secret follows from it
    found: dict[tuple[Value, ...], Point] = {}
    for _ in range(min(count, MOST_POINTS) * _DRAWS_PER_POINT):
        drawn = {name: _draw(values, draw(), whole[name]) for name, values in space.parameters.items()}
        point = checked(drawn, len(found) + 1)
        found.setdefault(tuple(point.values()), point)
        if len(found) == count:
            return list(found.values())
    raise SweepError(
        f"{where}: {count:,} different points are asked for, of at most {MOST_POINTS:,}, but only {len(found):,} were "
        "found. Give a smaller count, or wider ranges."
    )


def _draw(values: Range | Sequence[Value], part: float, whole: bool) -> Value:
    """Return the value at a fraction, 0 to 1, of its range."""
    if not isinstance(values, Range):
        return values[int(part * len(values))]
    if values.step is not None:
        drawn = values.min + int(part * (_steps(values) + 1)) * values.step
        return round(drawn) if whole else _rounded(drawn)
    if not whole:
        return _rounded(_between(values, part))
    # Up to one more than the last, rounded down: all whole numbers are equally likely.
    upto = Range(min=values.min, max=values.max + 1, log=values.log)
    return min(math.floor(_between(upto, part)), int(values.max))


def _between(values: Range, part: float) -> float:
    if values.log:
        return math.exp(math.log(values.min) + part * (math.log(values.max) - math.log(values.min)))
    return values.min + part * (values.max - values.min)


def _steps(values: Range) -> int:
    return math.floor((values.max - values.min) / (values.step or 1) + 1e-9)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")


def _is_whole(name: str, values: Range, spec: Parameter, where: str) -> bool:
    """Return whether a range is of an int; its ends and its step are then whole, or rounding would leave the range."""
    if spec.type not in {"int", "float"}:
        raise SweepError(
            f"{where}: a range is of numbers, but {name} is {spec.type}. Write its values as a list: [a, b]."
        )
    said = {"min": values.min, "max": values.max, "step": values.step}
    broken = [f"{key} is {value}" for key, value in said.items() if value is not None and value % 1]
    if spec.type == "int" and broken:
        raise SweepError(
            f"{where}: min, max and step of {name} must be whole numbers, since it is an int, but "
            f"{' and '.join(broken)}. Give whole ones, or write the values as a list: [2, 3, 4]."
        )
    return spec.type == "int"
