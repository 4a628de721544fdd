"""Create a project for a table that the kit has never seen."""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow.compute as pc

from kit.errors import InputDataError, ProjectError
from kit.new import write
from kit.new.kinds import Verdict, judge, values_of
from kit.new.label import Label, judge_label
from kit.new.sample import Sample, count_values, take_sample
from kit.project.file import NAME_PATTERN
from kit.project.folder import BUILT_IN
from kit.project.read import read_project_file
from kit.span_files import check_pattern, files_by_span, has_spans, is_dated
from kit.spans import in_words
from kit.strict_yaml import LONGEST_KEY, in_one_line
from kit.texts import did_you_mean

FEWEST_ROWS = 50
_LEAST_SPANS = 2
_SHOWN_LETTERS = 60


@dataclass(frozen=True)
class Created:
    """A new project, and what its columns were taken for."""

    folder: Path
    rows_seen: int
    rows_in_files: int
    label: Label
    kinds: dict[str, Verdict]
    warnings: tuple[str, ...]

    def table(self) -> str:
        """Return a table of columns, kinds and reasons, and the warnings, as plain text."""
        whole = self.rows_seen >= self.rows_in_files
        rows = (
            f"{self.rows_seen:,} rows"
            if whole
            else f"the first {self.rows_seen:,} of about {self.rows_in_files:,} rows"
        )
        names = {name: textwrap.shorten(name, _SHOWN_LETTERS, placeholder=" …") for name in self.kinds}
        width = max(len(name) for name in names.values())
        lines = [f"{self.folder} ({self.label.task}), from {rows}:"]
        for name, verdict in self.kinds.items():
            gaps = f", {verdict.missing:,} missing" if verdict.missing else ""
            lines.append(f"  {names[name]:<{width}}  {verdict.kind:<9}  {verdict.why}{gaps}")
        return "\n".join([*lines, *(f"  note: {warning}" for warning in self.warnings)])


def create(name: str, data: Path, label: str, into: Path, *, task: str | None = None) -> Created:
    """Look at the data and write the project folder `into/name`, whole or not at all.

    Args:
        name: the name of the project and its folder.
        data: a CSV or Parquet file; with `{SPAN}`, or `{YYYY}`, `{MM}` and `{DD}`, in its name one file for each span.
        label: the column to predict.
        into: the folder that holds projects.
        task: binary, multiclass or regression; chosen by the label's values when it is not given.

    Raises:
        ProjectError: when the name is not valid or taken, the label is not a column, or the spans do not fit.
        InputDataError: when the data cannot be read or modelled.
        UsageError: when the task does not fit the label.

    """
    folder = into / name
    _check_name(name, folder)
    data = Path(os.path.abspath(data.expanduser()))  # noqa: PTH100  resolve() would follow links, and keep no {SPAN}
    files, spans = _find_files(data)
    sample = take_sample(files)
    _check_table(sample, label, files[0])
    # A file that is sorted has the other classes further on.
    counted = None if sample.is_whole else count_values(files, sample, label)
    if counted is not None:
        sample = replace(sample, rows_in_files=counted.total())
    judged = judge_label(label, sample.table.column(label), task, counted)
    kinds = {column: _verdict(column, sample, judged) for column in sample.table.column_names}
    _check_features(kinds, data)
    plan = write.Plan(
        name,
        _data_files(data, into),
        sample.file_format,
        sample.delimiter,
        spans,
        sample.rows_in_files,
        kinds,
        judged,
        _never_negative(kinds, sample),
    )
    _write_folder(folder, plan)
    return Created(
        folder, sample.table.num_rows, sample.rows_in_files, judged, kinds, _warnings(kinds, judged, sample)
    )


def _check_name(name: str, folder: Path) -> None:
    if not re.fullmatch(NAME_PATTERN, name):
        near = re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")
        hint = f" such as {near}" if re.fullmatch(NAME_PATTERN, near) else ""
        raise ProjectError(
            "A project's name has lowercase letters, digits and _, and begins with a letter, "
            f"but {name!r} does not. "
            f"Choose another one{hint}."
        )
    for taken in (folder, BUILT_IN / name):
        if taken.exists():
            raise ProjectError(
                f"A new project needs a new folder, but {taken} exists. Choose another name, or remove it."
            )


def _find_files(data: Path) -> tuple[list[Path], tuple[str, str] | None]:
    if not has_spans(str(data)):
        if data.is_dir():
            raise InputDataError(
                f"{data} must be a CSV or Parquet file, but is a folder. Name a file in it; `kit new --help` says how "
                "to name one for each day."
            )
        if not data.is_file():
            raise InputDataError(f"{data} must be a CSV or Parquet file, but there is none. Check the path.")
        return [data], None
    try:
        check_pattern(str(data))
    except ValueError as error:
        raise ProjectError(f"{data}: {error}. Correct the pattern.") from None
    by_span = files_by_span(Path(data.anchor), glob.escape(str(data.relative_to(data.anchor))))
    files = [path for paths in by_span.values() for path in paths]
    return files, _find_spans(data, list(by_span))


