"""Records of a server's log become rows once, whatever is killed, and what they cannot carry is not missing."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit.data.encoding import encode
from kit.data.schema import load_schema
from kit.data.statistics import statistics_of_batches
from kit.monitoring import drift, from_server, statistics
from kit.monitoring.join import join
from kit.monitoring.log import PredictionLog
from kit.monitoring.served_rows import NoRowsError, RowMaker
from kit.serving.prediction_log.config import logs
from kit.workspace import write_atomically

from .logs import HOUR, NOON, Shop

WHEN = int(NOON.timestamp())
DAY = NOON.date()


def record(
    inputs: dict[str, Any], scores: Any, request_id: str = "r1", version: int = 3, output: str = "score"
) -> Any:
    log = prediction_log_pb2.PredictionLog()
    metadata = log.log_metadata
    metadata.model_spec.name, metadata.model_spec.version.value = "recommender", version
    metadata.timestamp_secs, metadata.request_origin = WHEN, request_id
    for name, value in inputs.items():
        log.predict_log.request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    log.predict_log.response.outputs[output].CopyFrom(tf.make_tensor_proto(scores, tf.float32))
    return log


def asked(*items: Sequence[str], request_id: str = "r1", user: str = "u1") -> Any:
    """Return the record of a request for candidates of one user a row, whose scores are 0, 0.1, …"""
    scores = np.arange(sum(map(len, items)), dtype=np.float32).reshape(len(items), -1) / 10
    users = [f"{user}{place or ''}" for place in range(len(items))]
    inputs = {"user_id": users, "item_ids": list(items), "timestamp": np.full(len(items), WHEN, np.float32)}
    return record(inputs, scores, request_id)


@pytest.fixture
def serve(shop: Shop) -> Any:
    """Return what appends records to a file of a server's log."""

    def serve(*served: Any, name: str = "1") -> Path:
        path = logs(shop.workspace) / f"predictions-recommender-{name}.tfrecord"
        path.parent.mkdir(exist_ok=True)
        before = path.read_bytes() if path.exists() else b""
        with tf.io.TFRecordWriter(str(path)) as file:
            for one in served:
                file.write(one.SerializeToString())
        path.write_bytes(before + path.read_bytes())
        return path

    return serve


def rows(shop: Shop) -> pa.Table:
    log = PredictionLog(shop.workspace, shop.project)
    return pa.Table.from_batches([batch for day in log.table.days() for batch in log.table.batches(day)])


def test_a_candidate_is_a_row_with_what_the_request_carries(shop: Shop, serve: Any) -> None:
    serve(asked(["i1", "i2", ""]))
    taken = from_server.take(shop.workspace, shop.project)
    assert taken.message == "Servers have logged 1 new request: 2 rows."
    table = rows(shop)
    seen = {name: table.column(name).to_pylist() for name in table.column_names}
    assert seen["item_id"] == ["i1", "i2"]
    assert seen["user_id"] == ["u1", "u1"]
    assert seen["request_id"] == ["r1", "r1"]
    assert seen["prediction_version"] == [3, 3]
    assert seen["prediction_score"] == pytest.approx([0, 0.1])
    assert seen["prediction_time"] == [NOON, NOON]
    assert abs(seen["timestamp"][0] - WHEN) <= 64, "float32 has no finer times"
    assert seen["price"] == [None, None]
    log = PredictionLog(shop.workspace, shop.project)
    assert log.table.columns(DAY) == {
        *("user_id", "item_id", "request_id", "timestamp"),
        *("prediction_time", "prediction_version", "prediction_score"),
    }


def test_labels_find_served_predictions(shop: Shop, serve: Any) -> None:
    serve(asked(["i1", "i2"]), asked(["i1", "i3"], ["i4", ""], request_id="r2"))
    from_server.take(shop.workspace, shop.project)
    shop.click([("r1", "i2"), ("r2/0", "i1"), ("r2/1", "i4")], [1, 0, 1], [NOON + HOUR] * 3)
    [day] = join(shop.log, shop.labels, [DAY], dt.timedelta(days=1), NOON + 2 * HOUR).days
    assert (day.logged, day.labelled, day.waiting) == (5, 3, 2)
    assert day.scores == pytest.approx([0.1, 0, 0.2])
    assert day.labels.to_pylist() == [1, 0, 1]


def test_examples_carry_all_columns(shop: Shop, serve: Any) -> None:
    batch = pa.RecordBatch.from_pydict(
        {"request_id": ["r9"], "user_id": ["u7"], "price": pa.array([2.5], pa.float32()), "age": [None]},
        pa.schema(
            [
                ("request_id", pa.string()),
                ("user_id", pa.string()),
                ("price", pa.float32()),
                ("age", pa.int64()),
            ]
        ),
    )
    serve(record({"examples": list(encode(batch))}, [0.25]))
    from_server.take(shop.workspace, shop.project)
    [row] = rows(shop).to_pylist()
    assert (row["request_id"], row["user_id"], row["price"], row["age"]) == ("r9", "u7", 2.5, None)
    assert set(shop.log.request_columns) <= shop.log.table.columns(DAY)


