"""What a rollback does to models.config where that names the versions that are served, as `kit canary hold` has it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from kit.workspace import write_atomically

STABLE = "stable"
"""The label of the version that serves; others are nobody's business but of who set them."""


def go_back(models_config: Path, model: str, target: int, withdrawn: Collection[int]) -> None:
    """Have a server that is told which versions to serve go over to another one; nothing if it takes the latest.

    Args:
        models_config: the file, in text format; it may be missing.
        model: name of the model's folder.
        target: the version to serve.
        withdrawn: the versions that go away.
    """
    if not models_config.exists():
        return
    from google.protobuf import text_format  # noqa: PLC0415  most workspaces have no such file
    from tensorflow_serving.config import model_server_config_pb2  # noqa: PLC0415

    config = text_format.Parse(models_config.read_text(), model_server_config_pb2.ModelServerConfig())
    before = config.SerializeToString(deterministic=True)
    for one in config.model_config_list.config:
        named = set(one.model_version_policy.specific.versions)
        if Path(one.base_path).name == model and named:
            stay = named.difference(withdrawn) if len(named) > 1 else set()
            one.model_version_policy.specific.versions[:] = sorted(stay | {target})
            if one.version_labels.get(STABLE) in {*withdrawn, *named.difference(stay)}:
                one.version_labels[STABLE] = target
    if config.SerializeToString(deterministic=True) != before:  # comments of a file that stays are somebody's
        write_atomically(models_config, text_format.MessageToString(config))
