"""Generate days of impressions, in constant memory, the same bytes for the same seed.

A day is made in blocks of a fixed number of requests. Users' last items change between blocks and not within one,
which is what lets a block be computed at once; the size of a block is part of the data's definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from sample_data import world as w

BLOCK_REQUESTS = 4096
DAY_SECONDS = 86_400
FIRST_DAY = 1_767_225_600  # 2026-01-01 00:00 UTC
# Share of the requests after which something the user likes enters the last items without a click.
_VIEWED_ANYWAY = 0.25


class SampleDataError(ValueError):
    """A setting of the generator is not possible, or its folder cannot be written."""


@dataclass(frozen=True)
class Config:
    """What is generated. The defaults, with one more span for the bad day, are the committed sample."""

    seed: int = 7
    spans: int = 7
    rows_per_span: int = 4000
    users: int = 2000
    items: int = 400

    def __post_init__(self) -> None:
        limits = {
            "seed": 0,
            "spans": 1,
            "rows_per_span": w.POSITIONS,
            "users": 10,
            "items": 5 * len(w.CATEGORIES),
        }
        for name, least in limits.items():
            if getattr(self, name) < least:
                raise SampleDataError(
                    f"{name} must be {least} or more, but is {getattr(self, name)}. Raise it."
                )


class Generator:
    """The impressions of one configuration, span after span."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._rng = np.random.Generator(np.random.PCG64(config.seed))
        self.world = w.build(self._rng, config.users, config.items)
        self._names = {
            "user": pa.array([f"u{number}" for number in range(config.users)]),
            "item": pa.array([f"i{number}" for number in range(config.items)]),
            "price": pa.array(
                [f"{cents // 100}.{cents % 100:02d}" for cents in self.world.items.cents.tolist()]
            ),
        }
        # -1 marks an empty place; joining users start with none.
        self._last = self._liked(np.arange(config.users), w.HISTORY)
        self._last[config.users - config.users // 10 :] = -1
        self._requests = 0

    def spans(self) -> Iterator[tuple[int, Iterator[pa.Table]]]:
        """Yield each span's number, from 1, and its blocks; consume the blocks of a span before taking the next."""
        for span in range(1, self.config.spans + 1):
            yield span, self.blocks(span)

    def blocks(self, span: int) -> Iterator[pa.Table]:
        """Yield the impressions of one span with their true `click_probability` as the last column."""
        requests = self.config.rows_per_span // w.POSITIONS
        for start in range(0, requests, BLOCK_REQUESTS):
            yield self._block(span, start, min(BLOCK_REQUESTS, requests - start), requests)

    def _block(self, span: int, start: int, count: int, requests: int) -> pa.Table:
        rng, users = self._rng, self.world.users
        known = self.config.users - self.config.users // 10
        joined = known + (self.config.users - known) * span // self.config.spans
        user = w.whole(rng.random(count), joined)
        second = ((start + np.arange(count) + rng.random(count)) / requests * DAY_SECONDS).astype(np.int64)
        other = w.whole(rng.random(count), len(w.DEVICES))
        device = np.where(rng.random(count) < 0.8, users.device[user], other)  # noqa: PLR2004  share of the usual device
        days = users.signup[user] + np.where(user < known, span, 0)
        item = self._candidates(count)
        self._requests += count

        shape = (count, w.POSITIONS)
        position = np.broadcast_to(np.arange(1, w.POSITIONS + 1), shape)
        wide = [np.broadcast_to(values[:, None], shape) for values in (user, device, second // 3600, days)]
        probability = w.click_probability(self.world, wide[0], item, wide[1], position, wide[2], wide[3])
        clicked = rng.random(shape) < probability
        table = self._table(span, user, second, device, days, item, position, clicked, probability)
        self._remember(user, item, clicked)
        return table

    def _candidates(self, count: int) -> w.Ints:
        """Draw the items of each request by popularity, [count, POSITIONS], all different within a request."""
        strata = (np.arange(w.POSITIONS) + self._rng.random((count, w.POSITIONS))) / w.POSITIONS
        item = np.searchsorted(self.world.items.cumulative, strata, side="right")
        item = np.minimum(item, self.config.items - w.POSITIONS)
        for place in range(1, w.POSITIONS):  # an item on the border of two strata can be drawn by both
            item[:, place] = np.maximum(item[:, place], item[:, place - 1] + 1)
        order = np.argsort(self._rng.random((count, w.POSITIONS)), axis=1, kind="stable")
        return np.take_along_axis(item, order, axis=1)

    def _liked(self, user: w.Ints, count: int) -> w.Ints:
        """Draw items that fit the users' tastes, [users, count]: the two loved categories far more often."""
        weight = np.where(self.world.taste > 0, self.world.taste, 0.15)
        cumulative = np.cumsum(weight, axis=1)
        cumulative /= cumulative[:, -1:]
        draws = self._rng.random((len(user), count))
        bounds = cumulative[self.world.users.cluster[user]]
        category = (draws[:, :, None] >= bounds[:, None, :-1]).sum(axis=2)
        sizes = np.array([len(members) for members in self.world.items.of_category])
        starts = np.cumsum(sizes) - sizes
        members: w.Ints = np.concatenate(self.world.items.of_category)
        place = np.floor(self._rng.random(category.shape) * sizes[category]).astype(np.int64)
        liked: w.Ints = members[starts[category] + place]
        return liked

    def _remember(self, user: w.Ints, item: w.Ints, clicked: np.ndarray) -> None:
        """Put the first clicked item of each request, or now and then a viewed one, in front of the last items."""
        first = np.argmax(clicked, axis=1)
        viewed = self._liked(user, 1)[:, 0]
        happened = clicked.any(axis=1)
        new = np.where(happened, item[np.arange(len(user)), first], viewed)
        changes = happened | (self._rng.random(len(user)) < _VIEWED_ANYWAY)
        # Of several requests of one user in a block the last counts, as in a numpy assignment.
        user, new = user[changes], new[changes]
        self._last[user, 1:] = self._last[user, :-1]
        self._last[user, 0] = new

    def _table(  # noqa: PLR0913, PLR0917  the causes of a row
        self, span: int, user: w.Ints, second: w.Ints, device: w.Ints, days: w.Ints, item: w.Ints,
        position: w.Ints, clicked: np.ndarray, probability: w.Floats,
    ) -> pa.Table:  # fmt: skip
        request = pa.array(self._requests - len(user) + np.arange(len(user)))
        row = np.repeat(np.arange(len(user)), w.POSITIONS)
        flat = item.ravel()
        items, users = self.world.items, self.world.users
        columns = {
            "request_id": pc.binary_join_element_wise("r", request.cast(pa.string()), "").take(pa.array(row)),
            "timestamp": pa.array((FIRST_DAY + (span - 1) * DAY_SECONDS + second)[row]),
            "user_id": self._names["user"].take(pa.array(user[row])),
            "age": pa.array(users.age[user][row]),
            "region": pa.array(w.REGIONS).take(pa.array(users.region[user][row])),
            "device": pa.array(w.DEVICES).take(pa.array(device[row])),
            "days_since_signup": pa.array(days[row]),
            "item_id": self._names["item"].take(pa.array(flat)),
            "category": pa.array(w.CATEGORIES).take(pa.array(items.category[flat])),
            "price": self._names["price"].take(pa.array(flat)),
            "position": pa.array(position.ravel()),
            "last_items": self._history(user).take(pa.array(row)),
            "clicked": pa.array(clicked.ravel().astype(np.int64)),
            "click_probability": pa.array(probability.ravel()),
        }
        return pa.table(columns)

    def _history(self, user: w.Ints) -> pa.Array:
        last = self._last[user]
        places = [
            self._names["item"].take(pa.array(last[:, place], mask=last[:, place] < 0))
            for place in range(w.HISTORY)
        ]
        # Empty places are the last ones. ("skip" would drop a row without any item altogether.)
        joined = pc.binary_join_element_wise(*places, " ", null_handling="replace", null_replacement="")
        return pc.utf8_rtrim_whitespace(joined)


COLUMNS = (
    "request_id", "timestamp", "user_id", "age", "region", "device", "days_since_signup", "item_id", "category",
    "price", "position", "last_items", "clicked",
)  # fmt: skip
TRUTH_COLUMNS = ("request_id", "position", "click_probability")

Change = Callable[[pa.Table], pa.Table]


def write_span(
    folder: Path, span: int, blocks: Iterator[pa.Table], change: Change = lambda table: table
) -> int:
    """Write one span and its truth, each under a temporary name first; return the number of rows.

    Args:
        folder: gets impressions/span-N/impressions.csv and truth/span-N.csv.
        span: number of the span.
        blocks: from `Generator.blocks`.
        change: applied to each block before it is written: the faults of a bad day.

    Raises:
        SampleDataError: when the folder cannot be written.
    """
    data = folder / "impressions" / f"span-{span}" / "impressions.csv"
    truth = folder / "truth" / f"span-{span}.csv"
    rows = 0
    try:
        with _Csv(data) as data_file, _Csv(truth) as truth_file:
            for block in blocks:
                data_file.write(change(block).select(COLUMNS))
                truth_file.write(_rounded(block).select(TRUTH_COLUMNS))
                rows += block.num_rows
    except OSError as error:
        raise SampleDataError(
            f"{folder} must be a folder that can be written, but: {error.strerror or error}. Choose another --out."
        ) from error
    return rows


def _rounded(table: pa.Table) -> pa.Table:
    place = table.column_names.index("click_probability")
    return table.set_column(place, "click_probability", pc.round(table["click_probability"], 6))


class _Csv:
    """A CSV file that appears under its name only when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path, self._temporary = path, path.with_name(f".{path.name}.part")
        self._writer: pyarrow.csv.CSVWriter | None = None

    def __enter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._temporary.open("wb")
        return self

    def write(self, table: pa.Table) -> None:
        if self._writer is None:
            # Pyarrow's own header is in quotes.
            self._file.write((",".join(table.column_names) + "\n").encode())
            options = pyarrow.csv.WriteOptions(quoting_style="none", include_header=False)
            self._writer = pyarrow.csv.CSVWriter(self._file, table.schema, write_options=options)
        self._writer.write_table(table)

    def __exit__(self, kind: object, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()
        self._file.close()
        if kind is None:
            self._temporary.replace(self._path)
        else:
            self._temporary.unlink(missing_ok=True)
