"""What kills may have left is found, on a chain that has run and on one that was damaged."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from kit.bench import kills
from kit.bench.kills import half_visible, repeated_work

if TYPE_CHECKING:
    import pytest
    from training.tiny import Tiny


def test_a_chain_that_ran_in_peace_left_nothing_by_halves_and_did_nothing_twice(tiny: Tiny) -> None:
    workspace = tiny.session.workspace.path
    assert not half_visible(workspace)
    assert not repeated_work(workspace)


def test_what_is_there_by_halves_is_found(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = tiny.session.workspace.path
    monkeypatch.setattr(kills, "_PROJECT", tiny.session.project.name)
    run = workspace / "runs" / "20260101-120000-a"
    run.mkdir(parents=True)
    (run / "run.json").write_text('{"state": ')
    (run / "01_a.ipynb").write_text("{")
    (run / "02_b.running.ipynb").write_text("{")
    (workspace / "serving" / tiny.session.project.name / "7").mkdir(parents=True)
    shutil.rmtree(tiny.session.path("SchemaGen", "schema"))
    assert half_visible(workspace) == {
        "run.json that is no JSON": 1,
        "executed notebooks that are no JSON": 1,
        "pushed versions without a model": 1,
        "artifacts that are not there": 1,
    }


_TRAINER = (
    "SELECT execution_id FROM ExecutionProperty WHERE name = 'component_id' AND string_value = 'Trainer'"
)
_AGAIN = """
    INSERT INTO Execution (type_id, last_known_state, create_time_since_epoch, last_update_time_since_epoch)
    SELECT type_id, last_known_state, create_time_since_epoch, last_update_time_since_epoch
    FROM Execution WHERE id = ?"""
_TOLD = """
    INSERT INTO ExecutionProperty (execution_id, name, is_custom_property, int_value, double_value, string_value)
    SELECT ?, name, is_custom_property, int_value, double_value, string_value
    FROM ExecutionProperty WHERE execution_id = ?"""
_TOOK = """
    INSERT INTO Event (execution_id, artifact_id, type, milliseconds_since_epoch)
    SELECT ?, artifact_id, type, milliseconds_since_epoch FROM Event WHERE execution_id = ?"""


def test_work_that_was_done_twice_is_found(tiny: Tiny) -> None:
    store = Path(tiny.session.workspace.metadata_path)
    with closing(sqlite3.connect(store)) as connection:
        [[trainer]] = connection.execute(_TRAINER).fetchall()
        again = connection.execute(_AGAIN, (trainer,)).lastrowid
        connection.execute(_TOLD, (again, trainer))
        connection.execute(_TOOK, (again, trainer))
        connection.commit()
    assert repeated_work(store.parent) == {"Trainer": 1}
