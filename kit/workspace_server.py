"""Configuration for a workspace's server: its pushed models and its monitoring, as files that may be edited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from kit.errors import StepOrderError
from kit.release.models_config import changing
from kit.serving.experiments import config as experiments
from kit.serving.policies import versions_in
from kit.serving.prediction_log import config as prediction_log
from kit.serving.settings import PLATFORM, Settings
from kit.workspace import Workspace, write_atomically
from kit.workspace_folders import EXPERIMENTS, LOGS, MODELS_CONFIG, SERVING

MONITORING = "monitoring.config"


def pushed_models(workspace: Workspace) -> dict[str, list[int]]:
    """Return the pushed versions of each project, the latest last."""
    folder = workspace.path / SERVING
    bases = [path for path in sorted(folder.glob("*")) if path.is_dir()]
    found = {base.name: sorted(versions_in(base)) for base in bases}
    return {name: versions for name, versions in found.items() if versions}


def write_models_config(workspace: Workspace) -> Path:
    """Write every pushed model into the workspace's models.config, and return its path.

    A model that is not in it yet is added with the real server's default policy, the latest version; what somebody
    wrote into the file, such as policies and labels, stays.

    Raises:
        StepOrderError: when nothing has been pushed.
        ServerError: when the file cannot be read.
    """
    path = workspace.path / SERVING / MODELS_CONFIG
    pushed, known = (
        set(pushed_models(workspace)),
        {model.name for model in _config(path).model_config_list.config},
    )
    if not pushed | known:
        raise StepOrderError(
            f"A server needs a pushed model, but {path.parent} has none. Run 05_release, or give a models.config."
        )
    if pushed - known:
        with changing(path):
            config = _config(path)  # as it is now that nobody else changes it
            models = config.model_config_list.config
            for name in sorted(pushed - {model.name for model in models}):
                models.add(name=name, base_path=str(path.parent / name), model_platform=PLATFORM)
            write_atomically(path, text_format.MessageToString(config))
    return path


def _config(path: Path) -> Any:
    """Return what a models.config says; nothing if it is not there."""
    if not path.exists():
        return model_server_config_pb2.ModelServerConfig()
    return Settings(model_config_file=str(path)).models()


def settings_for(workspace: Workspace, log_share: float, models: Path | None = None) -> Settings:
    """Return the settings of a server that follows pushes, labels and experiments, and logs into the workspace.

    Args:
        workspace: the workspace with the pushed models.
        log_share: the share of requests that are logged, 0 to 1.
        models: a models.config to use instead of the workspace's.

    Raises:
        StepOrderError: when nothing has been pushed and no other models.config is given.
        ServerError: when the share is not between 0 and 1.
    """
    # The splitter does nothing until `kit canary start`, which a running server notices.
    interceptors = [experiments.INTERCEPTOR]
    if log_share:
        interceptors.append(prediction_log.INTERCEPTOR)
    return Settings(
        model_config_file=str(models or write_models_config(workspace)),
        model_config_file_poll_wait_seconds=1,
        # Labels of models.config may name versions that are still loading when the server starts.
        allow_version_labels_for_unavailable_models=True,
        interceptors=",".join(interceptors),
        experiment_config_file=str(workspace.path / EXPERIMENTS),
        prediction_log_config_file=str(prediction_log.write_config(workspace, log_share))
        if log_share
        else "",
    )


def server_log(workspace: Workspace) -> Path:
    """Return the log file of a workspace's servers, after creating its folder."""
    path = workspace.path / LOGS / "server.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def monitoring_config(workspace: Workspace) -> Path:
    """Return the workspace's MonitoringConfig; one that enables Prometheus is written when there is none."""
    path = workspace.path / SERVING / MONITORING
    if not path.exists():
        write_atomically(path, "prometheus_config { enable: true }\n")
    return path


def batching_file(workspace: Workspace, project: str) -> Path:
    """Return the file of a project's batching parameters, which `kit tune-batching` writes."""
    return workspace.path / SERVING / f"{project}.batching.pbtxt"


def tuned_batching(
    workspace: Workspace, settings: Settings, say: Callable[[str], None] = lambda _: None
) -> Path | None:
    """Return the batching parameters that were found for the only model of a server; None if it has several.

    A server takes one file for all models and refuses requests of more rows than it allows, so what was found for one
    model would refuse requests of another: with several models somebody has to choose.

    Args:
        workspace: the workspace that has the files.
        settings: the server's, with its models.config.
        say: is told when there is such a file and it is not taken.

    Raises:
        ServerError: when models.config cannot be read.
    """
    names = {model.name for model in settings.models().model_config_list.config}
    found = [path for path in (batching_file(workspace, name) for name in names) if path.is_file()]
    if found and len(names) > 1:
        say(
            f"Not batched: {', '.join(map(str, sorted(found)))} is for one model of {len(names)}. Choose --batching."
        )
    return found[0] if found and len(names) == 1 else None
