"""What models.config, beside the models' folders, tells a server about a model's versions and labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock

from kit.release.errors import VersionError
from kit.serving.policies import wanted
from kit.workspace import write_atomically
from kit.workspace_folders import MODELS_CONFIG

STABLE, CANARY = "stable", "canary"
"""The labels of the version that serves, and of one on trial; other labels are left alone."""
_LOCK_SECONDS = 30.0


def labels_of(base: Path) -> dict[str, int]:
    """Return the labels that models.config gives to versions of this model.

    Args:
        base: folder of the model's versions.

    Raises:
        VersionError: when it cannot be read.
    """
    return {name: number for config in configs_of(base) for name, number in config.version_labels.items()}


def configs_of(base: Path) -> Iterable[Any]:
    """Return what models.config, beside the folder, says about this model.

    Raises:
        VersionError: when it cannot be read: a version that it names must not be removed.
    """
    return _about(base, _read(base.parent / MODELS_CONFIG))


def loaded(base: Path, found: Collection[int]) -> list[int]:
    """Return the versions of the model that a server is told to load, the lowest first.

    Args:
        base: folder of the model's versions.
        found: the versions in it.

    Raises:
        VersionError: when models.config cannot be read.
    """
    configs = list(configs_of(base))
    if not configs:  # the default policy: the latest
        return sorted(found)[-1:]
    return sorted({version for config in configs for version in wanted(config.model_version_policy, found)})


@contextmanager
def changing(path: Path) -> Iterator[None]:
    """Let one process at a time read a models.config and write it again: it is one file for all models.

    Raises:
        VersionError: when somebody is at it for half a minute.
    """
    try:
        with filelock.FileLock(path.with_name(f".{path.name}.lock"), timeout=_LOCK_SECONDS):
            yield
    except filelock.Timeout:
        raise VersionError(
            f"One process at a time may change {path}, but another one has been at it for {_LOCK_SECONDS:.0f} s. End "
            "it, and run the same command again."
        ) from None


def follow(base: Path, target: int, found: Collection[int]) -> None:
    """Let the label `stable` follow to the version that will serve, if a server is to unload the one that it names.

    Under a policy such as `latest`, nothing would answer for the label otherwise. This comes first: a server keeps what
    a label names until the version that it moves to is there and loaded.

    Args:
        base: folder of the model's versions.
        target: the version to serve.
        found: the versions that are about to be in the folder, the target among them.

    Raises:
        VersionError: when models.config cannot be read.
    """
    if STABLE not in labels_of(base):
        return
    path = base.parent / MODELS_CONFIG
    with changing(path):
        config, changed = _read(path), False
        for one in _about(base, config):
            then = wanted(one.model_version_policy, found)
            if target in then and one.version_labels.get(STABLE, target) not in then:
                one.version_labels[STABLE], changed = target, True
        if changed:
            _write(path, config)


def go_back(base: Path, target: int, withdrawn: Collection[int]) -> None:
    """Make a server with fixed versions switch to another one, and the label `stable` follow.

    A server that takes the latest switches by itself.

    Args:
        base: folder of the model's versions.
        target: the version to serve.
        withdrawn: the versions to remove.

    Raises:
        VersionError: when models.config cannot be read.
    """
    path = base.parent / MODELS_CONFIG
    if not path.exists():
        return
    with changing(path):
        config, changed = _read(path), False
        for one in _about(base, config):
            named = set(one.model_version_policy.specific.versions)
            stay = named.difference(withdrawn) if len(named) > 1 else set()
            if named:
                one.model_version_policy.specific.versions[:] = sorted(stay | {target})
                changed = True
            if one.version_labels.get(STABLE) in {*withdrawn, *named.difference(stay)}:
                one.version_labels[STABLE] = target
                changed = True
        if changed:  # unchanged, it keeps its comments
            _write(path, config)


def _write(path: Path, config: Any) -> None:
    from google.protobuf import text_format  # noqa: PLC0415  most workspaces have no such file

    write_atomically(path, text_format.MessageToString(config))


def _read(path: Path) -> Any | None:
    if not path.exists():
        return None
    from google.protobuf import text_format  # noqa: PLC0415  most workspaces have no such file
    from tensorflow_serving.config import model_server_config_pb2  # noqa: PLC0415

    try:
        return text_format.Parse(path.read_text(), model_server_config_pb2.ModelServerConfig())
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise VersionError(
            f"{path} must be a ModelServerConfig in text format, but is not: {error}. Correct it."
        ) from None


def _about(base: Path, config: Any | None) -> list[Any]:
    models = () if config is None else config.model_config_list.config
    return [one for one in models if Path(one.base_path).name == base.name]
