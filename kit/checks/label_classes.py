"""Is every label one of the classes that features.py names? Transform fails on another one, and hardly says why."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from kit.checks.check import Finding, wrong
from kit.checks.config import Severity
from kit.checks.rows import SHOWN_ROWS, Rows
from kit.data.records import as_text
from kit.project import Project

NAME = "label classes"
_MOST_SHOWN = 5
Class = str | int | float


class LabelClasses:
    """Counts the labels that are none of the classes, in either split.

    Args:
        label: name of the label's column.
        classes: what the label may be.
        severity: the severity of what is found.
    """

    def __init__(self, label: str, classes: Sequence[Class], severity: Severity) -> None:
        self._label, self._classes, self.severity = label, tuple(classes), severity
        self._row_count = 0
        self._strangers: Counter[str] = Counter()
        self._splits: Counter[str] = Counter()
        self._rows: list[dict[str, str]] = []

    def add(self, split: str, rows: Rows) -> None:
        self._row_count += len(rows)
        if not rows.has(self._label):
            return
        values = rows.values(self._label)
        known = pa.array([one.encode() if isinstance(one, str) else one for one in self._classes])
        others = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, value_set=known.cast(values.type))))
        strange = values.filter(others)
        self._splits[split] += len(strange)
        self._strangers.update(
            {as_text(one["values"].as_py()): one["counts"].as_py() for one in pc.value_counts(strange)}
        )
        places = pc.indices_nonzero(others).to_pylist()
        self._rows += rows.texts(places[: SHOWN_ROWS - len(self._rows)])

    def findings(self) -> list[Finding]:
        count = sum(self._splits.values())
        if not count:
            return [
                Finding(
                    NAME, f"{self._label}: one of {len(self._classes)} in all {self._row_count:,} rows", "ok"
                )
            ]
        found = ", ".join(repr(value) for value, _ in self._strangers.most_common(_MOST_SHOWN))
        more = ", …" if len(self._strangers) > _MOST_SHOWN else ""
        where = ", ".join(f"{rows:,} of {split}" for split, rows in self._splits.items() if rows)
        classes = ", ".join(map(str, self._classes))
        return [
            Finding(
                NAME,
                f"{self._label}: {count:,} of {self._row_count:,} rows ({where}) have {found}{more}, but CLASSES of "
                f"features.py has only {classes}",
                wrong(self.severity),
                "Fix or remove these rows; if it is a class of its own, name it in CLASSES and let the model tell "
                "it apart, for which `kit new` writes a project of these data.",
                subject=self._label,
                value=count / self._row_count,
                expected=classes,
                rows=tuple(self._rows),
            )
        ]


def classes_of(project: Project) -> tuple[Class, ...]:
    """Return what the label may be for `tables.class_index` of features.py; empty: not known, or anything.

    The file is read and not imported, so that what somebody has just changed in it counts in a kernel that has imported
    it before. CLASSES that are made by code are not known.
    """
    tree = _parsed(project.folder / "features.py")
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    if not any("class_index" in ast.unparse(call.func) for call in calls):
        return ()
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and "CLASSES" in _names(node):
            return _fitting(node.value, is_text=project.columns[project.label].dtype == "string")
    return ()


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):  # the step that imports it says what is wrong
        return ast.Module([], [])


def _names(node: ast.Assign | ast.AnnAssign) -> set[str]:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    return {ast.unparse(target) for target in targets}


def _fitting(value: ast.expr | None, *, is_text: bool) -> tuple[Class, ...]:
    """Return the values of a literal, if labels can be compared with them."""
    try:
        found = ast.literal_eval(value) if value is not None else ()
    except ValueError:
        return ()
    kinds = (str,) if is_text else (int, float)
    fits = isinstance(found, tuple | list) and all(isinstance(one, kinds) for one in found)
    return tuple(found) if fits else ()
