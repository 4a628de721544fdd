from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from kit.serving.prediction_log.reader import files, read
from serving.models import predict_log


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "p-linear-1.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as file:
        for number in range(4):
            file.write(predict_log(float(number)).SerializeToString())
    return path


def numbers(path: Path, start: int = 0) -> list[float]:
    return [log.predict_log.request.inputs["x"].float_val[0] for log in read(path, start).logs]


def test_records_are_read_from_any_place(path: Path) -> None:
    assert numbers(path) == [0, 1, 2, 3]
    assert numbers(path, 3) == [3]
    assert numbers(path, 9) == []
    assert not read(path).torn


def test_a_torn_last_record_is_left_out_wherever_it_was_torn(path: Path) -> None:
    data = path.read_bytes()
    size = len(data) // 4
    for cut in (1, 4, 8, 11, 12, size // 2, size - 4, size - 1):
        path.write_bytes(data[: 3 * size + cut])
        assert numbers(path) == [0, 1, 2]
        assert read(path).torn
    path.write_bytes(data[: 3 * size] + bytes(50))  # space that was given to the file before the power went
    assert numbers(path) == [0, 1, 2]
    assert read(path).torn


def test_files_of_a_prefix_are_found_in_their_order(path: Path) -> None:
    later = path.with_name("p-linear-2.tfrecord")
    later.touch()
    path.with_name("q-linear-2.tfrecord").touch()
    assert files(path.with_name("p-linear")) == [path, later]
    assert read(later).logs == ()


def test_a_file_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        read(tmp_path / "gone.tfrecord")
