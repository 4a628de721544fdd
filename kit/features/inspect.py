"""Inspect Transform: what each column becomes, what codes stand for, and what the graph makes of any row."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kit.data.summaries import summarize_artifact
from kit.features.codes import Prober, edges_of, vocabulary_of
from kit.features.coverage import MOST_ROWS, Coverage, cover
from kit.features.graph import load_graph, why_refused
from kit.features.rows import RowReader, texts_of, write_over
from kit.session import Session

_SHOWN_VALUES = 24  # values shown of a feature that is a list
_OUTSIDE, _NOTHING = "not in the vocabulary", "\N{EN DASH}"
_KINDS = {tf.string: "text", tf.int64: "whole number", tf.float32: "number"}


class Looked(NamedTuple):
    """One row, raw and transformed.

    Attributes:
        raw: the text of each column.
        wrong: for each column with an invalid text, the reason; under "" why the graph refuses the row as a whole.
        transformed: for each feature its value, and the word or bucket that the value stands for, if any.
    """

    raw: dict[str, str]
    wrong: dict[str, str]
    transformed: dict[str, tuple[str, str]]


class TransformDesk:
    """The latest results of Transform in a session's project, and its graph to try rows on.

    Args:
        session: the project's session.

    Raises:
        StepOrderError: when Transform has not run in this workspace.
    """

    def __init__(self, session: Session) -> None:
        self.graph = load_graph(session.path("Transform", "transform_graph"))
        self._examples = session.path("ExampleGen", "examples")
        self._label = session.project.label
        self._rows = RowReader(self._examples)
        self._statistics = summarize_artifact(
            session.path("StatisticsGen", "statistics"), session.project.times
        )
        self._words = self.graph.vocabularies()
        self._uses, self._edges = self._meanings()

    def summary(self) -> dict[str, Any]:
        """Return all that is known about every column and feature, as plain values.

        Returns:
            `features`: one dict per column, with its statistics and the features made from it; `rows`: the number of
            rows per split; `unused`: vocabularies that no feature uses; `counted`: the most rows counted per split.
        """
        covered = self._covered()
        statistics = {feature["name"]: feature for feature in self._statistics["features"]}
        outputs: dict[str, list[dict[str, Any]]] = {name: [] for name in self.graph.columns}
        for feature, sources in self.graph.sources.items():
            outputs.setdefault(_home(feature, sources), []).append(self._output(feature, covered))
        features = [
            {
                "name": name,
                "kind": _KINDS[self.graph.columns[name].dtype] if name else "",
                "outputs": made,
                "statistics": statistics.get(name),
            }
            for name, made in outputs.items()
        ]
        unused = [self._vocabulary(name) for name in self._words if name not in self._uses.values()]
        rows = {split: int(amount) for split, amount in self._statistics["examples"].items()}
        return {"features": features, "rows": rows, "unused": unused, "counted": MOST_ROWS}

    def look(self, split: str, row: int, texts: Mapping[str, str]) -> Looked:
        """Transform a row of the data, with some values replaced.

        A row without a label is transformed like a request: features made from the label are left out.

        Args:
            split: the split's name; "": a row without any value.
            row: the row's number, from 0.
            texts: the new text of each replaced column.
        """
        stored = self._rows.read(split, row) if split else b""
        record, wrong = write_over(stored, texts, self.graph.columns)
        raw = {**texts_of(record, self.graph.columns), **texts}
        if wrong:
            return Looked(raw, wrong, {})
        without = () if raw.get(self._label) else {self._label} & set(self.graph.columns)
        try:
            transformed = self.graph.transform([record], without)
        except tf.errors.OpError as error:
            return Looked(raw, {"": f"the graph does not take this row: {why_refused(error)}"}, {})
        return Looked(raw, {}, {name: self._read(name, value[0]) for name, value in transformed.items()})

    def _meanings(self) -> tuple[dict[str, str], dict[str, tuple[float, ...]]]:
        split = next((name for name, rows in self._statistics["examples"].items() if rows), "")
        if not split:
            return {}, {}
        prober = Prober(self.graph, self._rows.read(split, 0))
        uses = vocabulary_of(prober, self._words)
        return uses, edges_of(prober, _reach(self._statistics["features"]), uses)

    def _covered(self) -> dict[str, dict[str, Coverage]]:
        sizes = {feature: len(self._words[name]) for feature, name in self._uses.items()}
        sizes |= {feature: len(edges) + 1 for feature, edges in self._edges.items()}
        return {
            split: cover(self.graph, self._examples, split, sizes)
            for split, rows in self._statistics["examples"].items()
            if rows
        }

    def _output(self, feature: str, covered: Mapping[str, Mapping[str, Coverage]]) -> dict[str, Any]:
        by_split = {split: found[feature] for split, found in covered.items() if feature in found}
        name = self._uses.get(feature)
        return {
            "name": feature,
            "sources": self.graph.sources[feature],
            "vocabulary": self._vocabulary(name) if name is not None else None,
            "edges": self._edges.get(feature, ()),
            "counts": {split: found.counts for split, found in by_split.items()},
            "outside": {split: (found.outside, found.total) for split, found in by_split.items()},
        }

    def _vocabulary(self, name: str) -> dict[str, Any]:
        return {"name": name, "words": tuple(word.decode(errors="replace") for word in self._words[name])}

    def _read(self, feature: str, value: Any) -> tuple[str, str]:
        if np.ndim(value) == 0:
            return _short(value), self._meaning(feature, value) or (_OUTSIDE if feature in self._uses else "")
        flat = value.ravel()
        meanings = [self._meaning(feature, one) for one in flat[:_SHOWN_VALUES]]
        known = " · ".join(meaning or _NOTHING for meaning in meanings) if any(meanings) else ""
        return _listed([_short(one) for one in flat]), known or (_OUTSIDE if feature in self._uses else "")

    def _meaning(self, feature: str, code: Any) -> str:
        if feature in self._uses:
            words = self._words[self._uses[feature]]
            return words[code].decode(errors="replace") if 0 <= code < len(words) else ""
        if feature in self._edges:
            return _bucket(int(code), self._edges[feature])
        return ""


def _home(feature: str, sources: Sequence[str]) -> str:
    """Return the column that a feature is shown under: the one it is named after, or the first that it is made from."""
    named = [column for column in sources if feature.startswith(column)]
    return max(named, key=len) if named else sources[0] if sources else ""


def _reach(features: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """Return the smallest and the largest value of each numeric column, over all splits."""
    reach = {}
    for feature in features:
        numbers = [split["numbers"] for split in feature["splits"].values() if split["numbers"]]
        ends = [number[end] for number in numbers for end in ("least", "most") if math.isfinite(number[end])]
        if ends and min(ends) < max(ends):
            reach[feature["name"]] = (min(ends), max(ends))
    return reach


def _bucket(code: int, edges: Sequence[float]) -> str:
    below = f"from {edges[code - 1]:,.6g}" if 0 < code <= len(edges) else ""
    above = f"below {edges[code]:,.6g}" if 0 <= code < len(edges) else ""
    return ", ".join(part for part in (below, above) if part)


def _short(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return f"{value:.6g}" if isinstance(value, np.floating) else str(value)


def _listed(texts: Sequence[str]) -> str:
    more = f", … ({len(texts):,} values)" if len(texts) > _SHOWN_VALUES else ""
    return f"[{', '.join(texts[:_SHOWN_VALUES])}{more}]"
