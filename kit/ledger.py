"""The row ledger: the rows that each step saw, counted where the step left them, so that no loss goes unnoticed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pandas as pd

from kit.data.data_file import files_of
from kit.data.example_gen import SPLITS
from kit.data.files import count_rows
from kit.data.quarantined import count_quarantined
from kit.data.records import count_records
from kit.data.statistics import load_statistics
from kit.errors import RowsLostError, StepOrderError
from kit.evaluation.results import example_count
from kit.span_files import BY_HASH
from kit.steps.made import StepsMade
from kit.training.job import ROWS_FILE


@dataclass(frozen=True)
class Entry:
    """Rows that one step saw and passed on; None: not known for this split (a hash decides it, or it has not run).

    `quarantined` are the rows that it set aside instead, by split, or under `all` where a hash decides; `folder` is
    where its result is.
    """

    step: str
    train: int | None
    eval: int | None
    total: int | None = None
    quarantined: Mapping[str, int] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def rows(self) -> int | None:
        """All rows, where both splits are known."""
        if self.train is not None and self.eval is not None:
            return self.train + self.eval
        return self.total

    def aside(self, what: str) -> int:
        """Return how many rows of a split, or of both (`rows`), this step set aside."""
        return sum(self.quarantined.values()) if what == "rows" else self.quarantined.get(what, 0)


def read_ledger(made: StepsMade) -> list[Entry]:
    """Count the rows at every step that has run on these data, in the order of the chain."""
    entries = [_files(made)]
    if quarantined := count_quarantined(made):
        entries.append(_examples(made, quarantined))
    for component, before, counter in (
        ("StatisticsGen", ("ExampleGen",), _statistics),
        ("Transform", ("ExampleGen",), _transformed),
        ("Trainer", ("Transform",), _trained),
        ("Evaluator", ("ExampleGen", "Trainer"), _evaluated),
    ):
        try:
            if not all(made.follows(component, each) for each in before):
                break  # it has not run again since the data, or the step before it, changed
            entries.append(counter(made))
        except StepOrderError:
            break
    return entries


def check_rows(made: StepsMade) -> pd.DataFrame:
    """Return the ledger as a table. At every step, rows in must equal rows out plus rows quarantined.

    Raises:
        RowsLostError: when two steps differ; the message names the first step that does.
    """
    entries = read_ledger(made)
    for before, after in pairwise(entries):
        for what, rows in (("train", "train rows"), ("eval", "eval rows"), ("rows", "rows")):
            expected, found = getattr(before, what), getattr(after, what)
            aside = after.aside(what)
            if expected is not None and found is not None and expected != found + aside:
                quarantined = f" and quarantined {aside:,}" if after.quarantined else ""
                raise RowsLostError(
                    f"{after.step} must see the {expected:,} {rows} of the step before ({before.step}), but saw "
                    f"{found:,}{quarantined}. Delete {after.folder}, run again, and read the log of {after.step}."
                )
    table = pd.DataFrame(
        [
            {"step": e.step, "train": e.train, "eval": e.eval, "rows": e.rows, "quarantined": e.aside("rows")}
            for e in entries
        ]
    )
    return table.astype({"train": "Int64", "eval": "Int64", "rows": "Int64", "quarantined": "Int64"})


def _files(made: StepsMade) -> Entry:
    data = made.project.spec.data
    counts = dict.fromkeys((*SPLITS, BY_HASH), 0)
    for file in files_of(made.properties("ExampleGen")):
        counts[file.split] += count_rows(file.path, data.format, data.delimiter)
    if counts[BY_HASH]:
        return Entry("read from files", None, None, counts[BY_HASH])
    return Entry("read from files", counts["train"], counts["eval"])


def _examples(made: StepsMade, quarantined: Mapping[str, int]) -> Entry:
    folder = made.path("ExampleGen", "examples")
    train, held_out = (count_records(folder, split) for split in SPLITS)
    return Entry("ExampleGen", train, held_out, quarantined=quarantined, folder=folder)


def _statistics(made: StepsMade) -> Entry:
    folder = made.path("StatisticsGen", "statistics")
    train, held_out = (int(load_statistics(folder, split).datasets[0].num_examples) for split in SPLITS)
    return Entry("StatisticsGen", train, held_out, folder=folder)


def _transformed(made: StepsMade) -> Entry:
    folder = made.path("Transform", "transformed_examples")
    train, held_out = (count_records(folder, split) for split in SPLITS)
    return Entry("Transform", train, held_out, folder=folder)


def _trained(made: StepsMade) -> Entry:
    folder = made.path("Trainer", "model_run")
    rows = json.loads((folder / ROWS_FILE).read_text())
    return Entry("Trainer", rows["train"], rows["eval"], folder=folder)


def _evaluated(made: StepsMade) -> Entry:
    folder = made.path("Evaluator", "evaluation")
    return Entry("Evaluator", None, example_count(folder), folder=folder)
