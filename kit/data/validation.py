"""What ExampleValidator found: as a table, and as an error that stops a batch, which stock TFX never does."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from tensorflow_metadata.proto.v0 import anomalies_pb2

from kit.data.example_gen import SPLITS
from kit.errors import DataAnomalyError, DriftError

ANOMALIES_FILE = "SchemaDiff.pb"
_COLUMNS = ["split", "feature", "what", "found", "type"]


def anomalies_table(folder: Path) -> pd.DataFrame:
    """Return one row an anomaly of an ExampleAnomalies artifact: split, feature, what, found, type."""
    rows = []
    for split in SPLITS:
        path = folder / f"Split-{split}" / ANOMALIES_FILE
        anomalies = anomalies_pb2.Anomalies.FromString(path.read_bytes())
        for feature, info in sorted(anomalies.anomaly_info.items()):
            rows += [
                (split, feature, reason.short_description, reason.description, _name(reason))
                for reason in info.reason
            ]
        rows += [
            (split, "(data set)", reason.short_description, reason.description, _name(reason))
            for reason in anomalies.dataset_anomaly_info.reason
        ]
    return pd.DataFrame(rows, columns=_COLUMNS)


def check_anomalies(folder: Path) -> str:
    """Return one sentence when the data follow their schema.

    Raises:
        DriftError: when all that was found is drift or skew.
        DataAnomalyError: when anything else was found; the message lists it.
    """
    table = anomalies_table(folder)
    if table.empty:
        return "The data follow their schema in both splits."
    found = "\n".join(f"  {row.split}, {row.feature}: {row.what}. {row.found}" for row in table.itertuples())
    kind = DriftError if table["type"].str.startswith("COMPARATOR_").all() else DataAnomalyError
    raise kind(
        f"The data must follow their schema, but {len(table)} anomalies were found:\n{found}\n"
        "Mend the data, choose other spans, or, where the data are right, change the project's schema."
    )


def _name(reason: anomalies_pb2.AnomalyInfo.Reason) -> str:
    return str(anomalies_pb2.AnomalyInfo.Type.Name(reason.type))
