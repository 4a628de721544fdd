"""ExampleValidator's anomalies, and the error by which they stop a batch; stock TFX never raises one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import anomalies_pb2

from kit.data.example_gen import SPLITS
from kit.decisions import Decision, latest_by_subject
from kit.errors import DataAnomalyError, DriftError

ANOMALIES_FILE = "SchemaDiff.pb"
DATA_SET = "(data set)"
IGNORE, ACCEPT, BLOCK = "ignore", "accept", "block"
_DECIDED = {
    IGNORE: "Ignored here by {0}.",
    ACCEPT: "Accepted into the schema by {0}; run SchemaGen and ExampleValidator again.",
    BLOCK: "Blocked by {0}.",
}


class AnomalyRow(NamedTuple):
    """One anomaly as TFDV reports it; type and severity are TFDV's names."""

    split: str
    feature: str
    what: str
    found: str
    type: str
    severity: str

    @property
    def key(self) -> str:
        """The anomaly's name in decisions."""
        return f"{self.split}/{self.feature}/{self.type}"


def read_anomalies(folder: Path) -> list[AnomalyRow]:
    """Return the anomalies of an ExampleAnomalies artifact, by split and feature."""
    rows = []
    for split in SPLITS:
        path = folder / f"Split-{split}" / ANOMALIES_FILE
        anomalies = anomalies_pb2.Anomalies.FromString(path.read_bytes())
        for feature, info in by_feature(anomalies):
            rows += _rows(split, feature, info)
    return rows


def by_feature(anomalies: anomalies_pb2.Anomalies) -> list[tuple[str, anomalies_pb2.AnomalyInfo]]:
    """Return what TFDV found, by feature, and at the end what it found in the data as a whole."""
    return [*sorted(anomalies.anomaly_info.items()), (DATA_SET, anomalies.dataset_anomaly_info)]


def check_anomalies(folder: Path, decided: Sequence[Decision] = ()) -> str:
    """Return one sentence when the data follow their schema, apart from what somebody chose to ignore.

    Args:
        folder: the folder of the ExampleAnomalies artifact.
        decided: the decisions about this artifact, the latest first.

    Raises:
        DriftError: when all that was found is drift or skew.
        DataAnomalyError: when anything else was found; the message lists it.
    """
    rows = read_anomalies(folder)
    by_key = latest_by_subject(decided)
    verdicts = {row.key: verdict for row in rows if (verdict := by_key.get(row.key))}
    passed = [row for row in rows if row.key in verdicts and verdicts[row.key].what == IGNORE]
    left = [row for row in rows if row not in passed]
    if not left:
        return _followed(passed, verdicts)
    found = "\n".join(_line(row, verdicts) for row in left)
    drifted = all(row.type.startswith("COMPARATOR_") for row in left)
    count = "1 anomaly was found" if len(left) == 1 else f"{len(left)} anomalies were found"
    ignored = ""
    if passed:
        ignored = " (1 more is ignored)" if len(passed) == 1 else f" ({len(passed)} more are ignored)"
    raise (DriftError if drifted else DataAnomalyError)(
        f"The data must follow their schema, but {count}{ignored}:\n{found}\n"
        "Fix the data, choose other spans, or, if the data are right, change the project's schema."
    )


def _followed(passed: Sequence[AnomalyRow], verdicts: Mapping[str, Decision]) -> str:
    if not passed:
        return "The data follow their schema in both splits."
    found = "\n".join(_line(row, verdicts) for row in passed)
    return f"The data follow their schema in both splits, but for what is ignored here:\n{found}"


def _line(row: AnomalyRow, verdicts: Mapping[str, Decision]) -> str:
    decided = f" {_DECIDED[verdicts[row.key].what].format(verdicts[row.key])}" if row.key in verdicts else ""
    return f"  {row.split}, {row.feature}: {row.what}. {row.found}{decided}"


def _rows(split: str, feature: str, info: anomalies_pb2.AnomalyInfo) -> list[AnomalyRow]:
    severity = anomalies_pb2.AnomalyInfo.Severity.Name(info.severity)
    kind = anomalies_pb2.AnomalyInfo.Type.Name
    return [
        AnomalyRow(
            split, feature, reason.short_description, reason.description.strip(), kind(reason.type), severity
        )
        for reason in info.reason
    ]
