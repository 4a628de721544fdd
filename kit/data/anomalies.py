"""Anomalies for a person to judge: each with the rows behind it and the decisions taken about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Literal

from tensorflow_metadata.proto.v0 import schema_pb2

from kit import decisions
from kit.data.offenders import SHOWN_VALUES, Complaint, Offenders, find_offenders
from kit.data.schema import columns_of, load_schema, save_schema
from kit.data.schema_desk import saved_schema
from kit.data.schema_update import adopt
from kit.data.statistics import load_statistics
from kit.data.validation import ACCEPT, BLOCK, DATA_SET, IGNORE, AnomalyRow, read_anomalies
from kit.errors import UsageError
from kit.session import Session
from kit.translation.messages import in_language, parts_in_language

_SEVERITIES: dict[str, Literal["error", "warning"]] = {"ERROR": "error", "WARNING": "warning"}


class AnomalyDecisionError(UsageError):
    """A decision about an anomaly cannot be carried out."""


@dataclass(frozen=True, kw_only=True)
class FoundAnomaly:
    """One anomaly.

    Attributes:
        key: its name in decisions.
        severity: TFDV's; an unrated one is an error.
        split: the split that it was found in.
        feature: the feature that it is about, or `(data set)`.
        what: the anomaly, in two or three words.
        found: the finding, a sentence.
        of: the rows of the split; 0: not read.
        rows: how many of them are at fault; None: the anomaly concerns all rows together.
        at_fault: the most frequent values at fault, and how often each is there.
        examples: some rows at fault: the index in the split, from 0, and every column as text.
        decided: the last decision, `ignore`, `accept` or `block`; empty: none.
        decision: who, when and why.
    """

    key: str
    severity: Literal["error", "warning"]
    split: str
    feature: str
    what: str
    found: str
    of: int
    rows: int | None
    at_fault: tuple[tuple[str, int], ...]
    examples: tuple[tuple[int, Mapping[str, str]], ...]
    decided: str
    decision: str


class AnomalyDesk:
    """The anomalies that ExampleValidator last found, and what people decide about them.

    Raises:
        StepOrderError: when it has not run.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._artifact = session.latest("ExampleValidator", "anomalies")
        inputs, _ = session.history("ExampleValidator")[0]
        self._statistics, self._schema = inputs["statistics"][0], load_schema(Path(inputs["schema"][0].uri))
        self._rows = read_anomalies(Path(self._artifact.uri))

    def found(self) -> list[FoundAnomaly]:
        """Return the anomalies with their rows, the errors first; reads each split that has any once."""
        made = [
            anomaly
            for split, rows in groupby(self._rows, lambda row: row.split)
            for anomaly in self._of_split(split, list(rows))
        ]
        return sorted(made, key=lambda anomaly: anomaly.severity)

    def shown(self) -> list[FoundAnomaly]:
        """Return the same for a view, in the reader's language."""
        return [
            replace(one, what=parts_in_language(one.what), found=parts_in_language(one.found))
            for one in self.found()
        ]

    def decide(self, key: str, what: str, who: str, why: str) -> str:
        """Record that a person ignores, accepts or blocks an anomaly, and carry it out; return what was done.

        Raises:
            AnomalyDecisionError: when there is no such anomaly or decision, or no schema could accept it.
            DecisionError: when there is no name or no reason.
        """
        if what not in {IGNORE, ACCEPT, BLOCK}:
            raise AnomalyDecisionError(
                f"A decision about an anomaly must be {IGNORE}, {ACCEPT} or {BLOCK}, but is {what!r}. Choose one."
            )
        row = self._row(key)
        decisions.require_reasons(what, who, why)
        file = self._accept(row) if what == ACCEPT else None
        decision = decisions.record(self._session, self._artifact, what, subject=key, who=who, why=why)
        if file:
            return in_language(
                f"Accepted into {file} by {decision}. Run SchemaGen and ExampleValidator again."
            )
        return in_language(f"Ignored here by {decision}." if what == IGNORE else f"Blocked by {decision}.")

    def decided(self) -> list[decisions.Decision]:
        """Return the decisions about these anomalies, the latest first, as `check_anomalies` takes them."""
        return decisions.about(self._session, self._artifact)

    def _of_split(self, split: str, rows: list[AnomalyRow]) -> list[FoundAnomaly]:
        rules = {feature.name: feature for feature in self._schema.feature}
        complaints = [
            Complaint(row.feature, row.type, rules.get(row.feature, schema_pb2.Feature()), self._schema)
            for row in rows
        ]
        in_rows = [complaint for complaint in complaints if complaint.is_in_rows]
        total, offenders = find_offenders(self._examples(), split, in_rows) if in_rows else (0, [])
        known = dict(zip(map(id, in_rows), offenders, strict=True))
        by_key = decisions.latest_by_subject(self.decided())
        return [
            _anomaly(row, total, known.get(id(complaint)), by_key)
            for row, complaint in zip(rows, complaints, strict=True)
        ]

    def _examples(self) -> Path:
        """Return the examples that the validated statistics were computed from."""
        for inputs, outputs in self._session.history("StatisticsGen"):
            if outputs["statistics"][0].id == self._statistics.id:
                return Path(inputs["examples"][0].uri)
        return self._session.path("ExampleGen", "examples")

    def _row(self, key: str) -> AnomalyRow:
        rows = {row.key: row for row in self._rows}
        if key not in rows:
            raise AnomalyDecisionError(
                f"A decision names one of the anomalies, but there is no {key!r}. "
                f"Choose one of {', '.join(rows) or 'none: the data follow their schema'}."
            )
        return rows[key]

    def _accept(self, row: AnomalyRow) -> Path:
        """Widen the rule of one feature in the saved schema as far as the data need; return its file."""
        saved = saved_schema(self._session)
        statistics = load_statistics(Path(self._statistics.uri), row.split)
        comparing = row.feature == DATA_SET or row.type.startswith("COMPARATOR_")
        columns = columns_of(self._session.project)
        if comparing or not adopt(saved, statistics, {row.feature}, columns):
            raise AnomalyDecisionError(
                f"What a schema says of one feature's values can be accepted, but this is: {row.what} ({row.feature}). "
                "Change its threshold in the schema, or ignore it here."
            )
        return save_schema(self._session.workspace, self._session.project, saved)


def _anomaly(
    row: AnomalyRow, total: int, offenders: Offenders | None, decided: Mapping[str, decisions.Decision]
) -> FoundAnomaly:
    decision = decided.get(row.key)
    return FoundAnomaly(
        key=row.key,
        severity=_SEVERITIES.get(row.severity, "error"),
        split=row.split,
        feature=row.feature,
        what=row.what,
        found=row.found,
        of=total,
        rows=offenders.rows if offenders else None,
        at_fault=tuple(offenders.values.most_common(SHOWN_VALUES)) if offenders else (),
        examples=tuple(offenders.examples) if offenders else (),
        decided=decision.what if decision else "",
        decision=str(decision) if decision else "",
    )
