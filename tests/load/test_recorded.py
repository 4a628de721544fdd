from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from serving.models import predict_log, write_warmup
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from kit.errors import UsageError
from kit.load.recorded import recorded_requests
from kit.serving.assets import WARMUP_FILE


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file with two requests for serving_default, one for another signature, and a classification."""
    classified = prediction_log_pb2.PredictionLog()
    classified.classify_log.request.model_spec.name = "old"
    versioned = predict_log(2.0, signature="")
    versioned.predict_log.request.model_spec.version.value = 7
    write_warmup(tmp_path, [predict_log(1.0), classified, versioned, predict_log(3.0, signature="pairs")])
    return tmp_path / WARMUP_FILE


def test_requests_of_a_signature_are_asked_of_the_model_that_is_measured(file: Path) -> None:
    found = [predict_pb2.PredictRequest.FromString(each) for each in recorded_requests(file, "new")]
    assert [list(each.inputs["x"].float_val) for each in found] == [[1.0], [2.0]]
    for each in found:
        assert each.model_spec.name == "new"
        assert each.model_spec.WhichOneof("version_choice") is None


def test_a_file_without_such_requests_is_refused(file: Path) -> None:
    with pytest.raises(UsageError, match="for the signature regress, but has none among 4"):
        recorded_requests(file, "new", "regress")


def test_another_process_reads_the_same_bytes(tmp_path: Path) -> None:
    log = predict_log(1.0)
    for number in range(20):
        log.predict_log.request.inputs[f"x{number}"].CopyFrom(log.predict_log.request.inputs["x"])
    write_warmup(tmp_path, [log])
    code = (
        "import sys, pathlib; from kit.load.recorded import recorded_requests; "
        "print(recorded_requests(pathlib.Path(sys.argv[1]), 'new')[0].hex())"
    )
    line = [sys.executable, "-c", code, str(tmp_path / WARMUP_FILE)]
    found = {subprocess.run(line, capture_output=True, text=True, check=True).stdout for _ in range(2)}
    assert found == {recorded_requests(tmp_path / WARMUP_FILE, "new")[0].hex() + "\n"}


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a TFRecord"):
        recorded_requests(tmp_path, "new")


@pytest.mark.parametrize(
    "content", [None, b"no records at all, but some text"], ids=["no file", "no records"]
)
def test_what_is_no_file_of_records_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "requests"
    if content:
        path.write_bytes(content)
    with pytest.raises(UsageError):
        recorded_requests(path, "new")
