"""Inject a fault into a copy of a span, as a project of its own for the notebooks. The original is only read."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kit.errors import FaultError
from kit.faults.delivery import Delivery, check_spans, copy_files, layout
from kit.faults.fault import Dose, Fault
from kit.project import Project
from kit.project.file import NAME_PATTERN
from kit.project.folder import BUILT_IN
from kit.project.read import read_project_file
from kit.spans import SpanRange, parse_spans

_DATA = "data"


@dataclass(frozen=True)
class Injected:
    """A project with a fault in its data.

    Attributes:
        folder: the folder of the project.
        files: the files that hold the fault, the oldest span first.
        column: the column that was hit; empty: whole rows.
        rows: the number of rows at fault in the last span, out of `of`.
    """

    folder: Path
    files: tuple[Path, ...]
    column: str
    rows: int
    of: int


def inject(project: Project, fault: Fault, span: int, dose: Dose, folder: Path) -> Injected:
    """Write a copy of the project that trains on clean spans and evaluates on the one with the fault.

    A growing fault is in the spans before as well, weaker. The folder appears completely or not at all.

    Args:
        project: the project whose span it is.
        fault: the fault to put in.
        span: the span to put it into, or the last of several.
        dose: how much of it.
        folder: the folder of the new project; its name becomes the project's.

    Raises:
        FaultError: when the folder is not empty, its name cannot be a project's, or no clean span is left.
        InputDataError: when the span was not delivered, or cannot be read.
    """
    folder = folder.absolute()
    _check_free(project, folder)
    days = days_of(project, fault, span)
    clean = clean_spans(project, days)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as scratch:
        made = Path(scratch) / folder.name
        shutil.copytree(project.folder, made, ignore=_data_of(project))
        for one in clean:
            copy_files(project, one, made / _DATA)
        written, hit = [], 0
        for day, one in enumerate(days, 1):
            delivery = Delivery(project, one)
            spoiled = fault.spoil(delivery.rows, Dose(dose.column, dose.share, dose.seed, day / len(days)))
            written += [path.relative_to(made) for path in delivery.write(spoiled, made / _DATA)]
            hit, of = int(spoiled.hit.sum()), len(spoiled.hit)
        _point_to_copies(project, made, clean, span)
        made.replace(folder)
    return Injected(folder, tuple(folder / path for path in written), dose.column, hit, of)


def chosen_span(project: Project, text: str) -> int:
    """Return the number of the span that somebody wrote; empty: the last of those to evaluate on.

    Raises:
        FaultError: when the project has no spans, or the text is not one of them.
        InputDataError: when nothing was delivered.
    """
    check_spans(project)
    if not text.strip():
        return _spans_of(project, "eval")[-1]
    try:
        spans = parse_spans(text)
        project.spec.data.check_spans(spans)
    except ValueError as error:
        raise FaultError(f"A fault is put into one span, but {error}. Write one.") from None
    if not isinstance(spans, SpanRange) or spans.first != spans.last:
        raise FaultError(f"A fault is put into one span, but found {text!r}. Name one of them.")
    return spans.first


def days_of(project: Project, fault: Fault, span: int) -> list[int]:
    """Return the spans that a fault is put into: the given one, and those before it over which it grows.

    Raises:
        FaultError: when too few were delivered.
        InputDataError: when the span was not delivered.
    """
    check_spans(project)
    project.span_files(span)
    delivered = [one for one in project.spans() if one <= span]
    if len(delivered) < fault.days:
        raise FaultError(
            f"The fault {fault.name} grows over {fault.days} spans, but until {project.span_label(span)} only "
            f"{len(delivered)} are there. Choose a later span, or another fault."
        )
    return delivered[-fault.days :]


def clean_spans(project: Project, days: Sequence[int]) -> list[int]:
    """Return the spans to compare with: training spans before the fault, or if there are none, after it.

    Raises:
        FaultError: when all spans to train on have the fault.
    """
    train = _spans_of(project, "train")
    clean = [span for span in train if span < days[0]] or [span for span in train if span > days[-1]]
    if not clean:
        raise FaultError(
            f"A fault is judged against clean spans, but all of train_spans of {project.name} would have it. "
            "Choose another span, or more train_spans in project.yml."
        )
    return clean


def _spans_of(project: Project, split: str) -> list[int]:
    """Return the spans of a split, as project.yml has them."""
    spans = {file.span for file in project.input_files() if file.split == split}
    return sorted(span for span in spans if span is not None)


def _check_free(project: Project, folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FaultError(
            f"The copy with the fault needs a folder of its own, but {folder} is there and is not empty. "
            "Name another, or remove it."
        )
    if not re.fullmatch(NAME_PATTERN, folder.name) or (BUILT_IN / folder.name).exists():
        raise FaultError(
            f"The folder's name becomes a project's: lowercase letters, digits and _, and none that is built in, but "
            f"it is {folder.name!r}. Name another, such as {project.name}_spoiled."
        )
    if folder.resolve().is_relative_to(project.folder.resolve()):
        raise FaultError(
            f"The copy must be outside of what is copied, but {folder} is in {project.folder}. Name another folder."
        )


def _data_of(project: Project) -> Callable[[str, list[str]], list[str]]:
    """Return a function that picks the data and bytecode in a folder that a copy of the project leaves out."""
    data = {path for span in project.spans() for path in project.span_files(span)}

    def left_out(folder: str, names: list[str]) -> list[str]:
        return [
            name for name in names if name == "__pycache__" or Path(os.path.normpath(folder), name) in data
        ]

    return left_out


def _point_to_copies(project: Project, made: Path, clean: Sequence[int], span: int) -> None:
    """Write the project.yml of the copy, without the original's comments."""
    file, dated = made / "project.yml", project.spec.data.is_dated
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    content["name"] = made.name
    content["data"] |= {
        "files": f"{_DATA}/{layout(project)}",
        "train_spans": str(SpanRange(first=clean[0], last=clean[-1], dated=dated)),
        "eval_spans": str(SpanRange(first=span, last=span, dated=dated)),
    }
    head = (
        f"# {project.name} with a fault in span {project.span_label(span)}, put in by `kit faults inject`.\n"
    )
    file.write_text(head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    read_project_file(file)  # the new file is proved to read well before anybody sees it
