"""Quarantine: rows left out of the examples, and kept with the reason in a side file.

What project.yml has under checks.quarantine becomes rules here, which are a property of ExampleGen's execution: a
changed rule is a new run, not a cache hit.
"""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tfx.types.artifact import Artifact, Property, PropertyType

from kit.data.row_rules import Fault, RowRule, rules_of_rows
from kit.errors import DataAnomalyError, ProjectError
from kit.project import Project
from kit.span_files import InputFile
from kit.spans import day_of
from kit.workspace import Workspace

QUARANTINED = "quarantined"
COUNTS_FILE = "counts.json"
# Before the cells of the row; the last holds a malformed row's extra cells, as a JSON list.
SURPLUS = "_surplus"
ADDED = ("_file", "_row", "_reason", SURPLUS)
_SHOWN_CAUSES = 5


class QuarantinedRows(Artifact):
    """CSV files of the rows that were set aside, and counts.json.

    A type of its own: `Examples` are tf.Examples, which the next component would train on, and `String` or `Bytes` are
    one value. So ML Metadata can be asked for the rows that were left out, and their number.
    """

    TYPE_NAME = "QuarantinedRows"
    PROPERTIES = {"rows": Property(type=PropertyType.INT)}  # noqa: RUF012  TFX's own form


@dataclass(frozen=True)
class Quarantine:
    """Which rows are set aside.

    Attributes:
        rules: one per feature.
        unreadable: whether rows that cannot be read or have no label are set aside, too.
        at_most: the largest share of a span's rows that may be set aside, 0 to 1.
        dated: whether spans are days.
    """

    rules: tuple[RowRule, ...]
    unreadable: bool
    at_most: float
    dated: bool

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Quarantine | None:
        """Read what `to_json` wrote; an empty text is no quarantine."""
        if not text:
            return None
        content = json.loads(text)
        rules = tuple(RowRule(**{**rule, "values": tuple(rule["values"])}) for rule in content.pop("rules"))
        return cls(rules, **content)


def quarantine_of(workspace: Workspace | None, project: Project) -> Quarantine | None:
    """Return the quarantine that project.yml asks for, with the rules of the curated schema in force.

    Raises:
        ProjectError: when a feature is to be judged without a curated schema, or it has no rule that one row can break.
    """
    checks, data = project.spec.checks, project.spec.data
    if not checks.quarantine:
        return None
    named, every = checks.quarantined_features, checks.quarantines_every_feature
    rules = _rules(workspace, project, named) if named or every else {}
    chosen = rules.values() if every else [rules[name] for name in named]
    return Quarantine(tuple(chosen), checks.quarantines_unreadable, checks.quarantine_at_most, data.is_dated)


def _rules(workspace: Workspace | None, project: Project, named: Sequence[str]) -> Mapping[str, RowRule]:
    from kit.data.schema import file_in_force, read_schema  # noqa: PLC0415  TFDV, which reading files does not need

    file, place = file_in_force(workspace, project), project.folder / "project.yml"
    if file is None:
        raise ProjectError(
            f"{place}: checks.quarantine judges rows by a curated schema, but {project.name} has none. Save one in the "
            f"schema editor of 01_data, or write `quarantine: unreadable`."
        )
    rules = rules_of_rows(read_schema(file), project.columns)
    if lacking := [name for name in named if name not in rules]:
        raise ProjectError(
            f"{place}: checks.quarantine needs a rule that one row can break (a range, allowed values, or presence in "
            f"all rows), but {file} has none for {', '.join(lacking)}; it has for {', '.join(rules) or 'no feature'}. "
            "Add one to the schema, or leave the feature out."
        )
    return rules


@dataclass
class FileCount:
    """The rows of one data file; `side` is the name of its side file, which exists when rows were set aside."""

    path: str
    split: str
    span: int | None
    side: str
    read: int = 0
    quarantined: int = 0