def _find_spans(data: Path, spans: list[int]) -> tuple[str, str]:
    """Return which spans to train on, all but the newest, and which to evaluate on.

    Missing days are normal where files are named by dates, so that windows are written then; a missing number is a
    mistake.
    """
    dated = is_dated(str(data))
    consecutive = bool(spans) and spans[-1] - spans[0] + 1 == len(spans)
    if len(spans) < _LEAST_SPANS or not (consecutive or dated):
        what = (
            "A date stands for the days of two or more"
            if dated
            else "{SPAN} stands for the numbers of two or more"
        )
        raise ProjectError(
            f"{what}{'' if dated else ' consecutive'} spans, but {data} has {in_words(spans, dated=dated) or 'none'}. "
            "Deliver the missing files, or name one file."
        )
    if not consecutive:
        return f"last {len(spans) - 1}", "last 1"
    return in_words(spans[:-1], dated=dated), in_words(spans[-1:], dated=dated)


def _check_table(sample: Sample, label: str, path: Path) -> None:
    names = sample.table.column_names
    if label not in names:
        raise ProjectError(
            f"The label must be a column of {path}, but {label!r} is not.{did_you_mean(label, names, cutoff=0.5)} Its "
            f"columns are {', '.join(names)} "
            f"(delimiter {sample.delimiter!r})."
        )
    if long := [name for name in names if len(in_one_line(name)) > LONGEST_KEY]:
        raise InputDataError(
            f"A column's name must have {LONGEST_KEY:,} letters or fewer, but in {path} one has {len(long[0]):,}: "
            f"{long[0][:40]}… Rename it there."
        )
    if sample.table.num_rows < FEWEST_ROWS:
        raise InputDataError(
            f"A model needs {FEWEST_ROWS} rows or more, but {path} has "
            f"{sample.table.num_rows}. Collect more of them."
        )


def _verdict(column: str, sample: Sample, label: Label) -> Verdict:
    if column == label.name:
        return Verdict("label", label.why, label.dtype, distinct=len(label.classes))
    return judge(column, sample.table.column(column))


def _never_negative(kinds: dict[str, Verdict], sample: Sample) -> tuple[str, ...]:
    numbers = [name for name, verdict in kinds.items() if verdict.kind == "number"]
    least = {name: pc.min(values_of(sample.table.column(name))).as_py() for name in numbers}
    return tuple(name for name, value in least.items() if value is not None and value >= 0)


def _check_features(kinds: dict[str, Verdict], path: Path) -> None:
    if all(verdict.kind in {"ignore", "key", "label"} for verdict in kinds.values()):
        found = (
            "; ".join(f"{name} {v.why}" for name, v in kinds.items() if v.kind != "label") or "nothing else"
        )
        raise InputDataError(
            f"A model needs a column to predict from, but besides the label {path} has: "
            f"{found}. Add columns to the data."
        )


def _data_files(data: Path, into: Path) -> str:
    """Write data beside the projects as a relative path, so that both can be moved together."""
    here = Path(os.path.abspath(into))  # noqa: PTH100
    relative = data.is_relative_to(here.parent)
    text = os.path.relpath(data, here / "project") if relative else str(data)
    return glob.escape(text)


def _write_folder(folder: Path, plan: write.Plan) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        parts = {
            "__init__.py": f'"""Predicts {write.in_docstring(plan.label.name)}."""\n',
            "project.yml": write.project_yml(plan),
            "features.py": write.features_code(plan),
            "model.py": write.model_code(plan),
        }
        for part, text in parts.items():
            (temporary / part).write_text(text, encoding="utf-8")
        read_project_file(temporary / "project.yml")  # names of columns can be anything
        temporary.chmod(0o755)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _warnings(kinds: dict[str, Verdict], label: Label, sample: Sample) -> tuple[str, ...]:
    notes = [*label.warnings, *(f"{name}: {v.warning}" for name, v in kinds.items() if v.warning)]
    if filled := sum(sample.nameless):
        notes.append(
            f"{_columns(filled)} without a name left out; name what is to be used in the file's header"
        )
    if empty := len(sample.nameless) - filled:
        notes.append(f"{_columns(empty)} without a name and without values left out")
    notes += [f"{name}: not in all files, so left out" for name in sample.later]
    return tuple(notes)


def _columns(count: int) -> str:
    return "1 column" if count == 1 else f"{count} columns"
