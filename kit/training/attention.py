"""Attention weights over a user's last items, for some held-out rows.

Trainer writes them once the model is trained, because a SavedModel keeps signatures and no layers. Views read them as
plain values.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kit.workspace import write_atomically

ATTENTION_FILE = "attention.json"
_DIGITS = 5  # of a stored weight

Rows = Mapping[str, Any]
"""Transformed features by name, arrays or tensors [rows, …]."""


@dataclass(frozen=True)
class Attended:
    """How a project's model attends: what its optional `attention(model, transform_output)` returns.

    Attributes:
        weights: takes rows; gives the weight of each place in the past, [rows, places], 0 to 1.
        candidate: the feature with the code of what is scored, [rows].
        past: feature with the codes of what it is compared with, [rows, places].
        count: the feature with the number of places in use, the first ones, [rows].
        names: the names of things, by code.
        groups: the group of each thing, by code, such as its category.
        about: what else is shown of a row: for each name a feature [rows] and the words of its codes.
    """

    weights: Callable[[Rows], Any]
    candidate: str
    past: str
    count: str
    names: Sequence[str]
    groups: Sequence[str]
    about: Mapping[str, tuple[str, Sequence[str]]]


@dataclass(frozen=True)
class Place:
    """One thing in the past of a row, and its share of the attention, 0 to 1."""

    name: str
    group: str
    weight: float


@dataclass(frozen=True)
class AttentionExample:
    """One row that was held out.

    Attributes:
        candidate: name of what was scored.
        group: its category.
        score: the model's score.
        label: what became true.
        about: who and where, by name.
        past: the past, the latest first.
    """

    candidate: str
    group: str
    score: float
    label: float
    about: Mapping[str, str]
    past: tuple[Place, ...]


def examples(
    attended: Attended, rows: Rows, scores: np.ndarray, labels: np.ndarray, most: int
) -> list[AttentionExample]:
    """Return some rows with their attention: half of them with a label above zero, all with at least two things to see.

    The same rows give the same examples.

    Args:
        attended: how the model attends.
        rows: transformed features.
        scores: the scores of the model, [rows].
        labels: [rows].
        most: how many examples are wanted.
    """
    chosen = _choose(np.asarray(rows[attended.count]), labels, most)
    if not len(chosen):
        return []
    rows = {name: np.asarray(values)[chosen] for name, values in rows.items()}
    weights = np.asarray(attended.weights(rows))
    return [
        _example(attended, {name: values[at] for name, values in rows.items()}, weights[at], score, label)
        for at, (score, label) in enumerate(zip(scores[chosen], labels[chosen], strict=True))
    ]


def save_examples(folder: Path, found: Sequence[AttentionExample]) -> None:
    """Write them into the folder of a training."""
    write_atomically(folder / ATTENTION_FILE, json.dumps([asdict(one) for one in found], ensure_ascii=False))


def read_examples(folder: Path) -> list[AttentionExample]:
    """Return the examples of the training in a folder; none where its model has no attention."""
    path = folder / ATTENTION_FILE
    if not path.is_file():
        return []
    return [
        AttentionExample(**{**one, "past": tuple(Place(**place) for place in one["past"])})
        for one in json.loads(path.read_text(encoding="utf-8"))
    ]


def _choose(counts: np.ndarray, labels: np.ndarray, most: int) -> np.ndarray:
    """Return indices of rows, spread over all of them; those with a label above zero come first."""
    seen = counts >= 2  # noqa: PLR2004  with less there is nothing to weigh
    clicked, others = (np.flatnonzero(seen & side) for side in (labels > 0, labels <= 0))
    first = _spread(clicked, max(most // 2, most - len(others)))
    return np.concatenate([first, _spread(others, most - len(first))])


def _spread(places: np.ndarray, most: int) -> np.ndarray:
    if len(places) <= most:
        return places
    return np.asarray(places[np.linspace(0, len(places) - 1, most).astype(int)])


def _example(
    attended: Attended, row: Mapping[str, Any], weights: np.ndarray, score: float, label: float
) -> AttentionExample:
    code = int(row[attended.candidate])
    past = row[attended.past][: int(row[attended.count])]
    # The weights are padded, the past is not: hence not strict.
    return AttentionExample(
        candidate=attended.names[code],
        group=attended.groups[code],
        score=round(float(score), _DIGITS),
        label=float(label),
        about={name: words[int(row[feature])] for name, (feature, words) in attended.about.items()},
        past=tuple(
            Place(attended.names[one], attended.groups[one], round(float(weight), _DIGITS))
            for one, weight in zip(past.tolist(), weights.tolist(), strict=False)
        ),
    )
