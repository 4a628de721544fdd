"""Judge days one by one, by the schema and all checks, against reference data that are read only once."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence

import pyarrow as pa
from tensorflow_metadata.proto.v0 import schema_pb2

from kit.checks.check import Check, Finding
from kit.checks.distances import Statistics
from kit.checks.drift import History
from kit.checks.rows import Rows
from kit.checks.suite import checks_of, feed, findings_of, of_statistics, wants_statistics
from kit.data.environments import TRAINING, validate
from kit.data.example_gen import SPLITS
from kit.data.schema import columns_of, infer, read_schema
from kit.data.span_statistics import as_examples
from kit.data.statistics import Accumulated, statistics_of_batches
from kit.data.validation import by_feature
from kit.project import Project

SCHEMA = "schema"
"""The check that an anomaly is a finding of; its subject is the feature."""


class Judge:
    """Says about a day what `01_data` would say after training on the reference, without a workspace.

    Nothing is written. The same rows give the same findings, in the same order. A day costs its own rows, plus a copy
    of what the checks remember of the reference.

    Args:
        project: the project whose checks, schema and columns they are.
        reference: the rows of each span to compare with, typed as `kit.data.files.rows_of` gives them; a
            `pa.Table` gives them by `to_batches()`. Read once, a batch at a time.
        schema: the schema to follow; None: the project's own, or one inferred from the reference.

    Raises:
        ProjectError: when `checks` in project.yml names a column that the project does not have.
        InputDataError: when a file cannot be read.
    """

    def __init__(
        self,
        project: Project,
        reference: Mapping[int, Iterable[pa.RecordBatch]],
        schema: schema_pb2.Schema | None = None,
    ) -> None:
        self.project = project
        self._checks = checks_of(project)
        whole, spans = Accumulated(), {}
        for span, batches in sorted(reference.items()):
            part = Accumulated()
            for batch in batches:
                feed(self._checks, SPLITS[0], Rows(batch, span))
                part.add(as_examples(batch))
            whole.merge(part)
            spans[span] = part.statistics()
        self._spans: Mapping[int, Statistics] = spans
        self._train = whole.statistics()
        self.schema = schema or _schema_of(project, self._train)

    def judge(self, day: Iterable[pa.RecordBatch], span: int | None = None) -> list[Finding]:
        """Return all findings about a day, in order: anomalies of the schema, then each check.

        Args:
            day: its rows, typed like those of the reference; a batch at a time.
            span: its number, by which the day before it is found in the reference. None: it has none.
        """
        checks = copy.deepcopy(self._checks)
        statistics = statistics_of_batches(self._shown(checks, day, span))
        found = [*_anomalies(statistics, self.schema), *findings_of(checks)]
        if wants_statistics(self.project):
            history = History(self._train, self._spans, {span: statistics})
            found += of_statistics(self.project, history)
        return found

    @staticmethod
    def _shown(
        checks: Sequence[Check], day: Iterable[pa.RecordBatch], span: int | None
    ) -> Iterator[pa.RecordBatch]:
        for batch in day:
            feed(checks, SPLITS[1], Rows(batch, span))
            yield as_examples(batch)


def _schema_of(project: Project, statistics: Statistics) -> schema_pb2.Schema:
    if project.spec.schema_file:
        return read_schema(project.folder / project.spec.schema_file)
    return infer(statistics, columns_of(project))


def _anomalies(statistics: Statistics, schema: schema_pb2.Schema) -> list[Finding]:
    return [
        Finding(
            SCHEMA,
            f"{feature}: {reason.short_description}. {reason.description.strip()}",
            "fail",
            "Fix the data; if they are right, widen the schema.",
            subject=feature,
        )
        for feature, info in by_feature(validate(statistics, schema, TRAINING))
        for reason in info.reason
    ] or [Finding(SCHEMA, "the data follow it", "ok")]
