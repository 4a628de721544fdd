"""A fault: a named way in which deliveries go wrong, for any project that has a suitable column."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kit.errors import FaultError
from kit.project import Project
from kit.project.file import Column, Dtype, Kind


@dataclass(frozen=True)
class Dose:
    """How much of a fault.

    Attributes:
        column: the column that it is in; empty for a fault of whole rows.
        share: the share of the rows, 0 to 1; one row is the least.
        seed: chooses the rows. Those of a smaller share are among those of a larger one, except for a burst.
        strength: the strength of a fault that grows from day to day, 0 to 1.
    """

    column: str
    share: float
    seed: int = 7
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.share <= 1:
            raise FaultError(
                f"The share of rows at fault must be above 0 and at most 1, but is {self.share}. "
                "Give for example 0.05 for 5%."
            )


@dataclass(frozen=True)
class Rows:
    """The rows of one span, a typed Arrow column for each column of the project."""

    table: pa.Table
    columns: Mapping[str, Column]
    label: str

    def hits(self, dose: Dose) -> int:
        """Return the number of rows of a share."""
        return max(1, round(dose.share * len(self.table)))


@dataclass(frozen=True)
class Spoiled:
    """The rows with a fault in them, in relation to the rows before.

    Attributes:
        origins: for each row now, its index before; a repeated row is there twice.
        hit: for each row now, whether it is at fault.
        values: for each row now, the value of the column; None: no column is changed.
        column: the column that holds the values, which may differ from the requested one.
    """

    origins: NDArray[np.int64]
    hit: NDArray[np.bool_]
    column: str = ""
    values: pa.Array | None = None

    def of(self, table: pa.Table) -> pa.Table:
        """Return the rows of the table as they are now."""
        taken = table.take(pa.array(self.origins))
        if self.values is None:
            return taken
        place = table.column_names.index(self.column)
        return taken.set_column(place, table.schema.field(place), self.values)


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        name: its name on the command line and in notebooks.
        what: what happens in practice, in a sentence.
        spoil: puts it into rows; the same dose gives the same rows.
        kinds: the kinds of column that it fits, each with the types that such a column may have, those first that show
            it best. Empty: it is a fault of whole rows.
        days: the number of days over which it grows; the last has its full strength.
    """

    name: str
    what: str
    spoil: Callable[[Rows, Dose], Spoiled]
    kinds: Mapping[Kind, tuple[Dtype, ...]] = field(default_factory=dict)
    days: int = 1

    def columns(self, project: Project) -> list[str]:
        """Return the columns of a project that the fault fits, the one that shows it best first."""
        places = {(kind, dtype) for kind, dtypes in self.kinds.items() for dtype in dtypes}
        order = [(kind, dtype) for kind, dtypes in self.kinds.items() for dtype in dtypes]
        fitting = [
            name
            for name, column in project.columns.items()
            if name != project.label and (column.kind, column.dtype) in places
        ]
        return sorted(
            fitting, key=lambda name: order.index((project.columns[name].kind, project.columns[name].dtype))
        )

    def column(self, project: Project, asked: str = "") -> str:
        """Return the column that was asked for, or else the one that shows the fault best; empty: whole rows.

        Raises:
            FaultError: when the fault does not fit the column, or any of the project's.
        """
        fitting = self.columns(project)
        if not self.kinds and not asked:
            return ""
        if asked in fitting or (fitting and not asked):
            return asked or fitting[0]
        kinds = ", ".join(self.kinds) or "no column: it is of whole rows"
        found = f"{asked} of {project.name} is not" if asked else f"{project.name} has none"
        way_out = "Leave the column out" if asked else "Choose another fault"
        if fitting:
            way_out = f"Choose one of {', '.join(fitting)}"
        raise FaultError(f"The fault {self.name} fits columns of the kinds {kinds}, but {found}. {way_out}.")
