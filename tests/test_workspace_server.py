from __future__ import annotations

from pathlib import Path

import pytest

from kit.errors import StepOrderError
from kit.serving.errors import ServerError
from kit.serving.settings import Settings
from kit.workspace import Workspace
from kit.workspace_server import (
    batching_file,
    monitoring_config,
    pushed_models,
    settings_for,
    tuned_batching,
    write_models_config,
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    workspace = Workspace(tmp_path)
    for name in ("taxi/3", "taxi/12", "recommender/7", "recommender/.8.part", "empty"):
        (tmp_path / "serving" / name).mkdir(parents=True)
    return workspace


def _models(path: Path) -> dict[str, str]:
    config = Settings(model_config_file=str(path)).models()
    return {model.name: model.base_path for model in config.model_config_list.config}


def test_what_was_pushed_is_served(workspace: Workspace) -> None:
    assert pushed_models(workspace) == {"recommender": [7], "taxi": [3, 12]}
    folder = workspace.path / "serving"
    assert _models(write_models_config(workspace)) == {
        "recommender": str(folder / "recommender"),
        "taxi": str(folder / "taxi"),
    }


def test_what_somebody_wrote_stays_and_new_models_are_added(workspace: Workspace) -> None:
    path = workspace.path / "serving" / "models.config"
    labelled = (
        'model_config_list { config { name: "taxi" base_path: "/else" model_platform: "tensorflow" '
        'version_labels { key: "stable" value: 3 } } }'
    )
    path.write_text(labelled)
    assert _models(write_models_config(workspace)) == {
        "taxi": "/else",
        "recommender": str(workspace.path / "serving" / "recommender"),
    }
    [taxi, _] = Settings(model_config_file=str(path)).models().model_config_list.config
    assert dict(taxi.version_labels) == {"stable": 3}
    before = path.read_bytes(), path.stat().st_mtime_ns
    write_models_config(workspace)
    assert (
        path.read_bytes(),
        path.stat().st_mtime_ns,
    ) == before  # a server that follows it has nothing to do


def test_a_workspace_without_a_push_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(StepOrderError, match="05_release"):
        write_models_config(Workspace(tmp_path))


def test_a_file_that_is_broken_is_not_written_over(workspace: Workspace) -> None:
    path = workspace.path / "serving" / "models.config"
    path.write_text("model_config_list {")
    with pytest.raises(ServerError, match="text format"):
        write_models_config(workspace)
    assert path.read_text() == "model_config_list {"


def test_metrics_are_enabled_unless_somebody_wrote_otherwise(workspace: Workspace) -> None:
    path = monitoring_config(workspace)
    assert Settings(monitoring_config_file=str(path)).metrics_path() == "/monitoring/prometheus/metrics"
    path.write_text('prometheus_config { enable: true path: "/own" }')
    assert Settings(monitoring_config_file=str(monitoring_config(workspace))).metrics_path() == "/own"


def _served(workspace: Workspace) -> Settings:
    return Settings(model_config_file=str(write_models_config(workspace)))


def test_batching_that_was_tuned_is_taken_for_the_only_model(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    (tmp_path / "serving" / "taxi" / "3").mkdir(parents=True)
    assert tuned_batching(workspace, _served(workspace)) is None
    batching_file(workspace, "empty").write_text("max_batch_size { value: 8 }")  # of no model that is served
    assert tuned_batching(workspace, _served(workspace)) is None
    own = batching_file(workspace, "taxi")
    own.write_text("max_batch_size { value: 8 }")
    assert tuned_batching(workspace, _served(workspace)) == own


def test_batching_of_one_model_is_not_taken_for_another(workspace: Workspace) -> None:
    said: list[str] = []
    batching_file(workspace, "recommender").write_text("max_batch_size { value: 8 }")
    assert tuned_batching(workspace, _served(workspace), said.append) is None
    assert said == [
        f"Not batched: {batching_file(workspace, 'recommender')} is for one model of 2. Choose --batching."
    ]
    batching_file(workspace, "taxi").write_text("max_batch_size { value: 9 }")
    assert tuned_batching(workspace, _served(workspace)) is None


def test_a_models_config_says_which_models_are_served(workspace: Workspace, tmp_path: Path) -> None:
    own = batching_file(workspace, "taxi")
    own.write_text("max_batch_size { value: 8 }")
    alone, two = tmp_path / "alone.config", tmp_path / "two.config"
    for path, names in ((alone, ["taxi"]), (two, ["taxi", "other"])):
        models = " ".join(f'config {{ name: "{name}" base_path: "/{name}" }}' for name in names)
        path.write_text(f"model_config_list {{ {models} }}")
    assert tuned_batching(workspace, settings_for(workspace, 0, alone)) == own
    assert tuned_batching(workspace, settings_for(workspace, 0, two)) is None
