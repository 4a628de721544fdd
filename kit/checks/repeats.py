"""Are rows repeated, or are keys in both splits, so that a model is tested on rows that it was trained on?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import SHOWN_ROWS, Rows, mixed
from kit.data.example_gen import SPLITS
from kit.data.records import as_text

ROWS, KEYS = "repeated rows", "shared keys"


class RepeatedRows:
    """Counts the rows that repeat an earlier row in every column, in either split; 8 bytes of memory per row."""

    def __init__(self, severity: Severity) -> None:
        self.severity = severity
        self._hashes: list[NDArray[np.uint64]] = []
        self._rows: list[dict[str, str]] = []

    def add(self, split: str, rows: Rows) -> None:
        del split
        hashes = np.zeros(len(rows), np.uint64)
        for name in sorted(rows.names):
            hashes = mixed(hashes + rows.hashes(name))
        if (wanted := SHOWN_ROWS - len(self._rows)) > 0:
            first = np.unique(hashes, return_index=True)[1]
            # Repetitions within the batch are enough as examples.
            again = np.setdiff1d(np.arange(len(rows)), first)[:wanted]
            self._rows += rows.texts(again)
        self._hashes.append(hashes)

    def findings(self) -> list[Finding]:
        rows = sum(map(len, self._hashes))
        repeated = rows - len(np.unique(np.concatenate(self._hashes))) if rows else 0
        if not repeated:
            return [Finding(ROWS, f"none of {rows:,}", "ok")]
        found = f"{repeated:,} of {rows:,} rows ({repeated / rows:.1%}) equal an earlier row in every column"
        what_to_do = "See whether a file was delivered twice."
        return [
            Finding(
                ROWS,
                found,
                wrong(self.severity),
                what_to_do,
                value=repeated / rows,
                expected="none",
                rows=tuple(self._rows),
            )
        ]


class SharedKeys:
    """Compares the values of a key in train with those in eval; memory grows with the distinct keys."""

    def __init__(self, keys: Iterable[str], severity: Severity) -> None:
        self._keys, self.severity = tuple(keys), severity
        self._values: defaultdict[tuple[str, str], list[pa.Array]] = defaultdict(list)

    def add(self, split: str, rows: Rows) -> None:
        for key in self._keys:
            if rows.has(key):
                self._values[key, split].append(pc.unique(rows.values(key).drop_null()))

    def findings(self) -> list[Finding]:
        return [self._finding(key) for key in self._keys]

    def _finding(self, key: str) -> Finding:
        if not all((key, split) in self._values for split in SPLITS):
            return Finding(KEYS, f"{key}: not checked, no row of a split has it", "skip")
        train, held_out = (pc.unique(pa.chunked_array(self._values[key, split])) for split in SPLITS)
        shared = held_out.filter(pc.is_in(held_out, value_set=train))
        if not len(shared):
            return Finding(KEYS, f"{key}: none of {len(held_out):,} of eval is in train", "ok")
        return Finding(
            KEYS,
            f"{key}: {len(shared):,} of {len(held_out):,} of eval are in train too, such as "
            f"{as_text(shared[0].as_py())}",
            wrong(self.severity),
            "Metrics on training rows flatter the model: split by spans, or see whether one overlaps another; a column "
            "that names no row, such as a price, needs another kind in project.yml.",
            subject=key,
            value=len(shared) / len(held_out),
            expected="none",
        )
