"""Do functional dependencies still hold? An item has one price and a user one age, until a column is shuffled."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kit.checks.chance import FALSE_ALERTS, by_chance
from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import MISSING, SHOWN_ROWS, Rows
from kit.data.example_gen import SPLITS

NAME = "dependencies"
_TRUSTED = 0.001  # share of exceptions up to which a value is said to follow from another
_DAILY = 0.005  # exceptions beyond those in train: prices of items do change
_FEWEST = 500  # rows of train in which a known value recurs
_MANY_KEYS, _SELDOM = 50_000, 0.01
_GIVE_UP = 0.05  # share of exceptions in train beyond which a pair is dropped


class Dependencies:
    """Learns from train which columns follow from which key or id, and counts the exceptions in eval.

    What counts is the first value that was seen with a key. Memory: 8 bytes for each distinct value of a key or id,
    and as many for each column that follows from it.

    Args:
        determining: columns that may decide what others are: keys and ids.
        others: columns that may follow from them.
        severity: the severity of what is found.
    """

    def __init__(self, determining: Iterable[str], others: Iterable[str], severity: Severity) -> None:
        others = tuple(others)
        self.severity = severity
        self._tables = [_Table(one, [name for name in others if name != one]) for one in determining]

    def add(self, split: str, rows: Rows) -> None:
        for table in self._tables:
            if rows.has(table.name):
                table.add(split, rows)

    def findings(self) -> list[Finding]:
        pairs = [(table, name) for table in self._tables for name in table.followers()]
        broken = [(table, name) for table, name in pairs if table.is_broken(name, len(pairs))]
        if not broken:
            if not pairs:
                return [Finding(NAME, "no column follows from a key", "ok")]
            said = (
                f"as in train in all {len(pairs)} pairs of columns"
                if len(pairs) > 1
                else "as in train in the only pair"
            )
            return [Finding(NAME, said, "ok")]
        worst: dict[str, _Table] = {}  # a shuffled column contradicts everything: one incident
        for table, name in broken:
            if name not in worst or table.share(name) > worst[name].share(name):
                worst[name] = table
        return [self._finding(table, name) for name, table in worst.items()]

    def _finding(self, table: _Table, name: str) -> Finding:
        count, of = table.exceptions[name, SPLITS[1]], table.again[name, SPLITS[1]]
        return Finding(
            NAME,
            f"{name} does not follow from {table.name} in {count:,} of {of:,} rows of eval ({count / of:.2%}), as it "
            "did in train",
            wrong(self.severity),
            f"See whether values of {name} have moved into other rows, or {table.name} has come to mean something "
            "else.",
            subject=name,
            value=count / of,
            expected=f"one {name} for each {table.name}",
            rows=tuple(table.rows.get(name, ())),
        )


class _Table:
    """The first values seen with each value of one key or id."""

    def __init__(self, name: str, others: Iterable[str]) -> None:
        self.name, self._others = name, list(others)
        self._keys = np.empty(0, np.uint64)  # sorted
        self._first = {other: np.empty(0, np.uint64) for other in self._others}
        self.again = {(other, split): 0 for other in self._others for split in SPLITS}
        self.exceptions = dict.fromkeys(self.again, 0)
        self.rows: dict[str, list[dict[str, str]]] = {}

    def add(self, split: str, rows: Rows) -> None:
        if not self._others:
            return
        has_key = ~rows.missing(self.name)
        keys, first, codes = np.unique(
            rows.hashes(self.name)[has_key], return_index=True, return_inverse=True
        )
        if not len(keys):
            return
        places = np.searchsorted(self._keys, keys)
        known = np.zeros(len(keys), bool)
        inside = places < len(self._keys)
        known[inside] = self._keys[places[inside]] == keys[inside]
        is_first = np.zeros(len(codes), bool)
        is_first[first[~known]] = True
        for other in self._others:
            hashes, missing = rows.hashes(other)[has_key], rows.missing(other)[has_key]
            expected = hashes[first]
            expected[known] = self._first[other][places[known]]
            compared = ~is_first & ~missing & (expected != MISSING)[codes]
            at_odds = compared & (hashes != expected[codes])
            self.again[other, split] += int(compared.sum())
            self.exceptions[other, split] += int(at_odds.sum())
            if split == SPLITS[1] and self._is_trusted(other):
                self._show(other, rows, np.flatnonzero(has_key)[at_odds])
            self._first[other] = np.insert(self._first[other], places[~known], hashes[first[~known]])
        self._keys = np.insert(self._keys, places[~known], keys[~known])
        if split == SPLITS[0]:
            self._forget()

    def followers(self) -> list[str]:
        return [other for other in self._others if self._is_trusted(other) and self.again[other, SPLITS[1]]]

    def share(self, other: str) -> float:
        return self.exceptions[other, SPLITS[1]] / max(self.again[other, SPLITS[1]], 1)

    def is_broken(self, other: str, looks: int) -> bool:
        """Return whether exceptions are more frequent than in train, by more than chance and the tolerance explain."""
        was, now = (self.exceptions[other, split] for split in SPLITS)
        of_was, of_now = (self.again[other, split] for split in SPLITS)
        more = now / of_now > was / of_was + _DAILY
        return more and by_chance(was, of_was, now, of_now) < FALSE_ALERTS / looks

    def _is_trusted(self, other: str) -> bool:
        again = self.again[other, SPLITS[0]]
        return again >= _FEWEST and self.exceptions[other, SPLITS[0]] <= _TRUSTED * again

    def _forget(self) -> None:
        """Drop a column that does not follow from the key, or a key that hardly ever recurs."""
        for other in list(self._others):
            again = self.again[other, SPLITS[0]]
            is_free = again >= _FEWEST and self.exceptions[other, SPLITS[0]] > _GIVE_UP * again
            if is_free or (len(self._keys) > _MANY_KEYS and again < _SELDOM * len(self._keys)):
                self._others.remove(other)
                del self._first[other]
        if not self._others:
            self._keys = np.empty(0, np.uint64)

    def _show(self, other: str, rows: Rows, places: NDArray[np.int64]) -> None:
        shown = self.rows.setdefault(other, [])
        shown += rows.texts(places[: SHOWN_ROWS - len(shown)])