def test_what_is_no_row_is_counted_by_its_reason(shop: Shop, serve: Any) -> None:
    classified = record({}, [1.0])
    classified.classify_log.request.model_spec.name = "recommender"
    other = asked(["i1"])
    other.log_metadata.model_spec.name = "recommender-2"
    serve(
        classified,
        other,
        record({"user_id": ["u1"]}, [1.0], output="user_xf"),
        record({"user_id": ["u1"]}, [1.0, 2.0]),
        record({"user_id": ["u1"], "timestamp": [1.0, 2.0]}, [1.0, 2.0]),
        record({"nonsense": ["u1"]}, [1.0]),
    )
    taken = from_server.take(shop.workspace, shop.project)
    assert (taken.requests, taken.rows) == (0, 0)
    assert taken.left_out == {
        "were not asked through Predict": 1,
        "were for another model": 1,
        "were answered without score": 1,
        "have another number of answers than of rows": 1,
        "have inputs of different sizes, or none that is a column": 2,
    }
    assert "1 were for another model" in taken.message


def test_a_text_where_numbers_are_is_missing(shop: Shop) -> None:
    table = RowMaker(shop.project).rows(record({"age": ["old"], "price": [np.nan], "user_id": [""]}, [1.0]))
    assert [table.column(name).to_pylist() for name in ("age", "price", "user_id")] == [
        [None],
        [None],
        [None],
    ]
    with pytest.raises(NoRowsError, match="none that is a column"):
        RowMaker(shop.project).rows(record({"pair": np.zeros((1, 2, 2))}, [1.0]))


def test_a_record_is_taken_once_also_while_it_is_written(shop: Shop, serve: Any) -> None:
    path = serve(asked(["i1"]))
    whole = path.read_bytes()
    serve(asked(["i2"], request_id="r2"))
    later = path.read_bytes()
    path.write_bytes(later[:-5])
    taken = from_server.take(shop.workspace, shop.project)
    assert (taken.rows, taken.torn) == (1, 1)
    assert "1 file ends in half a record" in taken.message
    path.write_bytes(later)
    assert from_server.take(shop.workspace, shop.project).rows == 1
    assert from_server.take(shop.workspace, shop.project).message == "No server has logged anything new."
    serve(asked(["i3"], request_id="r3"), name="2")
    from_server.take(shop.workspace, shop.project)
    assert rows(shop).column("item_id").to_pylist() == ["i1", "i2", "i3"]
    assert len(whole) < len(later)


@pytest.mark.parametrize("killed_at", [0, 1, 2, 3])
def test_a_reading_that_was_killed_goes_on_and_takes_nothing_twice(
    shop: Shop, serve: Any, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    next_day = asked(["i2"], request_id="r2")
    next_day.log_metadata.timestamp_secs += 86_400
    serve(asked(["i1"]), next_day)
    write, calls = write_atomically, [0]

    def dies(*arguments: Any) -> None:
        calls[0] += 1
        if calls[0] > killed_at:
            raise KeyboardInterrupt
        write(*arguments)

    monkeypatch.setattr("kit.monitoring.from_server.write_atomically", dies)
    monkeypatch.setattr("kit.monitoring.day_table.write_atomically", dies)
    with pytest.raises(KeyboardInterrupt):
        from_server.take(shop.workspace, shop.project)
    monkeypatch.undo()
    serve(asked(["i3"], request_id="r3"))
    for _ in range(2):
        from_server.take(shop.workspace, shop.project)
    assert sorted(rows(shop).column("item_id").to_pylist()) == ["i1", "i2", "i3"]
    cursors = json.loads((shop.log.table.folder / ".served.json").read_text())
    assert cursors == {"predictions-recommender-1.tfrecord": [3, 3]}


def test_columns_that_no_request_could_carry_break_no_rule_and_have_no_statistics(
    shop: Shop, serve: Any
) -> None:
    serve(*[asked([f"i{item}", f"i{item + 1}"], request_id=f"r{item}") for item in range(20)])
    from_server.take(shop.workspace, shop.project)
    computed = statistics_of_batches(statistics._batches(shop.log, DAY))
    names = {feature.path.step[0] for feature in computed.datasets[0].features}
    assert names == {"user_id", "item_id", "request_id", "timestamp", "prediction_score"}
    schema = load_schema(shop.project.folder)
    session: Any = SimpleNamespace(project=shop.project, workspace=shop.workspace)
    assert [one.feature for one in drift._broken(schema, session, {DAY: computed})] == []


def test_columns_that_fell_away_from_requests_still_break_their_rules(shop: Shop) -> None:
    shop.predict([(f"r{number}", "i1") for number in range(20)], [NOON] * 20)
    computed = statistics_of_batches(statistics._batches(shop.log, DAY))
    schema = load_schema(shop.project.folder)
    session: Any = SimpleNamespace(project=shop.project, workspace=shop.workspace)
    assert "price" in {one.feature for one in drift._broken(schema, session, {DAY: computed})}
