"""Look into Transform's graph: an example raw and transformed, and the vocabularies."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import tensorflow_transform as tft

from kit.data.records import first_records
from kit.data.show import rows_table
from kit.features.parity import transformed_rows

_SHOWN_WORDS = 5


def side_by_side(graph: Path, examples: Path, split: str = "train") -> pd.DataFrame:
    """Return one row a feature of the first example: raw and transformed, matched by name where they match."""
    raw = rows_table(examples, split, 1).iloc[0]
    transformed = {
        name.removesuffix("_xf"): values[0].tolist()
        for name, values in transformed_rows(graph, first_records(examples, split, 1)).items()
    }
    names = [*raw.index, *sorted(set(transformed) - set(raw.index))]
    rows = [{"feature": n, "raw": _text(raw.get(n)), "transformed": _text(transformed.get(n))} for n in names]
    return pd.DataFrame(rows)


def vocabularies(graph: Path) -> pd.DataFrame:
    """Return one row a vocabulary: how many words it has, and the most frequent ones."""
    output = tft.TFTransformOutput(str(graph))
    rows = []
    for path in sorted((graph / "transform_fn" / "assets").iterdir()):
        words = [word.decode(errors="replace") for word in output.vocabulary_by_name(path.name)]
        rows.append(
            {"vocabulary": path.name, "words": len(words), "most frequent": ", ".join(words[:_SHOWN_WORDS])}
        )
    return pd.DataFrame(rows, columns=["vocabulary", "words", "most frequent"])


def _text(value: object) -> str:
    return "" if value is None or value is pd.NA else str(value)
