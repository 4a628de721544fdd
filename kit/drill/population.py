"""The requests of a drill, made from known rows: candidates for one user, as a shop asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import pyarrow as pa

from kit.data.casting import ARROW_TYPES
from kit.data.encoding import encode
from kit.data.records import decoded_batches
from kit.drill.errors import DrillError
from kit.project import Project
from kit.session import Session

_MOST_ROWS = 100_000


@dataclass(frozen=True)
class Population:
    """Rows of one split, and how they make requests.

    With a ranking, a request has what is the same in all rows of a query (who asks, when), and candidates drawn from
    all items; the rest, such as the place in the list, is the first row's. Without one, it is any rows.

    Attributes:
        rows: raw columns, one row per example.
        columns: the names and stored types of a request's columns.
        query: the column that identifies requests; None: rows belong to no list.
        of_item: columns that follow from the candidate alone.
    """

    rows: pd.DataFrame
    columns: dict[str, pa.DataType]
    query: str | None
    of_item: tuple[str, ...]

    @classmethod
    def of(cls, session: Session, split: str) -> Self:
        """Read a split of the latest examples.

        Raises:
            DrillError: when it has no rows.
        """
        project = session.project
        examples = session.path("ExampleGen", "examples")
        batches = [batch for _, batch in decoded_batches(examples, split)]
        if not batches:
            raise DrillError(f"A drill needs rows, but split {split} has none. Run 01_data with other spans.")
        flat = pd.concat([_flat(batch, project) for batch in batches], ignore_index=True)
        return cls.of_rows(project, flat[:_MOST_ROWS])

    @classmethod
    def of_rows(cls, project: Project, rows: pd.DataFrame) -> Self:
        """Take raw rows, with columns as project.yml names them."""
        columns = {
            name: ARROW_TYPES[column.dtype]
            for name, column in project.columns.items()
            if name not in project.not_requested and name in rows
        }
        ranking = project.spec.ranking
        if ranking is None:
            return cls(rows, columns, None, ())
        return cls(rows, columns, ranking.query, _following(rows, ranking.item, columns))

    def requests(self, count: int, candidates: int, seed: int) -> pd.DataFrame:
        """Return the rows of some requests, one after another, each with `candidates` candidates.

        Args:
            count: the number of requests; no one is asked for twice while there are others.
            candidates: the candidates of each.
            seed: the seed of the choice. More requests begin with those of fewer.
        """
        draw = np.random.default_rng(seed)
        if self.query is None:
            places = np.concatenate(
                [draw.permutation(len(self.rows)) for _ in range(-(-count * candidates // len(self.rows)))]
            )
            return self.rows.iloc[places[: count * candidates]].reset_index(drop=True)
        firsts = self.rows.drop_duplicates(self.query).reset_index(drop=True)
        order = np.concatenate([draw.permutation(len(firsts)) for _ in range(-(-count // len(firsts)))])[
            :count
        ]
        made = firsts.iloc[np.repeat(order, candidates)].reset_index(drop=True)
        items = self.rows[list(self.of_item)].drop_duplicates(self.of_item[0]).reset_index(drop=True)
        chosen = np.concatenate([_some(draw, len(items), candidates) for _ in range(count)])
        made[list(self.of_item)] = items.iloc[chosen].to_numpy()
        return made.astype(self.rows.dtypes.to_dict())

    def records(self, rows: pd.DataFrame) -> list[bytes]:
        """Return rows as serialized tf.Examples without what a request does not carry."""
        arrays = [pa.array(rows[name], kind, from_pandas=True) for name, kind in self.columns.items()]
        batch = pa.RecordBatch.from_arrays(arrays, schema=pa.schema(list(self.columns.items())))
        return list(encode(batch))


def _some(draw: np.random.Generator, amount: int, wanted: int) -> Any:
    return draw.choice(amount, wanted, replace=amount < wanted)


def _flat(batch: pa.RecordBatch, project: Project) -> pd.DataFrame:
    """Return the first value of each column; a missing one is None, or NaN."""
    found: dict[str, Any] = {}
    for name, column in project.columns.items():
        if name not in batch.schema.names:
            continue
        lists = batch.column(name).to_pylist()
        values = [one[0] if one else None for one in lists]
        if column.dtype == "string":
            found[name] = pd.Series([_text(value) for value in values], dtype=object)
        else:
            found[name] = pd.Series(values, dtype="Int64" if column.dtype == "int" else "float64")
    return pd.DataFrame(found)


def _text(value: Any) -> str | None:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _following(rows: pd.DataFrame, item: str, columns: dict[str, pa.DataType]) -> tuple[str, ...]:
    """Return the item's column, and those that have one value wherever the item is the same."""
    counts = rows.groupby(item, sort=False)[[name for name in columns if name != item]].nunique(dropna=False)
    return (item, *(str(name) for name in counts if int(counts[name].max()) == 1))
