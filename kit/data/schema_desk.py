"""Edit a schema as a table of texts: read its rules, apply changes, and validate the statistics at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from kit import decisions
from kit.data.example_gen import SPLITS
from kit.data.rules import FIELDS, EditError, SchemaRule, change, rule_of
from kit.data.schema import Statistics, curated_file, file_in_force, load_schema, read_schema, save_schema
from kit.data.schema_diff import count_of_changes
from kit.data.statistics import feature_name, load_statistics
from kit.errors import UsageError
from kit.session import Session
from kit.translation.messages import in_language, parts_in_language

Edits: TypeAlias = Mapping[str, Mapping[str, str]]  # feature, field, text
Row: TypeAlias = tuple[str, str, str, str]

EDIT = "edit schema"


class SchemaEditError(UsageError):
    """An edited schema cannot be saved."""


class Checked(NamedTuple):
    """The effect of a set of edits.

    Attributes:
        wrong: for each feature and field that is not valid, the reason.
        changes: feature, field, saved text, new text.
        anomalies: split, feature, what, found; those that remain with the valid edits.
    """

    wrong: dict[str, dict[str, str]]
    changes: list[Row]
    anomalies: list[Row]


class SchemaDesk:
    """The schema of a session's project, edited against its latest statistics.

    The saved schema is the curated file, or else what SchemaGen last made. Drift and skew are among the anomalies
    only where there is something to compare with.

    Args:
        session: the session whose statistics are checked.
        previous: statistics of an earlier span, for drift.
        serving: statistics of served requests, for skew.

    Raises:
        StepOrderError: when there are no statistics or no schema yet.
    """

    def __init__(
        self, session: Session, *, previous: Statistics | None = None, serving: Statistics | None = None
    ) -> None:
        self._session, self._previous, self._serving = session, previous, serving
        self.file = curated_file(session.workspace, session.project)
        folder = session.path("StatisticsGen", "statistics")
        self._statistics = {split: load_statistics(folder, split) for split in SPLITS}
        self.schema = saved_schema(session)
        self._saved: list[Row] | None = None

    def rules(self) -> list[SchemaRule]:
        """Return the saved rule of each feature, every field as text that can be edited."""
        return [rule_of(feature, self.schema) for feature in self.schema.feature]

    def check(self, edits: Edits) -> Checked:
        """Apply edits to a copy of the saved schema and validate the statistics against it."""
        edited, wrong = self._edited(edits)
        return Checked(wrong, self._changes(edited), self._anomalies(edited, set(edits)))

    def save(self, edits: Edits, who: str, why: str) -> str:
        """Save the schema with the edits, and record who did it and why; return where it is, in a sentence.

        Raises:
            SchemaEditError: when an edit is not valid, or nothing was changed.
            DecisionError: when there is no name or no reason.
        """
        # An anomaly may have been accepted since this desk was opened.
        self.schema, self._saved = saved_schema(self._session), None
        edited, wrong = self._edited(edits)
        if wrong:
            found = "; ".join(
                f"{feature}, {field}: {why_not}"
                for feature, fields in wrong.items()
                for field, why_not in fields.items()
            )
            raise SchemaEditError(f"Every edit must be valid, but found {found}. Correct it, and save again.")
        changes = self._changes(edited)
        if not changes:
            raise SchemaEditError(
                "A save needs a change, but nothing differs from the saved schema. Edit first."
            )
        decisions.require_reasons("save a schema", who, why)
        file = save_schema(self._session.workspace, self._session.project, edited)
        decision = decisions.record(
            self._session,
            self._session.latest("SchemaGen", "schema"),
            EDIT,
            subject=json.dumps(edits, ensure_ascii=False, sort_keys=True),
            who=who,
            why=why,
        )
        self.schema, self._saved = edited, None
        changed = count_of_changes(len(changes))
        return f"{changed} saved to {file} by {decision}. Run SchemaGen and ExampleValidator again."

    def _edited(self, edits: Edits) -> tuple[schema_pb2.Schema, dict[str, dict[str, str]]]:
        edited = schema_pb2.Schema.FromString(self.schema.SerializeToString())
        features = {feature.name: feature for feature in edited.feature}
        _refuse_unknown(edits, list(features))
        wrong: dict[str, dict[str, str]] = {}
        for name, fields in edits.items():
            for field in sorted(fields, key=FIELDS.index):  # the type first: it decides what a range may be
                try:
                    change(edited, features[name], field, fields[field])
                except EditError as error:
                    wrong.setdefault(name, {})[field] = in_language(str(error))
        return edited, wrong

    def _changes(self, edited: schema_pb2.Schema) -> list[Row]:
        pairs = zip(self.schema.feature, edited.feature, strict=True)
        rules = [(rule_of(before, self.schema), rule_of(after, edited)) for before, after in pairs]
        return [
            (before.feature, field, getattr(before, field), getattr(after, field))
            for before, after in rules
            for field in FIELDS
            if getattr(before, field) != getattr(after, field)
        ]

    def _anomalies(self, edited: schema_pb2.Schema, features: set[str]) -> list[Row]:
        """Validate the edited features only: the others have not changed, and TFDV is slow for hundreds."""
        kept = [row for row in self._saved_anomalies() if row[1] not in features]
        return sorted([*kept, *self._validated(_only(edited, features), features)] if features else kept)

    def _saved_anomalies(self) -> list[Row]:
        if self._saved is None:
            self._saved = self._validated(self.schema)
        return self._saved

    def _validated(self, schema: schema_pb2.Schema, features: set[str] | None = None) -> list[Row]:
        previous, serving = (_of(one, features) if one else None for one in (self._previous, self._serving))
        rows = []
        for split, statistics in self._statistics.items():
            found = tfdv.validate_statistics(
                _of(statistics, features), schema, previous_statistics=previous, serving_statistics=serving
            )
            rows += [
                (
                    split,
                    feature,
                    *map(parts_in_language, (reason.short_description, reason.description.strip())),
                )
                for feature, info in sorted(found.anomaly_info.items())
                for reason in info.reason
            ]
        return rows


def _only(schema: schema_pb2.Schema, features: set[str]) -> schema_pb2.Schema:
    """Return the schema of some features; what spans several of them is left out."""
    reduced = schema_pb2.Schema(
        string_domain=schema.string_domain, default_environment=schema.default_environment
    )
    reduced.feature.extend(feature for feature in schema.feature if feature.name in features)
    return reduced


def _of(statistics: Statistics, features: set[str] | None) -> Statistics:
    """Return the statistics of some features; None: of all."""
    if features is None:
        return statistics
    [whole] = statistics.datasets
    part = statistics_pb2.DatasetFeatureStatistics(
        num_examples=whole.num_examples, weighted_num_examples=whole.weighted_num_examples
    )
    part.features.extend(one for one in whole.features if feature_name(one) in features)
    return Statistics(datasets=[part])


def saved_schema(session: Session) -> schema_pb2.Schema:
    """Return the schema that the next SchemaGen will give, or else the last inferred one."""
    file = file_in_force(session.workspace, session.project)
    return read_schema(file) if file else load_schema(session.path("SchemaGen", "schema"))


def _refuse_unknown(edits: Edits, features: list[str]) -> None:
    for name, fields in edits.items():
        for found, known in ((name, features), *((field, FIELDS) for field in fields)):
            if found not in known:
                raise SchemaEditError(
                    f"An edit names a feature of the schema and one of its fields, but found {found!r}. "
                    f"Choose one of {', '.join(known)}."
                )
