"""The checks of a project, wherever the rows come from: those over rows, and those over statistics."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from kit.checks import drift, validations
from kit.checks.chance import Totals
from kit.checks.check import Check, Finding, judged_data
from kit.checks.correlations import Correlations
from kit.checks.dependencies import Dependencies
from kit.checks.label_classes import LabelClasses, classes_of
from kit.checks.label_rates import LabelRates
from kit.checks.leakage import Leakage
from kit.checks.missing import MissingValues
from kit.checks.ranges import Ranges
from kit.checks.repeats import RepeatedRows, SharedKeys
from kit.checks.rows import Rows
from kit.checks.times import Times, freshness
from kit.checks.volume import Volume
from kit.errors import ProjectError
from kit.project import Project

_UNORDERED = {"text", "sequence", "timestamp", "date"}  # kinds of columns whose single values say little


def checks_of(project: Project) -> list[Check]:
    """Return fresh checks of rows, those that are not `off` in project.yml.

    Raises:
        ProjectError: when `checks` names a column that the project does not have.
    """
    _check_names(project)
    settings = project.spec.checks
    totals = Totals(tuple(_of_kind(project, "key")))
    columns = [name for name in project.columns if name != project.label]  # a slice may also be a band
    sliced = dict.fromkeys(name for names in project.spec.slices for name in names if name in columns)
    features, numbers = project.features, _of_kind(project, "number")
    alone = {name: one.kind == "number" for name, one in features.items() if one.kind not in _UNORDERED}
    present = [
        name for name, one in features.items() if one.kind != "sequence"
    ]  # an empty list counts as a value
    label = [project.label] if project.columns[project.label].dtype != "string" else []
    span = project.span_label
    classes = classes_of(project)
    checks: list[Check] = [
        *([LabelClasses(project.label, classes, settings.label_classes)] if classes else []),
        LabelRates(project.label, sliced, settings.label_rates_change, settings.label_rates, span),
        RepeatedRows(settings.repeated_rows),
        SharedKeys(totals.keys, settings.shared_keys),
        MissingValues(present, settings.missing_values_change, totals, settings.missing_values),
        Ranges(numbers, totals, settings.ranges),
        Dependencies(_of_kind(project, "key", "id"), features, settings.dependencies),
        Correlations([*numbers, *label], settings.correlations_change, totals, settings.correlations),
        Leakage(project.label, alone, settings.leakage_auc, settings.leakage_r2, settings.leakage),
        Volume(settings.volume_change, totals, span, settings.volume),
        *(Times(name, project.columns[name], span, settings.times) for name in _times(project)),
    ]
    on = [check for check in checks if check.severity != "off"]
    return [totals, *on] if on else []


def feed(checks: Iterable[Check], split: str, rows: Rows) -> None:
    """Feed the checks some rows; those of train come before those of eval."""
    for check in checks:
        check.add(split, rows)


def findings_of(checks: Iterable[Check]) -> list[Finding]:
    """Return what the checks found in all rows that they were fed."""
    return [finding for check in checks for finding in check.findings()]


def wants_statistics(project: Project) -> bool:
    """Return whether any check that is not `off` looks at statistics."""
    settings = project.spec.checks
    return settings.drift.severity != "off" or any(one.severity != "off" for one in settings.validations)


def of_statistics(project: Project, history: drift.History) -> list[Finding]:
    """Return what the checks of statistics found."""
    settings = project.spec.checks
    found = drift.drift(project, history) if settings.drift.severity != "off" else []
    for span, statistics in history.judged.items():
        what = judged_data(span, project.span_label)
        found += validations.validate(settings.validations, history.train, statistics, what)
    return found


def of_age(project: Project, checks: Sequence[Check], as_of: dt.date | None) -> list[Finding]:
    """Return whether the newest row of eval is new enough; nothing where no date is given, or the check is off."""
    settings = project.spec.checks
    if as_of is None or settings.freshness == "off":
        return []
    newest = [time for check in checks if isinstance(check, Times) and (time := check.newest()) is not None]
    return [freshness(max(newest, default=None), as_of, settings.freshness_days, settings.freshness)]


def as_date(text: str) -> dt.date | None:
    """Read a date such as 2026-01-31; empty is none.

    Raises:
        ProjectError: when it is neither empty nor a date.
    """
    try:
        return dt.date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError:
        raise ProjectError(
            f"as_of must be a date such as 2026-01-31, but is {text!r}. Write one, or none."
        ) from None


def _times(project: Project) -> list[str]:
    """Return the column with the time of a row; the first of several, as later ones mean something else."""
    return _of_kind(project, "timestamp", "date")[:1] if project.spec.data.has_spans else []


def _of_kind(project: Project, *kinds: str) -> list[str]:
    return [
        name for name, column in project.columns.items() if column.kind in kinds and name != project.label
    ]


def _check_names(project: Project) -> None:
    settings = project.spec.checks
    for place, names, known in (
        ("drift.features", list(settings.drift.features), drift.compared(project)),
        ("validations", [one.feature for one in settings.validations], list(project.columns)),
    ):
        if unknown := sorted(set(names) - set(known)):
            raise ProjectError(
                f"{project.folder / 'project.yml'}: checks.{place} must name columns that are compared, but has "
                f"{', '.join(unknown)}. Choose from {', '.join(known)}."
            )
