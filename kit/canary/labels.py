"""What an experiment does to models.config: both versions stay loaded, and labels name them.

A server reloads the file when it changes, and accepts a label for a version that it is about to load if it was started
with `allow_version_labels_for_unavailable_models`, as `kit serve` does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config import file_system_storage_path_source_pb2

from kit.release.models_config import CANARY, STABLE, changing, labels_of
from kit.release.versions import lock, numbers
from kit.serving.policies import wanted
from kit.serving.settings import Settings
from kit.workspace import Workspace, write_atomically
from kit.workspace_server import write_models_config

_Policy = file_system_storage_path_source_pb2.FileSystemStoragePathSourceConfig.ServableVersionPolicy


def policy_of(workspace: Workspace, model: str) -> str:
    """Return the policy that models.config has for a model, in text format; empty: none."""
    policy = _find(_read(write_models_config(workspace)), model).model_version_policy
    return str(text_format.MessageToString(policy))


def stable_version(base: Path) -> int | None:
    """Return the version that the label `stable` points to; None: there is no such label."""
    return labels_of(base).get(STABLE)


def begin(workspace: Workspace, model: str, control: int, candidate: int) -> None:
    """Keep both versions loaded and labelled, whatever is pushed meanwhile."""

    def change(config: Any) -> None:
        config.model_version_policy.Clear()
        config.model_version_policy.specific.versions.extend([control, candidate])
        config.version_labels[STABLE], config.version_labels[CANARY] = control, candidate

    _edit(workspace, model, change)


def end(workspace: Workspace, model: str, pair: tuple[int, int], stable: int, policy: str) -> None:
    """Point the label `stable` at the remaining version, and restore the previous policy.

    If that policy holds pushes, it holds them at the remaining version. If it makes servers unload that version in
    favour of one that was pushed meanwhile, the label goes to the newer one: otherwise nothing would answer for it.

    Args:
        workspace: the workspace of the models.config.
        model: the model's name.
        pair: control and candidate; a policy that no longer names just these was set by somebody meanwhile, and stays.
        stable: the remaining version.
        policy: the previous policy, in text format.
    """

    def change(config: Any) -> None:
        if list(config.model_version_policy.specific.versions) == list(pair):
            config.model_version_policy.CopyFrom(text_format.Parse(policy, _Policy()))
            if not policy:
                config.ClearField("model_version_policy")
            elif is_held(policy):
                config.model_version_policy.specific.versions[:] = [stable]
        loaded = wanted(config.model_version_policy, numbers(workspace.serving(model)))
        config.version_labels[STABLE] = stable if stable in loaded else max(loaded, default=stable)
        if config.version_labels.get(CANARY) == pair[1]:  # or somebody has moved it to another version
            config.version_labels.pop(CANARY)

    _edit(workspace, model, change)


def hold(workspace: Workspace, model: str, version: int) -> None:
    """Keep one version loaded, whatever is pushed: the next is served once an experiment has promoted it."""

    def change(config: Any) -> None:
        config.model_version_policy.Clear()
        config.model_version_policy.specific.versions.append(version)
        config.version_labels[STABLE] = version

    _edit(workspace, model, change)


def is_held(policy: str) -> bool:
    """Return whether a policy, in text format, serves one version whatever is pushed."""
    return len(text_format.Parse(policy, _Policy()).specific.versions) == 1


def _edit(workspace: Workspace, model: str, change: Callable[[Any], None]) -> None:
    path = write_models_config(workspace)
    with lock(workspace.serving(model)), changing(path):
        config = _read(path)
        change(_find(config, model))
        write_atomically(path, text_format.MessageToString(config))


def _read(path: Path) -> Any:
    return Settings(model_config_file=str(path)).models()


def _find(config: Any, model: str) -> Any:
    """Return the model's entry; `write_models_config` has added it when it was pushed."""
    return next(one for one in config.model_config_list.config if one.name == model)
