"""The file of a sweep: notebooks, swept parameters with their values, and the metrics to compare by."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, ValidationError, model_validator

from kit.batch.parameters import Value
from kit.project_section import Section, said_of
from kit.strict_yaml import YamlFile, read_yaml
from kit.sweep.errors import SweepError

Way = Literal["grid", "random", "list"]
Goal = Literal["maximise", "minimise"]
SECONDS = "seconds"  # the metric that every run has
POINT_COLUMNS = frozenset(
    {
        *("point", "state", "exit_code", "reason", "run_seconds", "peak_memory_mb"),
        *("attempts", "host", "worker", "code", "workspace"),
    }
)
"""What the results say of every point, beside its values and metrics; see `kit.sweep.results`."""
_EXAMPLE = "way: grid\nparameters:\n  learning_rate: [0.01, 0.02]\nmetrics:\n  - auc, maximise\n"


def _number(value: object) -> object:
    """Refuse a non-number in one sentence, not in one for each type that it might have been."""
    try:
        number = float(str(value))  # 1e-3 is a text in YAML
    except ValueError:
        raise ValueError(f"a number is needed, but found {value!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"a finite number is needed, and at most {sys.float_info.max:.2g}")
    return value


def _plain(value: object) -> object:
    if isinstance(value, str) and not _is_writable(value):
        raise ValueError(f"a text must be valid Unicode, but {value!r} holds half of a surrogate pair")
    if isinstance(value, str | int | float):  # a bool is an int
        return value
    raise ValueError(f"a value is a text, a number, true or false, but found {value!r}")


def _is_writable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_Number = Annotated[int | float, BeforeValidator(_number)]
_Value = Annotated[Value, BeforeValidator(_plain)]


class Range(Section):
    """Numbers from `min` to `max`, both included.

    A grid takes `count` of them or goes by `step`; random draws take any of them, or those that `step` reaches.
    """

    min: _Number
    max: _Number
    step: Annotated[_Number, Field(gt=0)] | None = Field(
        default=None, description="difference between consecutive values"
    )
    count: int | None = Field(default=None, ge=2, description="number of values in a grid")
    log: bool = Field(default=False, description="space the values by equal factors instead of equal steps")

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min must be below max, but they are {self.min} and {self.max}")
        if not math.isfinite(size := float(self.max) - float(self.min)):
            raise ValueError(f"min and max must be less far apart, but they are {self.min} and {self.max}")
        if self.step is not None and not math.isfinite(size / float(self.step)):
            raise ValueError(f"step must lead from min to max, but is too small for that, {self.step}")
        if self.log and self.min <= 0:
            raise ValueError(f"with log, min must be more than 0, but is {self.min}")
        if self.step is not None and (self.log or self.count is not None):
            raise ValueError("step goes neither with log nor with count: leave one out")
        return self


class Metric(Section):
    """A value that every point must have: recorded by a notebook, measured by Evaluator, or `seconds`."""

    name: Annotated[str, Field(min_length=1)]
    goal: Goal | None = None
    slice: dict[str, str] = Field(default_factory=dict, description="columns and values; empty: all rows")

    @property
    def column(self) -> str:
        """Its name in tables: `auc`, or `auc[city=Rom]`."""
        where = ",".join(f"{column}={value}" for column, value in sorted(self.slice.items()))
        return f"{self.name}[{where}]" if where else self.name


def _in_words(value: object) -> object:
    """Read `auc, maximise` as a metric."""
    if not isinstance(value, str):
        return value
    name, _, goal = (part.strip() for part in value.partition(","))
    return {"name": name, **({"goal": goal} if goal else {})}


def _values(value: object) -> object:
    return [value] if isinstance(value, str | int | float) else value


def _some_values(value: object) -> object:
    if value == []:
        raise ValueError("a list of values needs at least one")
    return _values(value)


_RANGE, _LIST = "<range>", "<list>"


def _kind(value: object) -> str:
    return _RANGE if isinstance(value, dict | Range) else _LIST


_Swept = Annotated[
    Annotated[Range, Tag(_RANGE)] | Annotated[tuple[_Value, ...], BeforeValidator(_some_values), Tag(_LIST)],
    Discriminator(_kind),
]


class SpaceFile(Section):
    """The content of the file; `fixed` holds parameters that all points share."""

    way: Way = "grid"
    notebooks: Annotated[tuple[str, ...], BeforeValidator(_values)] = ()
    fixed: dict[str, _Value] = Field(default_factory=dict)
    parameters: dict[str, _Swept] = Field(default_factory=dict)
    points: tuple[dict[str, _Value], ...] = ()
    count: int | None = Field(default=None, ge=1, description="number of points to draw at random")
    seed: int = Field(default=0, ge=0, description="seed of the draws")
    metrics: tuple[Annotated[Metric, BeforeValidator(_in_words)], ...] = ()

    @model_validator(mode="after")
    def _fits_its_way(self) -> Self:
        if self.way == "list":
            if not self.points or self.parameters:
                raise ValueError("way: list takes its values from points, and no parameters")
            if not self.swept:
                raise ValueError("way: list needs a value in at least one of its points")
        elif self.points or not self.parameters:
            raise ValueError(f"way: {self.way} takes its values from parameters, and no points")
        if (self.way == "random") != (self.count is not None):
            raise ValueError("count is how many points way: random draws: give it there, and nowhere else")
        if both := sorted({*self.fixed} & {*self.swept}):
            raise ValueError(f"{', '.join(both)} is fixed and swept: leave one out")
        if "workspace" in {*self.fixed, *self.swept}:
            raise ValueError("workspace cannot be set: every point has one of its own")
        columns = [*POINT_COLUMNS, *self.swept, *(metric.column for metric in self.metrics)]
        if twice := sorted({name for name in columns if columns.count(name) > 1}):
            raise ValueError(
                f"{', '.join(twice)} would be two columns of the results, which say {', '.join(sorted(POINT_COLUMNS))} "
                "of every point, its values and its metrics: give one another name, or leave it out"
            )
        return self

    @property
    def swept(self) -> tuple[str, ...]:
        """Names of the parameters that differ between points, in the order of the file."""
        return tuple(dict.fromkeys([*self.parameters, *(name for point in self.points for name in point)]))


def read_space(path: Path) -> SpaceFile:
    """Read and check the file of a sweep.

    Raises:
        SweepError: when it is not YAML or not a valid space; names the file, the lines and fields, and what is allowed.
    """
    file = read_yaml(path, SweepError)
    if not isinstance(file.content, dict):
        found = "nothing" if file.content is None else f"a {type(file.content).__name__}"
        raise SweepError(f"{path} must say what to sweep, but holds {found}. Write lines such as\n{_EXAMPLE}")
    try:
        return SpaceFile.model_validate(file.content)
    except ValidationError as error:
        raise SweepError(_explain(path, file, error)) from None


def _explain(path: Path, file: YamlFile, error: ValidationError) -> str:
    lines = [f"{path} does not say what to sweep:"]
    for problem in error.errors():
        # For a union pydantic names the branch that it tried, which is not part of the file.
        place = [
            part for part in problem["loc"] if part in _NAMES or not isinstance(part, str) or _is_key(part)
        ]
        field = ".".join(str(part) for part in place) or "the file"
        found = "" if problem["type"] in {"missing", "value_error"} else f", found {problem['input']!r}"
        known = f" (known fields: {', '.join(SpaceFile.model_fields)})" if _is_unknown(problem) else ""
        allowed = said_of(problem)
        lines.append(f"  line {file.line_of(place)}, {field}: {allowed}{found}{known}")
    lines.append("Correct these in the file; `kit sweep --help` shows one.")
    return "\n".join(dict.fromkeys(lines))


_NAMES = frozenset(SpaceFile.model_fields)
_BRANCHES = ("function-", "constrained-", "<")
_TYPES = frozenset({"str", "int", "float", "bool"})


def _is_key(part: str) -> bool:
    return not part.startswith(_BRANCHES) and part not in _TYPES


def _is_unknown(problem: Any) -> bool:
    return problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1
