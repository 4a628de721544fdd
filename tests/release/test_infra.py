"""The package that is pushed has been loaded by a fresh server, and answered as the model does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kit.errors import InfraCheckError
from kit.project import Project
from kit.release import infra_check
from kit.release.config import Release
from kit.release.fresh_server import FreshServer
from kit.release.infra import check_infra, infra_blessing, infra_table, infra_validator
from kit.release.infra_check import Asked, ask_signature, check_package
from kit.release.package_samples import read_samples
from kit.release.sample_request import PredictSample, Sample, TypedSample, difference, from_rest
from kit.release.versions import PACKAGE_FILE, read_package
from kit.serving.assets import WARMUP_FILE
from kit.session import Session

if TYPE_CHECKING:
    from training.tiny import Tiny

SIGNATURES = ["classify", "examples", "regress", "serving_default", "transform_features"]


@pytest.fixture
def package(blessed: Session) -> Path:
    blessed.run(infra_validator(blessed))
    return Path(infra_blessing(blessed).uri) / "stamped_model"


def released(session: Session, **release: Any) -> Session:
    """Return a session of the same project with other words below `release`."""
    spec = session.project.spec.model_copy(update={"release": Release.model_validate(release)})
    return Session(session.workspace, Project(session.project.folder, spec))


def test_the_package_has_what_a_server_and_a_reader_need(package: Path, blessed: Session) -> None:
    facts = read_package(package)
    assert facts["project"] == "tiny"
    assert facts["versions"]["tensorflow"] == tf.__version__
    assert len(facts["requirements.lock"]) == len(facts["model"]) == 64
    assert {"MatMul", "ParseExampleV2"} <= set(facts["operations"])
    assert facts["needs TensorFlow Serving"] == "2.15", "VarHandleOp.debug_name came with it"
    names = [sample.signature for sample in read_samples(package)]
    assert names == SIGNATURES
    assert "TensorFlow Serving know all of them since 2.15." in check_infra(blessed)
    assert "A fresh server was ready in" in check_infra(blessed)


def test_what_the_server_took_is_told_by_signature(package: Path, blessed: Session) -> None:
    del package  # was checked
    table = infra_table(blessed).set_index("signature")
    assert list(table.index) == SIGNATURES
    assert (table["rows"] == 3).all()
    assert (table["grpc_ms"] > 0).all()


def test_the_samples_are_one_request_in_each_format(package: Path) -> None:
    [sample] = [one for one in read_samples(package) if one.signature == "serving_default"]
    assert isinstance(sample, PredictSample)
    folder = package / "assets.extra" / "samples" / "serving_default"
    columns = json.loads((folder / "columns.json").read_text())
    rows = json.loads((folder / "rows.json").read_text())
    assert columns["signature_name"] == rows["signature_name"] == "serving_default"
    assert [row["city"] for row in rows["instances"]] == columns["inputs"]["city"]
    assert [text.encode() for text in columns["inputs"]["city"]] == list(sample.inputs["city"])
    assert sample.answer["score"].shape == (3,)


def test_what_has_a_method_of_its_own_is_asked_by_it(package: Path) -> None:
    samples = {one.signature: one for one in read_samples(package) if isinstance(one, TypedSample)}
    assert {name: one.method for name, one in samples.items()} == {
        "classify": "classify",
        "regress": "regress",
    }
    folder = package / "assets.extra" / "samples"
    asked = json.loads((folder / "classify" / "classify.json").read_text())
    assert asked == json.loads((folder / "regress" / "regress.json").read_text()) | {
        "signature_name": "classify"
    }
    cities = [row.get("city") for row in asked["examples"]]
    rows = json.loads((folder / "serving_default" / "rows.json").read_text())["instances"]
    assert cities == [row["city"] or None for row in rows], "what is missing is left out"
    classified = samples["classify"].answer
    assert classified["classes"].tolist() == [[b"no", b"yes"]] * 3
    np.testing.assert_allclose(classified["scores"][:, 1], samples["regress"].answer["outputs"], atol=1e-6)


def test_the_warm_up_file_has_a_request_for_each_signature(package: Path) -> None:
    records = tf.data.TFRecordDataset(str(package / WARMUP_FILE)).as_numpy_iterator()
    logs = [prediction_log_pb2.PredictionLog.FromString(record) for record in records]
    kinds = [str(log.WhichOneof("log_type")) for log in logs]
    assert kinds == ["classify_log", "predict_log", "regress_log", "predict_log", "predict_log"]
    specs = [getattr(log, kind).request.model_spec for log, kind in zip(logs, kinds, strict=True)]
    assert [(one.name, one.signature_name) for one in specs] == [("tiny", name) for name in SIGNATURES]


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ({"max_load_seconds": 0.01}, "ready with the package within release.max_load_seconds of 0.01"),
        ({"max_memory_mb": 10}, "must stay within release.max_memory_mb = 10, but the server used "),
        ({"max_latency_ms": 0.001}, "must stay within release.max_latency_ms = 0.001, but a request to "),
    ],
    ids=["seconds", "megabytes", "milliseconds"],
)
def test_a_limit_that_is_exceeded_is_named(package: Path, limit: dict[str, float], message: str) -> None:
    with pytest.raises(InfraCheckError, match=message):
        check_package(package, "tiny", Release.model_validate(limit))


@pytest.mark.parametrize("at", ["before the first answer", "after the last"])
def test_a_server_that_dies_is_no_fault_of_the_code_and_keeps_no_limit(
    package: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    left = [one.signature for one in read_samples(package)]

    def ask(server: FreshServer, sample: Sample) -> Asked:
        if at.startswith("before"):
            os.kill(server.pid, signal.SIGKILL)
        asked = ask_signature(server, sample)
        left.remove(sample.signature)
        if not left:
            os.kill(server.pid, signal.SIGKILL)
            with suppress(psutil.NoSuchProcess):
                while psutil.Process(server.pid).status() != psutil.STATUS_ZOMBIE:
                    time.sleep(0.01)
        return asked

    monkeypatch.setattr(infra_check, "ask_signature", ask)
    with pytest.raises(InfraCheckError, match=r"its process died \(signal SIGKILL\)"):
        check_package(package, "tiny", Release(max_memory_mb=0.01))


def test_an_answer_that_differs_from_the_models_own_is_found(package: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(package, other)
    [sample] = [one for one in read_samples(other) if one.signature == "serving_default"]
    sample.response.outputs["score"].CopyFrom(tf.make_tensor_proto(sample.answer["score"] + 0.001))
    path = other / "assets.extra" / "samples" / "serving_default" / "response.pb"
    path.write_bytes(sample.response.SerializeToString())
    with pytest.raises(
        InfraCheckError, match=r"serving_default must answer .* by gRPC score\[0\] is .*, not "
    ):
        check_package(other, "tiny", Release())


def test_a_package_that_cannot_be_loaded_is_told_with_the_servers_words(
    package: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(package, broken)
    for path in (broken / "variables").iterdir():
        path.unlink()
    with pytest.raises(InfraCheckError, match=r"must be ready with the package .* but said: .*variables"):
        check_package(broken, "tiny", Release())


def test_a_broken_contract_leaves_no_blessing(tiny: Tiny, rejected: Session) -> None:
    """The step fails, and nothing that Pusher could take is left."""
    del tiny
    session = released(rejected, targets="tensorflow_serving 2.14")
    before = len(session.history("InfraValidator"))
    with pytest.raises(
        InfraCheckError, match=r"Serving 2.14 must know .* missing: attribute VarHandleOp.debug_name"
    ):
        session.run(infra_validator(session))
    assert len(session.history("InfraValidator")) == before


def test_clients_of_the_served_version_are_thought_of(rejected: Session, package: Path) -> None:
    """A version is served whose clients know a signature that this model has not."""
    base = rejected.workspace.serving("tiny")
    version = base / "99999999990"
    shutil.copytree(package, version)
    (version / PACKAGE_FILE).write_text('{"model": "another"}')
    saved = (version / "saved_model.pb").read_bytes()
    renamed = saved.replace(b"serving_default", b"serving_defaulx")  # a name of the same length
    (version / "saved_model.pb").write_bytes(renamed)
    try:
        with pytest.raises(
            InfraCheckError, match=r"Clients of version 99999999990 .*defaulx: the signature is gone"
        ):
            rejected.run(infra_validator(rejected))
        breaking = {"version": 99999999990, "why": "the app was rewritten"}
        session = released(rejected, breaking=breaking)
        session.run(infra_validator(session))
        assert "must change, as declared (the app was rewritten)" in check_infra(session)
    finally:
        shutil.rmtree(version)  # the folder is shared with other tests


# -- what REST answers, as arrays


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ({"predictions": [0.25, 0.5]}, ["a"]),
        ({"outputs": [0.25, 0.5]}, ["a"]),
        ({"predictions": [{"a": 0.25, "b": "x"}, {"a": 0.5, "b": {"b64": "eA=="}}]}, ["a", "b"]),
        ({"outputs": {"a": [0.25, 0.5], "b": ["x", "x"]}}, ["a", "b"]),
    ],
    ids=["rows", "columns", "named rows", "named columns"],
)
def test_an_answer_of_rest_is_read(answer: dict[str, Any], names: list[str]) -> None:
    expected = {"a": np.array([0.25, 0.5], np.float32), "b": np.array([b"x", b"x"], object)}
    wanted = {name: expected[name] for name in names}
    assert difference(wanted, from_rest(answer, wanted)) == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ({"a": np.array([1.0, 2.0 + 1e-6])}, ""),
        ({"a": np.array([1.0, 2.1])}, r"a[1] is 2.1, not 2.0"),
        ({"a": np.array([[1.0, 2.0]])}, "a has the shape [1, 2], not [2]"),
        ({"b": np.array([1.0, 2.0])}, "the outputs are b, not a"),
    ],
    ids=["rounding", "value", "shape", "name"],
)
def test_a_difference_is_told_at_its_place(found: dict[str, np.ndarray], said: str) -> None:
    assert difference({"a": np.array([1.0, 2.0])}, found) == said


def test_bytes_that_are_no_text_are_written_as_rest_wants_them() -> None:
    request = prediction_log_pb2.PredictLog().request
    request.inputs["examples"].CopyFrom(tf.make_tensor_proto([b"\xff\x00", b"text"]))
    body = json.loads(PredictSample(request, None, by_rows=True).files()["columns.json"])
    assert body["inputs"]["examples"] == [{"b64": "/wA="}, {"b64": "dGV4dA=="}]
