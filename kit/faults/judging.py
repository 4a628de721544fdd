"""What a project's schema and checks say to the rows of a day, given the rows of clean days; all in memory."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import pyarrow as pa
import tensorflow_data_validation as tfdv

from kit.checks.check import Check, Finding
from kit.checks.examine import checks_of, speak
from kit.data.example_gen import SPLITS, encode
from kit.data.schema import Statistics, columns_of, infer, read_schema
from kit.data.span_statistics import as_examples
from kit.data.statistics import statistics_of_batches
from kit.project import Project


class Reference:
    """Clean days, read once."""

    def __init__(self, project: Project, tables: Sequence[pa.Table]) -> None:
        self._checks = checks_of(project)
        whole = pa.concat_tables(tables)
        _feed(self._checks, SPLITS[0], whole)
        if project.spec.schema_file:
            self._schema = read_schema(project.folder / project.spec.schema_file)
        else:
            self._schema = infer(_statistics(whole), columns_of(project))

    def judge(self, day: pa.Table) -> list[Finding]:
        """Return what is wrong with a day."""
        checks = copy.deepcopy(self._checks)
        _feed(checks, SPLITS[1], day)
        anomalies = tfdv.validate_statistics(
            _statistics(day), self._schema, environment="TRAINING"
        ).anomaly_info
        return [
            *(
                Finding("schema", info.description, "fail", subject=name)
                for name, info in sorted(anomalies.items())
            ),
            *(one for one in speak(checks) if one.state != "ok"),
        ]


def _feed(checks: Sequence[Check], split: str, table: pa.Table) -> None:
    for batch in table.combine_chunks().to_batches():
        records = list(encode(batch))
        for check in checks:
            check.add(split, records, as_examples(batch))


def _statistics(table: pa.Table) -> Statistics:
    return statistics_of_batches(as_examples(batch) for batch in table.combine_chunks().to_batches())
