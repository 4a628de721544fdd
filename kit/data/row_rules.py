"""The rules of a schema that a single row can break, checked on typed columns before rows become tf.Examples.

ExampleValidator judges the statistics of all rows together, and cannot say which of them to leave out. A rule here is
what one row can break: its value is outside the range or not among the allowed ones, is NaN or infinite where the
schema disallows that, or is missing where every row must have one. Shares, such as `min_domain_mass`, concern all rows:
quarantining a feature quarantines every unknown value of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.data.offenders import flags, limits
from kit.data.rules import allowed_values
from kit.project.file import Column

_TYPES = {"int": schema_pb2.INT, "float": schema_pb2.FLOAT, "string": schema_pb2.BYTES}


class Fault(NamedTuple):
    """Why a row is bad: the cause, which other rows share, and what was found in this one."""

    row: int
    cause: str
    found: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.found}" if self.found else self.cause


@dataclass(frozen=True)
class RowRule:
    """What a value of one feature must be; None and empty mean no rule.

    Attributes:
        feature: its name.
        required: whether every row must have a value.
        least: the least number.
        most: the greatest number.
        values: the allowed texts.
        not_nan: whether NaN is wrong.
        not_infinite: whether an infinite number is wrong.
    """

    feature: str
    required: bool = False
    least: float | None = None
    most: float | None = None
    values: tuple[str, ...] = ()
    not_nan: bool = False
    not_infinite: bool = False

    @property
    def can_be_broken(self) -> bool:
        """Whether it says anything."""
        return self != RowRule(self.feature)

    def faults(self, column: pa.Array) -> Iterator[Fault]:
        """Yield what is wrong in a column of one value per row: int64, float32 or string."""
        present = np.flatnonzero(flags(column.is_valid()))
        if self.required:
            for row in np.flatnonzero(flags(column.is_null())).tolist():
                yield Fault(row, f"{self.feature} is missing", "")
        values = column.drop_null()
        for cause, wrong in self._wrong(values):
            for place in np.flatnonzero(wrong).tolist():
                yield Fault(int(present[place]), f"{self.feature} {cause}", _as_found(values[place].as_py()))

    def _wrong(self, values: pa.Array) -> Iterator[tuple[str, NDArray[np.bool_]]]:
        if self.values:
            allowed = pa.array(self.values, values.type)
            yield "has an unknown value", ~flags(pc.is_in(values, value_set=allowed))
        if pa.types.is_string(values.type):
            return
        numbers = values.to_numpy(zero_copy_only=False)
        if self.least is not None:
            yield f"is below {self.least:.7g}", numbers < self.least
        if self.most is not None:
            yield f"is above {self.most:.7g}", numbers > self.most
        if self.not_nan:
            yield "is not a number", np.isnan(numbers)
        if self.not_infinite:
            yield "is infinite", np.isinf(numbers)


def rule_of_rows(feature: schema_pb2.Feature, schema: schema_pb2.Schema, column: Column) -> RowRule:
    """Return what a schema demands of each row of a column; nothing for a column of another type.

    The wrong type is an anomaly of its own, which ExampleValidator reports.
    """
    if feature.type != _TYPES[column.dtype]:
        return RowRule(feature.name)
    least, most = limits(feature)
    text = column.dtype == "string"
    return RowRule(
        feature.name,
        required=feature.presence.min_fraction == 1,
        least=None if text or least == -np.inf else least,
        most=None if text or most == np.inf else most,
        values=tuple(allowed_values(feature, schema)) if text else (),
        not_nan=feature.float_domain.disallow_nan,
        not_infinite=feature.float_domain.disallow_inf,
    )


def rules_of_rows(schema: schema_pb2.Schema, columns: Mapping[str, Column]) -> dict[str, RowRule]:
    """Return the rules that a single row of these columns can break, by feature."""
    rules = (rule_of_rows(f, schema, columns[f.name]) for f in schema.feature if f.name in columns)
    return {rule.feature: rule for rule in rules if rule.can_be_broken}


def _as_found(value: Any) -> str:
    return f"{value:.7g}" if isinstance(value, float) else repr(value)
