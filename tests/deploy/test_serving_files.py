"""The files, read back by what reads them: the kit's own server, which takes the real one's."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError
from serving.models import config_text, predict_request, save_linear

from deploy.places import MODEL, push, target_in
from kit.canary.actions import start
from kit.deploy.serving_files import BATCHING_FILE, MODELS_FILE, MONITORING_FILE, flags, serving_files
from kit.deploy.target import MODELS, Canary, Target
from kit.project import Project
from kit.release.models_config import CANARY, STABLE
from kit.serving.errors import ServerError
from kit.serving.prediction_log.config import TYPE
from kit.serving.server import ModelServer
from kit.serving.settings import Settings
from kit.serving.tensors import as_array
from kit.serving.transport import Transport
from kit.workspace import Workspace, write_atomically


def read(target: Target, folder: Path, track: str = STABLE, base: Path = MODELS) -> Settings:
    """Return the settings of a server that is started with the files, at free ports."""
    for name, content in serving_files(target, track, base).items():
        write_atomically(folder / name, content)
    return Settings.from_flags([*flags(target, folder), "--port=0", "--rest_api_port=0"])


def asked(settings: Settings, label: str) -> float:
    """Return what a started server answers to 1, asked for the version with a label."""
    request = predict_request(1.0, model=MODEL)
    request.model_spec.version_label = label
    with ModelServer(settings) as server:
        server.start()
        return float(as_array("y", server.inference.predict(request, {}, Transport.GRPC).outputs["y"])[0])


def test_the_kits_own_server_takes_the_flags_and_files(target: Target, tmp_path: Path) -> None:
    settings = read(target, tmp_path)
    [model] = settings.models().model_config_list.config
    assert (model.name, model.base_path) == (MODEL, f"/models/{MODEL}")
    assert settings.monitoring().prometheus_config.enable
    assert settings.enable_batching
    parameters = settings.batching_parameters()
    assert (parameters.max_batch_size.value, parameters.num_batch_threads.value) == (32, 2)
    assert settings.tensorflow_intra_op_parallelism == 2
    assert settings.rest_api_timeout_in_ms == 5000


def test_policies_and_labels_of_the_workspace_are_kept(workspace: Workspace, tmp_path: Path) -> None:
    (workspace.path / "serving").mkdir()
    (workspace.path / "serving" / "models.config").write_text(
        f"""model_config_list {{
          config {{ name: "other" base_path: "{workspace.path}/serving/other" model_platform: "tensorflow" }}
          config {{
            name: "recommender" base_path: "{workspace.serving(MODEL)}" model_platform: "tensorflow"
            model_version_policy {{ latest {{ num_versions: 2 }} }}
            version_labels {{ key: "stable" value: 7 }}
          }}
        }}"""
    )
    [model] = read(target_in(workspace), tmp_path).models().model_config_list.config
    assert model.model_version_policy.latest.num_versions == 2
    assert dict(model.version_labels) == {"stable": 7}
    assert model.base_path == f"/models/{MODEL}"


def test_what_only_the_kits_server_can_do_is_left_out(workspace: Workspace, tmp_path: Path) -> None:
    """The real one would give the version on trial to every user, and not start with a log of TFRecords."""
    push(workspace, 1, 2)
    start(workspace, Project.load(MODEL, workspace.path))
    path = workspace.path / "serving" / "models.config"
    log = f'logging_config {{ log_collector_config {{ type: "{TYPE}" filename_prefix: "/x" }} }}'
    path.write_text(path.read_text().replace("model_platform", f"{log} model_platform"))
    [model] = read(target_in(workspace), tmp_path).models().model_config_list.config
    assert list(model.model_version_policy.specific.versions) == [1]
    assert dict(model.version_labels) == {"stable": 1}
    assert not model.HasField("logging_config")


def test_beside_a_canary_each_track_has_its_own_version(workspace: Workspace, tmp_path: Path) -> None:
    push(workspace, 1, 2)
    target = target_in(workspace, Canary(2, 1))
    for track, version in ((STABLE, 1), (CANARY, 2)):
        [model] = read(target, tmp_path / track, track).models().model_config_list.config
        assert list(model.model_version_policy.specific.versions) == [version]
        assert dict(model.version_labels) == {track: version}


def test_a_server_starts_with_labels_in_its_first_config(workspace: Workspace, tmp_path: Path) -> None:
    base = workspace.path / "serving"
    for version in (1, 2):
        save_linear(base / MODEL, version, 10.0 * version)
    beside = target_in(workspace, Canary(2, 1))
    assert [asked(read(beside, tmp_path / track, track, base), track) for track in beside.tracks] == [10, 20]
    text = config_text(base / MODEL, labels='version_labels { key: "best" value: 2 }', name=MODEL)
    (base / "models.config").write_text(text)
    assert asked(read(target_in(workspace), tmp_path / "own", base=base), "best") == 20


def test_without_batching_there_is_no_file_and_no_flag(workspace: Workspace) -> None:
    target = target_in(workspace, batching=None)
    assert set(serving_files(target)) == {MODELS_FILE, MONITORING_FILE}
    assert not [flag for flag in flags(target) if "batch" in flag]


def test_a_batching_file_takes_the_place_of_the_section(workspace: Workspace, tmp_path: Path) -> None:
    own = tmp_path / "tuned.config"
    own.write_text("max_batch_size { value: 7 }\nallowed_batch_sizes: 7")
    text = serving_files(target_in(workspace, batching_file=str(own)))[BATCHING_FILE]
    assert text.split() == ["max_batch_size", "{", "value:", "7", "}", "allowed_batch_sizes:", "7"]
    own.write_text("max_batch: 7")
    with pytest.raises(ServerError, match="must be a BatchingParameters"):
        serving_files(target_in(workspace, batching_file=str(own)))


def test_threads_are_those_of_the_container(workspace: Workspace) -> None:
    target = target_in(workspace, serving={"image": "one:1", "cpu": "3500m"})
    assert "--tensorflow_inter_op_parallelism=4" in flags(target)
    with pytest.raises(ValidationError):
        target_in(workspace, batching={"num_batch_threads": 0})
