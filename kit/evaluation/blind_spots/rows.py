"""The input of the search: the rows of the latest evaluation, with the model's scores.

What can come true differs by task. Binary: the label is 1, with the score as its probability. Multiclass: the most
probable class is right, with its probability (Gupta and Ramdas, Top-label calibration, ICLR 2022). Regression: the
error is among the largest fifth for similar predictions, so that a slice is not blamed for large values.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from kit.checks.rows import Rows
from kit.checks.sample import Sample
from kit.data.records import decoded_batches
from kit.errors import StepOrderError
from kit.evaluation.blind_spots.entry import entry_of
from kit.evaluation.blind_spots.facets import facets
from kit.evaluation.blind_spots.search import Judged, Limits, Searched, search
from kit.project import Project
from kit.project.file import Task
from kit.release.signatures import load_signatures
from kit.session import Session
from kit.training.signature_names import PROBABILITIES, SCORE, TRANSFORM

_ASKED_ROWS = 4096  # of a request, to bound memory
_LARGE = 0.2  # share of errors that count as large
_LEVELS = 50  # of predictions, within which errors are compared

Values = NDArray[np.float64]


def find_blind_spots(session: Session, limits: Limits | None = None) -> Searched:
    """Search the rows of the latest evaluation for slices in which its model is worse than it has to be.

    Args:
        session: the session whose Evaluator has run.
        limits: when a slice is a blind spot.

    Returns:
        The blind spots, the costliest first, each with its entry for project.yml.

    Raises:
        StepOrderError: when no model was evaluated.
        InfraCheckError: when its model cannot be loaded.
    """
    return searched(session.project, judged_rows(session), limits)


def searched(project: Project, judged: Judged, limits: Limits | None = None) -> Searched:
    """Search rows of a project; each spot has its entry for project.yml."""
    found = search(judged, limits)
    spots = tuple(replace(one, entry=entry_of(one, project.spec)) for one in found.spots)
    return replace(found, spots=spots)


def judged_rows(session: Session) -> Judged:
    """Return the rows of the latest evaluation, scored once.

    Raises:
        StepOrderError: when no model was evaluated.
        InfraCheckError: when its model cannot be loaded.
    """
    history = session.history("Evaluator")
    if not history:
        raise StepOrderError(
            f"Blind spots are searched in what was evaluated, but nothing was in {session.workspace.path} for project "
            f"{session.project.name}. Run 04_evaluate first, with the same workspace and project."
        )
    inputs, _ = history[0]
    model, examples = Path(inputs["model"][0].uri), Path(inputs["examples"][0].uri)
    return judge(session.project, model, examples)


def judge(project: Project, model: Path, examples: Path, split: str = "eval") -> Judged:
    """Score the rows of a split, and say which came true.

    Args:
        project: the project of the rows.
        model: folder of a Model artifact.
        examples: folder of an Examples artifact.
        split: the split to score.

    Raises:
        InfraCheckError: when the model cannot be loaded.
    """
    wanted = [name for name in project.columns if name != project.label]
    kept, asked = Sample(wanted, most=np.iinfo(np.int64).max), _Asked(project, model)
    for records, batch in decoded_batches(examples, split):
        kept.add(Rows.of_examples(batch))
        asked.add(records)
    rows, (scores, labels) = kept.rows(), asked.answers()
    outcomes, probabilities = outcomes_of(project.spec.task, scores, labels)
    return Judged(
        outcomes,
        probabilities,
        facets(project, rows),
        dict(_ids(project, rows)),
        only_more=project.spec.task == "regression",
        outcome=_in_words(project),
    )


class _Asked:
    """A model's scores, and the labels as it learnt them."""

    def __init__(self, project: Project, model: Path) -> None:
        self._signatures, self._label = load_signatures(model), project.label_key
        self._scores: list[Values] = []
        self._labels: list[Values] = []

    def add(self, records: list[bytes]) -> None:
        for start in range(0, len(records), _ASKED_ROWS):
            some = tf.constant(records[start : start + _ASKED_ROWS], tf.string)
            answer = self._signatures["examples"](examples=some)
            scores = answer[SCORE] if SCORE in answer else answer[PROBABILITIES]
            self._scores.append(scores.numpy().astype(np.float64))
            label = self._signatures[TRANSFORM](examples=some)[self._label].numpy()
            self._labels.append(label.reshape(len(label)).astype(np.float64))

    def answers(self) -> tuple[Values, Values]:
        if not self._scores:
            return np.zeros(0), np.zeros(0)
        return np.concatenate(self._scores), np.concatenate(self._labels)


def outcomes_of(task: Task, scores: Values, labels: Values) -> tuple[Values, Values]:
    """Return what came true, 0 or 1, and the probability that the model gave it, both [rows].

    Args:
        task: the task of the project.
        scores: [rows], or [rows, classes].
        labels: [rows]: 0 and 1, the index of the class, or the value.
    """
    if task == "multiclass" and len(scores):
        chosen = scores.argmax(axis=1)
        return (chosen == labels).astype(np.float64), scores[np.arange(len(scores)), chosen]
    if task == "regression":
        large = _large_errors(scores.reshape(len(labels)), labels)
        return large, np.full(len(labels), _LARGE)
    return (labels > 0.5).astype(np.float64), scores.reshape(len(labels))  # noqa: PLR2004  0 or 1 as numbers


def _large_errors(predictions: Values, labels: Values) -> Values:
    """Mark the errors that are larger than four fifths of those with similar predictions."""
    errors = np.abs(labels - predictions)
    level = np.argsort(np.argsort(predictions, kind="stable")) * _LEVELS // max(len(labels), 1)
    large = np.zeros(len(labels))
    for one in np.unique(level):
        here = np.flatnonzero(level == one)
        large[here] = errors[here] > np.quantile(errors[here], 1 - _LARGE)
    return large


def _ids(project: Project, rows: Rows) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield what several rows may share besides their facets: a request, a user, an item."""
    for name, column in project.columns.items():
        if column.kind in {"key", "id"} and rows.has(name):
            codes = rows.values(name).dictionary_encode().indices.fill_null(-1)
            yield name, codes.to_numpy(zero_copy_only=False).astype(np.int64)


def _in_words(project: Project) -> str:
    label = project.label
    words = {
        "multiclass": f"{label} is the most probable class",
        "regression": f"the error of {label} is large",
    }
    return words.get(project.spec.task, label)
