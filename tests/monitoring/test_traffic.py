"""When a row that is played was asked about, and that it is logged once, on a model that answers anything."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import tensorflow as tf

from kit.errors import InfraCheckError, InputDataError
from kit.monitoring import traffic
from kit.monitoring.last_push import PushedVersion
from kit.monitoring.log import PredictionLog
from kit.project import Project
from kit.session import Session
from kit.workspace import Workspace

_PROJECT = """
name: visits
task: {task}
label: bought
data:
  files: {files}
  train_spans: {train}
  eval_spans: {held_out}
columns:
  visit: key
  came: {came}
  amount: number
  bought: {{kind: label, dtype: int}}
"""
_ROWS = "visit,came,amount,bought\na,1767744165,1.5,0\nb,,2.5,1\nc,99999999999999,3.5,0\n"
NUMBERED, DATED = ("day-{SPAN}.csv", "1", "2"), ("day-{YYYY}-{MM}-{DD}.csv", "2026-01-01", "2026-01-02")


class Model(tf.Module):
    """Gives the number of classes as probabilities, or one score."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        rows = tf.shape(examples)[0]
        if self.classes > 1:
            return {"probabilities": tf.fill([rows, self.classes], 1 / self.classes)}
        return {"score": tf.fill([rows], 0.25)}


def session_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, spans: tuple[str, str, str], came: str, classes: int = 1
) -> Session:
    """Return a session on a project with two spans of three rows, whose version 5 is a model."""
    project = folder / "visits"
    project.mkdir()
    for part in ("features.py", "model.py"):
        (project / part).write_text("")
    files, train, held_out = spans
    task = "multiclass" if classes > 1 else "binary"
    text = _PROJECT.format(task=task, files=files, train=train, held_out=held_out, came=came)
    (project / "project.yml").write_text(text)
    for name in ("1", "2") if spans == NUMBERED else (train, held_out):
        (project / f"day-{name}.csv").write_text(_ROWS.replace("a,", f"a{name},"))
    model = Model(classes)
    tf.saved_model.save(model, str(folder / "5"), signatures={"examples": model.examples})
    version = PushedVersion(5, folder / "5", folder, folder, folder, folder, {})
    monkeypatch.setattr(traffic, "last_push", lambda _: version)
    return Session(Workspace(folder / "ws"), Project.load(project))


def times(session: Session) -> list[dt.datetime]:
    table = PredictionLog(session.workspace, session.project).table
    batches = [batch for day in table.days() for batch in table.batches(day)]
    return [time for batch in batches for time in batch.column("prediction_time").to_pylist()]


def test_a_row_is_asked_about_at_its_own_time_or_with_a_row_that_has_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(tmp_path, monkeypatch, NUMBERED, "timestamp")
    assert traffic.play(session, "1").message == ("Version 5 answered 3 rows of spans 1. 3 labels arrived.")
    assert times(session) == [dt.datetime.fromtimestamp(1767744165, dt.UTC)] * 3


def test_without_a_time_of_its_own_a_row_is_asked_about_on_the_day_of_its_span(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(tmp_path, monkeypatch, DATED, "ignore")
    traffic.play(session, "last 1")
    assert times(session) == [dt.datetime(2026, 1, 2, 12, tzinfo=dt.UTC)] * 3


def test_what_was_asked_about_now_is_not_asked_about_again_tomorrow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(tmp_path, monkeypatch, NUMBERED, "ignore")
    traffic.play(session, "1-2")
    table = PredictionLog(session.workspace, session.project).table
    [today] = table.days()
    (table.folder / str(today)).rename(table.folder / str(today - dt.timedelta(days=1)))
    assert "nothing is logged twice" in traffic.play(session, "1-2").message
    assert len(times(session)) == 6


def test_spans_without_end_stop_at_the_first_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(tmp_path, monkeypatch, NUMBERED, "ignore")
    with pytest.raises(InputDataError, match=r"The files of span 3 are expected"):
        traffic.play(session, "1-999999999999999")  # a list of these would fill the memory
    assert times(session) == []


def test_answers_of_several_classes_are_logged_as_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(tmp_path, monkeypatch, DATED, "ignore", classes=4)
    traffic.play(session, "2026-01-01")
    table = PredictionLog(session.workspace, session.project).table
    [batch] = table.batches(table.days()[0])
    assert batch.column("prediction_score").to_pylist() == [[0.25] * 4] * 3
    assert batch.column("prediction_version").to_pylist() == [5] * 3


def test_a_model_without_the_signature_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(tmp_path, monkeypatch, DATED, "ignore")
    model = Model(1)
    tf.saved_model.save(model, str(tmp_path / "5"), signatures={"other": model.examples})
    with pytest.raises(InfraCheckError, match=r"signature examples, but .* has other. Add it to model.py"):
        traffic.play(session, "2026-01-01")
