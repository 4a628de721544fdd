"""Push a blessed model to where a server looks for it: all of it at once, under the next version number."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from tfx.components.pusher import component
from tfx.components.pusher.executor import Executor
from tfx.dsl.components.base import executor_spec
from tfx.proto import pusher_pb2
from tfx.types import artifact_utils

from kit.decisions import Decision
from kit.errors import InfraCheckError, NotBlessedError
from kit.evaluation.override import latest_override
from kit.release.signatures import MODEL_FOLDER
from kit.session import Session

_OVERRIDE = "override"
_PARTS = ("who", "when", "why")


class AtomicPushExecutor(Executor):
    """Copies the model under a name that servers do not look at, then renames it: a server never sees half of it.

    Stock Pusher copies into place, and without a blessing among its inputs pushes anything.
    """

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        blessing = input_dict.get("model_blessing")
        override = _override(exec_properties, blessing)
        if not blessing or not (override or self.CheckBlessing(input_dict)):
            raise NotBlessedError(
                "Only a blessed model may be pushed, but this one has no blessing. Run 04_evaluate; its gates say why."
            )
        destination = json.loads(exec_properties["push_destination"])["filesystem"]["base_directory"]
        source = Path(artifact_utils.get_single_uri(input_dict["model"])) / MODEL_FOLDER
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        version = push_folder(source, Path(destination))
        shutil.copytree(version, pushed.uri, dirs_exist_ok=True)
        self._MarkPushed(pushed, pushed_destination=str(version), pushed_version=version.name)
        for name, value in override.items():
            pushed.set_string_custom_property(f"{_OVERRIDE}_{name}", value)


class Pusher(component.Pusher):
    """TFX's Pusher with the atomic executor."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(AtomicPushExecutor)


def _override(properties: Any, blessing: Any) -> dict[str, str]:
    """Return who overrode the verdict that is pushed, when and why; one about another verdict does not count."""
    override = (json.loads(properties.get("custom_config") or "null") or {}).get(_OVERRIDE)
    if not override or not blessing or override["verdict"] != blessing[0].id:
        return {}
    return {name: override[name] for name in _PARTS}


def pusher(session: Session) -> Pusher:
    """Return the Pusher of the latest evaluated model, into the workspace's serving folder.

    A recorded override of its verdict is a property of the push, so that a push with one is never taken for a push
    without.
    """
    override = latest_override(session)
    config = {_OVERRIDE: {**override.properties, "verdict": override.artifact}} if override else None
    base = str(session.workspace.serving(session.project.name))
    filesystem = pusher_pb2.PushDestination.Filesystem(base_directory=base)
    [inputs, _] = session.history("Evaluator")[0]
    return Pusher(
        model=session.as_channel(inputs["model"]),
        model_blessing=session.channel("Evaluator", "blessing"),
        push_destination=pusher_pb2.PushDestination(filesystem=filesystem),
        custom_config=config,
    )


def push_folder(source: Path, base: Path) -> Path:
    """Copy a SavedModel to base/<version>, a number above all that are there; return that folder.

    Versions are seconds since 1970, as stock Pusher numbers them, or one more than the latest.
    """
    base.mkdir(parents=True, exist_ok=True)
    latest = max((int(path.name) for path in base.iterdir() if path.name.isdigit()), default=0)
    target = base / str(max(int(time.time()), latest + 1))
    temporary = base / f".{target.name}.part"
    for leftover in base.glob(
        ".*.part"
    ):  # of a push that was killed; the step's lock lets only one push at a time
        shutil.rmtree(leftover)
    try:
        shutil.copytree(source, temporary)
        os.sync()
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return target


def pushed_version(session: Session) -> Path | None:
    """Return the folder that the latest push made, or None when nothing was pushed or it is gone."""
    for _, outputs in session.history("Pusher"):
        folder = Path(outputs["pushed_model"][0].get_string_custom_property("pushed_destination"))
        return folder if (folder / "saved_model.pb").is_file() else None
    return None


def check_pushed(session: Session) -> str:
    """Return one sentence with the folder of the version that was pushed last.

    Raises:
        InfraCheckError: when it is not there.
    """
    folder = pushed_version(session)
    if folder is None:
        raise InfraCheckError(
            f"A pushed version must be in {session.workspace.serving(session.project.name)}, but none is. "
            "Run the push again."
        )
    by = _overridden(session)
    return f"Version {folder.name} of {session.project.name} is in {folder}{f', {by}' if by else ''}."


def _overridden(session: Session) -> str:
    """Return by whose decision the latest push went past the gates; empty: by nobody's."""
    pushed = session.latest("Pusher", "pushed_model")
    who, when, why = (pushed.get_string_custom_property(f"{_OVERRIDE}_{name}") for name in _PARTS)
    return f"past its gates by decision of {Decision(_OVERRIDE, '', who, why, when, 0)}" if who else ""
