"""The files, read back by what reads them: the kit's own server, which takes the real one's."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from deploy.places import MODEL, push, target_in
from kit.deploy.serving_files import BATCHING_FILE, MODELS_FILE, MONITORING_FILE, flags, serving_files
from kit.deploy.target import CANARY, STABLE, Canary, Target
from kit.serving.errors import ServerError
from kit.serving.settings import Settings
from kit.workspace import Workspace, write_atomically


def read(target: Target, folder: Path, track: str = STABLE) -> Settings:
    """Return the settings of a server that is started with the files."""
    for name, content in serving_files(target, track).items():
        write_atomically(folder / name, content)
    return Settings.from_flags(flags(target, folder))


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


def test_beside_a_canary_each_track_has_its_own_version(workspace: Workspace, tmp_path: Path) -> None:
    push(workspace, 1, 2)
    target = target_in(workspace, Canary(2, 1))
    for track, version in ((STABLE, 1), (CANARY, 2)):
        [model] = read(target, tmp_path / track, track).models().model_config_list.config
        assert list(model.model_version_policy.specific.versions) == [version]
        assert dict(model.version_labels) == {track: version}


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
