"""Push a blessed model to where a server looks for it: atomically, under the next version number."""

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
from tfx.utils import path_utils

from kit import decisions
from kit.decisions import Decision
from kit.errors import InfraCheckError, NotBlessedError
from kit.evaluation.override import OVERRIDE, latest_override
from kit.project import Project
from kit.release import history
from kit.release.infra import MODEL_DIGEST, evaluated_model, infra_blessing
from kit.release.keep import prune, remove_leftovers
from kit.release.models_config import follow
from kit.release.package_facts import model_digest
from kit.release.pushed_model import DESTINATION, VERSION
from kit.release.signatures import MODEL_FOLDER
from kit.release.versions import (
    PART,
    WITHDRAWN,
    Version,
    list_versions,
    lock,
    next_number,
    numbers,
    read_package,
    served_version,
)
from kit.session import Session

ROLLBACK = "rollback"
_PARTS = ("who", "when", "why")
_PUSH_LOCK, _PUSH_SECONDS = ".push.lock", 600.0


class AtomicPushExecutor(Executor):
    """Copies the package under a name that servers do not look at, then renames it: a server never sees half of it.

    Stock Pusher copies into place, and pushes anything if it has no blessing among its inputs. A push that was killed
    after the rename is finished by the next one: the same model is not pushed twice.
    """

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        blessing = input_dict.get("model_blessing")
        override = _override(exec_properties, blessing)
        if not blessing or not (override or self.CheckBlessing({"model_blessing": blessing})):
            raise NotBlessedError(
                "Only a blessed model may be pushed, but this one has no blessing. Run 04_evaluate; its gates say why."
            )
        package, digest = self._package(input_dict)
        config = json.loads(exec_properties.get("custom_config") or "null") or {}
        base = Path(json.loads(exec_properties["push_destination"])["filesystem"]["base_directory"])
        _check_not_withdrawn(base, digest)
        version = _pushed_already(base, digest) or push_folder(package, base)
        _note_push(base, int(version.name), override)
        if keep := config.get("keep_versions"):
            prune(base, keep)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        shutil.copytree(version, pushed.uri, dirs_exist_ok=True)
        self._MarkPushed(pushed, pushed_destination=str(version), pushed_version=version.name)
        for name, value in override.items():
            pushed.set_string_custom_property(f"{OVERRIDE}_{name}", value)

    def _package(self, input_dict: Any) -> tuple[Path, str]:
        """Return the folder that InfraValidator checked, and the digest of the model in it."""
        infra = input_dict.get("infra_blessing")
        if not infra or not self.CheckBlessing({"infra_blessing": infra}):
            raise InfraCheckError(
                "Only a package that a fresh server has loaded may be pushed, but this one has no infra blessing. "
                "Run InfraValidator before; 05_release does."
            )
        [blessing] = infra
        digest = model_digest(Path(artifact_utils.get_single_uri(input_dict["model"])) / MODEL_FOLDER)
        package = Path(path_utils.stamped_model_path(blessing.uri))
        if not digest == blessing.get_string_custom_property(MODEL_DIGEST) == model_digest(package):
            raise InfraCheckError(
                f"The package in {blessing.uri} must be of the model that is pushed, byte for byte, but is not. Run "
                "InfraValidator on this model again, without the cache."
            )
        return package, digest


def _check_not_withdrawn(base: Path, digest: str) -> None:
    """Refuse a model that was rolled back: it must not come back by itself with the next batch.

    Raises:
        NotBlessedError: when it was.
    """
    for version in list_versions(base):
        if version.state == "withdrawn" and version.package.get("model") == digest:
            raise _withdrawn(version)


def _withdrawn(version: Version) -> NotBlessedError:
    by = "{who}, {when}: {why}".format(**version.withdrawal) if version.withdrawal else "somebody"
    return NotBlessedError(
        f"The model must be served, but version {version.number} of it was rolled back by {by}. Train another one; "
        f"`kit rollback --to {version.number}` brings this one back."
    )


def _pushed_already(base: Path, digest: str) -> Path | None:
    """Return the newest version if it is this very model: its push was interrupted, or it was checked again."""
    for number in numbers(base)[-1:]:
        if read_package(base / str(number)).get("model") == digest:
            return base / str(number)
    return None


def _note_push(base: Path, number: int, override: dict[str, str]) -> None:
    past = history.read(base)
    if not any(entry["what"] == "push" and entry.get("version") == number for entry in past):
        overridden = {OVERRIDE: override} if override else {}
        history.note(base, "push", version=number, serves=served_version(base), **overridden)


class Pusher(component.Pusher):
    """TFX's Pusher with the atomic executor."""

    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(AtomicPushExecutor)


def _override(properties: Any, blessing: Any) -> dict[str, str]:
    """Return who overrode the verdict that is pushed, when and why; one about another verdict does not count."""
    override = (json.loads(properties.get("custom_config") or "null") or {}).get(OVERRIDE)
    if not override or not blessing or override["verdict"] != blessing[0].id:
        return {}
    return {name: override[name] for name in _PARTS}