class SideFile:
    """Takes the bad rows of one data file; it is made when there is one.

    Args:
        folder: the folder of the artifact.
        count: the count of the data file, which is kept up to date.
        stack: closes the file.
    """

    def __init__(self, folder: Path, count: FileCount, stack: ExitStack) -> None:
        self._folder, self._count, self._stack = folder, count, stack
        self._writer: Any = None
        self.causes: Counter[str] = Counter()
        self.first = ""

    def add(self, number: int, header: Sequence[str], cells: Sequence[str], faults: Sequence[Fault]) -> None:
        """Write one row.

        Args:
            number: the number of the row in its file, from 1.
            header: the columns of the file.
            cells: as many, but for a malformed row.
            faults: what is wrong.
        """
        if self._writer is None:
            self._open(header)
        reason = "; ".join(map(str, faults))
        width = len(header)
        own = [*cells[:width], *[""] * (width - len(cells))]
        surplus = json.dumps(list(cells[width:]), ensure_ascii=False) if cells[width:] else ""
        self._writer.writerow([self._count.path, number, reason, surplus, *own])
        self._count.quarantined += 1
        self.causes.update(fault.cause for fault in faults)
        self.first = self.first or f"{self._count.path}, row {number}: {reason}"

    def _open(self, header: Sequence[str]) -> None:
        # Text that is not UTF-8 is written as it was found.
        file = (self._folder / self._count.side).open(
            "w", encoding="utf-8", errors="surrogateescape", newline=""
        )
        self._writer = csv.writer(self._stack.enter_context(file))
        self._writer.writerow([*ADDED, *header])


@dataclass
class Tally:
    """Counts the rows set aside over all files of a run."""

    folder: Path
    quarantine: Quarantine
    counts: list[FileCount] = field(default_factory=list)
    sides: list[SideFile] = field(default_factory=list)

    @property
    def quarantined(self) -> int:
        """Rows that were set aside so far."""
        return sum(count.quarantined for count in self.counts)

    def open(self, file: InputFile, stack: ExitStack) -> tuple[FileCount, SideFile]:
        """Begin with a data file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        span = "" if file.span is None else f"span-{self._label(file.span)}_"
        side = f"{len(self.counts):04}_{span}{file.path.stem}.csv"
        self.counts.append(FileCount(str(file.path), file.split, file.span, side))
        self.sides.append(SideFile(self.folder, self.counts[-1], stack))
        return self.counts[-1], self.sides[-1]

    def close(self, artifact: QuarantinedRows) -> None:
        """Write the counts.

        Raises:
            DataAnomalyError: when more rows of a span were set aside than allowed.
        """
        for span in dict.fromkeys(count.span for count in self.counts):
            self._check_share(span)
        artifact.rows = self.quarantined
        text = json.dumps([asdict(count) for count in self.counts], indent=1)
        (self.folder / COUNTS_FILE).write_text(text, encoding="utf-8")

    def _check_share(self, span: int | None) -> None:
        chosen = [index for index, count in enumerate(self.counts) if count.span == span]
        read = sum(self.counts[index].read for index in chosen)
        aside = sum(self.counts[index].quarantined for index in chosen)
        most = self.quarantine.at_most
        if not aside or aside / read <= most:
            return
        causes: Counter[str] = sum((self.sides[index].causes for index in chosen), Counter())
        listed = "\n".join(f"  {rows:,} rows: {cause}" for cause, rows in causes.most_common(_SHOWN_CAUSES))
        first = next(self.sides[index].first for index in chosen if self.sides[index].first)
        where = f"of span {self._label(span)}" if span is not None else "of the data"
        raise DataAnomalyError(
            f"At most {100 * most:.4g}% of the rows {where} may be quarantined, but {aside:,} of {read:,} "
            f"({100 * aside / read:.4g}%) break a rule:\n{listed}\nFirst is {first}.\n"
            "Fix the data, choose other spans, or raise checks.quarantine_at_most in project.yml."
        )

    def _label(self, span: int) -> str:
        return day_of(span) if self.quarantine.dated else str(span)
