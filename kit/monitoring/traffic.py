"""Replay spans of a project through its pushed model as client traffic: into the prediction log, and labels later.

So monitoring can be tried without a server, and a past day can be seen as if it had been served.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from kit.data.encoding import encode
from kit.data.files import rows_of
from kit.digests import of_file
from kit.errors import InfraCheckError, UsageError
from kit.monitoring.last_push import PushedVersion, last_push
from kit.monitoring.log import TIMESTAMP, Labels, PredictionLog, days_of, has_keys
from kit.session import Session
from kit.spans import SpanWindow, day_of, in_words, parse_spans
from kit.training.signature_names import EXAMPLES, PROBABILITIES, SCORE

DELAY = dt.timedelta(hours=1)
_ASK_ROWS = 4096  # in one request: what is in memory at once
_DIGEST_LETTERS = 12
_SECONDS = (0, 4_102_444_800)  # 1970 to 2100: other timestamps are faults, not days of a log


@dataclass(frozen=True)
class Nothing:
    """No spans were asked for, so nothing was played."""

    @property
    def message(self) -> str:
        return "No traffic is replayed: only what has been logged is monitored."


@dataclass(frozen=True)
class Played:
    """Spans went through the model.

    Attributes:
        spans: the spans, as they were asked for.
        version: the version that answered the rows which are new.
        rows: the rows of the spans.
        new: the number of those that were not in the log yet.
        labels: the labels that were written with them.
    """

    spans: str
    version: int
    rows: int
    new: int
    labels: int

    @property
    def message(self) -> str:
        if not self.new:
            return f"All {self.rows:,} rows of spans {self.spans} are in the log already; nothing is logged twice."
        arrived = f"{self.labels:,} labels arrived."
        if self.rows == self.new:
            return f"Version {self.version} answered {self.new:,} rows of spans {self.spans}. {arrived}"
        return (
            f"Version {self.version} answered {self.new:,} rows of spans {self.spans}; {self.rows - self.new:,} more "
            f"were there already. {arrived}"
        )


def play(session: Session, spans: str, delay: dt.timedelta = DELAY) -> Nothing | Played:
    """Ask the pushed model about every row of some spans, and log its answers at the times of the rows.

    The parts are named after the bytes of the files, so that a span is in the log once, however often it is played, and
    an interrupted replay goes on where it was. A row that is in the log keeps the version that answered it.

    Args:
        session: the session of the project.
        spans: the spans, such as `7`, `1-6` or `last 1`; empty: none.
        delay: the time after which the label of a row arrives.

    Raises:
        UsageError: when the spans are not written as they must be, or the project has none.
        StepOrderError: when no model was pushed.
        InputDataError: when a span was not delivered, or a file cannot be read.
        InfraCheckError: when the pushed version is gone, or has no signature for examples.
    """
    chosen = _chosen(session, spans)
    if not chosen:
        return Nothing()
    player = _Player(session, last_push(session), delay)
    files = [(span, path) for span in chosen for path in session.project.span_files(span)]
    for span, path in files:
        player.play(span, path)
    said = in_words(chosen, dated=session.project.spec.data.is_dated)
    return Played(said, player.version, player.rows, player.new, player.labelled)


class _Player:
    def __init__(self, session: Session, version: PushedVersion, delay: dt.timedelta) -> None:
        self._project, self.version, self._folder, self._delay = (
            session.project,
            version.version,
            version.folder,
            delay,
        )
        self._log = PredictionLog(session.workspace, session.project)
        self._labels = Labels(session.workspace, session.project) if has_keys(session.project) else None
        self._signature: Any = None
        self._time = next(
            (name for name in self._project.times if self._project.columns[name].dtype == "int"), None
        )
        self.rows = self.new = self.labelled = 0

    def play(self, span: int, path: Path) -> None:
        digest = of_file(path)[:_DIGEST_LETTERS]
        for number, batch in enumerate(rows_of(self._project, [path])):
            self._play(batch, span, f"span-{span}-{digest}-{number:05}")

    def _play(self, batch: pa.RecordBatch, span: int, name: str) -> None:
        self.rows += batch.num_rows
        table, times = pa.Table.from_batches([batch]), self._times(batch, span)
        if times is None:
            if self._log.table.has(name):  # asked about at another time
                return
            times = pa.array([dt.datetime.now(dt.UTC)] * batch.num_rows, TIMESTAMP)
        if not all(self._log.table.path(day, name).exists() for day in days_of(times)):
            scores = pa.concat_arrays(list(self._ask(batch)))
            self.new += self._log.append(table, times, self.version, scores, name)
        if self._labels is not None:
            arrived = pc.add(times, pa.scalar(self._delay, pa.duration("us")))
            self.labelled += self._labels.append(table, arrived, name)

    def _times(self, batch: pa.RecordBatch, span: int) -> pa.Array | None:
        """Return when each row is asked about: at its own time, or else on the day of its span; None: there is neither.

        A row whose time is missing or invalid is asked about with the first of the others.
        """
        if self._time is not None:
            seconds = batch.column(self._time)
            low, high = _SECONDS
            sound = pc.fill_null(pc.and_(pc.greater_equal(seconds, low), pc.less(seconds, high)), False)
            if pc.any(sound).as_py():
                kept = pc.if_else(sound, seconds, seconds.filter(sound)[0])
                return kept.cast(pa.timestamp("s", tz="UTC")).cast(TIMESTAMP)
        if self._project.spec.data.is_dated:
            noon = dt.datetime.fromisoformat(f"{day_of(span)}T12:00+00:00")
            return pa.array([noon] * batch.num_rows, TIMESTAMP)
        return None

    def _ask(self, batch: pa.RecordBatch) -> Iterator[pa.Array]:
        """Yield the answers to a batch, part by part; label and weight are not sent."""
        self._signature = self._signature or _examples_signature(self._folder)
        requests = batch.drop_columns(sorted(self._project.not_requested))
        for start in range(0, requests.num_rows, _ASK_ROWS):
            records = list(encode(requests.slice(start, _ASK_ROWS)))
            answer = self._signature(examples=tf.constant(records, tf.string))
            yield _as_arrow((answer[SCORE] if SCORE in answer else answer[PROBABILITIES]).numpy())


def _as_arrow(scores: np.ndarray) -> pa.Array:
    values = pa.array(scores.astype(np.float32).ravel())
    if scores.ndim == 1:
        return values
    classes = scores.shape[1]
    return pa.ListArray.from_arrays(np.arange(len(scores) + 1, dtype=np.int32) * classes, values)


def _examples_signature(folder: Path) -> Any:
    try:
        loaded = tf.saved_model.load(str(folder))
    except (OSError, ValueError) as error:
        raise InfraCheckError(
            f"The pushed version {folder} must be a SavedModel, but it cannot be loaded: {error}. Run 05_release again."
        ) from error
    if EXAMPLES not in loaded.signatures:
        raise InfraCheckError(
            f"Traffic is replayed through the signature {EXAMPLES}, but {folder} has {', '.join(loaded.signatures)}. "
            "Add it to model.py and train again."
        )
    signature = loaded.signatures[EXAMPLES]
    signature.owner = loaded  # a signature stops working when the object that holds its tables is collected
    return signature


def _chosen(session: Session, spans: str) -> Sequence[int]:
    """Return the numbers of the spans to play, the oldest first; none for an empty text."""
    project = session.project
    if not str(spans).strip():
        return []
    if not project.spec.data.has_spans:
        raise UsageError(
            f"Traffic is replayed span by span, but the data of {project.name} have no spans. Leave traffic_spans "
            "empty; what a server logs is monitored all the same."
        )
    try:
        asked = parse_spans(spans)
        project.spec.data.check_spans(asked)
    except ValueError as error:
        raise UsageError(f"traffic_spans must name spans, but {error}.") from None
    return project.spans()[-asked.count :] if isinstance(asked, SpanWindow) else asked.numbers()