def pusher(session: Session) -> Pusher:
    """Return the Pusher of the latest evaluated model, as InfraValidator packaged it, into the serving folder.

    A recorded override of its verdict is a property of the push, so that pushes with and without one are never
    confused.

    Raises:
        StepOrderError: when InfraValidator has not checked the model.
    """
    record_rollbacks(session)
    return pusher_of(
        session.project,
        session.workspace.serving(session.project.name),
        override=latest_override(session),
        model=session.as_channel([evaluated_model(session)]),
        model_blessing=session.channel("Evaluator", "blessing"),
        infra_blessing=session.as_channel([infra_blessing(session)]),
    )


def pusher_of(project: Project, base: Path, *, override: Decision | None = None, **inputs: Any) -> Pusher:
    """Return the Pusher for a project, wherever its inputs come from.

    Args:
        project: says how many versions are kept.
        base: folder that servers look at.
        override: the decision to push whatever the verdict.
        inputs: channels `model`, `model_blessing` and `infra_blessing`.
    """
    config: dict[str, Any] = {"keep_versions": project.spec.release.keep_versions}
    if override:
        config[OVERRIDE] = {**override.properties, "verdict": override.artifact}
    filesystem = pusher_pb2.PushDestination.Filesystem(base_directory=str(base))
    return Pusher(
        push_destination=pusher_pb2.PushDestination(filesystem=filesystem), custom_config=config, **inputs
    )


def push_folder(source: Path, base: Path) -> Path:
    """Copy a SavedModel to base/<version>, a number above all existing ones; return that folder.

    Versions are seconds since 1970, as stock Pusher numbers them, or one more than the latest.

    Raises:
        VersionError: when another push is at it for ten minutes.
    """
    with lock(base, _PUSH_LOCK, _PUSH_SECONDS):  # or one push would take the other's copy for a leftover
        remove_leftovers(base)
        temporary = base / f".{int(time.time())}{PART}"
        try:
            shutil.copytree(source, temporary)
            os.sync()
            with lock(base):
                number = next_number(base, int(time.time()))
                follow(base, number, {*numbers(base), number})
                return temporary.rename(base / str(number))
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def pushed_folder(session: Session) -> Path | None:
    """Return the folder of the model that was pushed last, or None when nothing was pushed or it is gone.

    A version that was rolled back is not gone: it is where the rollback put it, and must not be pushed again.
    """
    past = session.history("Pusher")
    for inputs, outputs in past:
        if inputs["model"][0].id != past[0][0]["model"][0].id:
            continue
        # If a model was pushed several times, TFX's cache returns any of these: look for one that is there.
        folder = Path(outputs["pushed_model"][0].get_string_custom_property(DESTINATION))
        for place in (folder, folder.parent / WITHDRAWN / folder.name):
            if (place / "saved_model.pb").is_file():
                return place
    return None


def check_pushed(session: Session) -> str:
    """Return one sentence with the folder of the version that was pushed last.

    Raises:
        InfraCheckError: when it is not there.
        NotBlessedError: when somebody rolled it back.
    """
    base = session.workspace.serving(session.project.name)
    folder = pushed_folder(session)
    if folder is None:
        raise InfraCheckError(f"A pushed version must be in {base}, but none is. Run the push again.")
    record_rollbacks(session)
    for version in list_versions(base):
        if version.folder == folder and version.state == "withdrawn":
            raise _withdrawn(version)
    by = _overridden(session)
    return f"Version {folder.name} of {session.project.name} is in {folder}{f', {by}' if by else ''}."


def record_rollbacks(session: Session) -> list[Decision]:
    """Take over what people rolled back on the command line as decisions in ML Metadata; return the new ones.

    Each is about the version that was served before. If ML Metadata does not know that version, it stays only in the
    folder's history.
    """
    pushes = {
        made["pushed_model"][0].get_string_custom_property(VERSION): made["pushed_model"][0]
        for _, made in session.history("Pusher")
    }
    recorded = []
    for entry in history.read(session.workspace.serving(session.project.name)):
        pushed = pushes.get(str(entry.get("from")))
        if entry["what"] != "rollback" or pushed is None:
            continue
        subject = f"{entry['from']} → {entry['to']}, {entry['when']}"
        if not any(one.subject == subject for one in decisions.about(session, pushed)):
            reasons = {"who": entry["who"], "why": entry["why"]}
            recorded.append(decisions.record(session, pushed, ROLLBACK, subject=subject, **reasons))
    return recorded


def _overridden(session: Session) -> str:
    """Return whose decision let the latest push pass the gates; empty: nobody's."""
    pushed = session.latest("Pusher", "pushed_model")
    who, when, why = (pushed.get_string_custom_property(f"{OVERRIDE}_{name}") for name in _PARTS)
    return f"past its gates by decision of {Decision(OVERRIDE, '', who, why, when, 0)}" if who else ""
