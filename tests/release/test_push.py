"""A push shows a whole version or none, upwards only, and never a model that is not blessed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tfx.proto import pusher_pb2

from kit import decisions, warm
from kit.errors import InfraCheckError, NotBlessedError, StepOrderError
from kit.evaluation.override import record_override
from kit.project.file import Gate
from kit.release import history
from kit.release.infra import evaluated_model, infra_blessing, infra_validator
from kit.release.push import (
    Pusher,
    check_pushed,
    push_folder,
    pushed_folder,
    pusher,
    record_rollbacks,
)
from kit.release.versions import rollback

from .slow_push import push

if TYPE_CHECKING:
    from training.tiny import Tiny

    from kit.session import Session


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/index", "variables/data"):
        (folder / name).write_bytes(name.encode() * 1000)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def names(base: Path) -> list[str]:
    """Return all that is in a folder but for its locks."""
    return sorted(path.name for path in base.iterdir() if path.suffix != ".lock" and path.name != ".lock")


def visible(base: Path) -> list[str]:
    """Return the folders that a server takes for versions."""
    return sorted(path.name for path in base.iterdir() if path.name.isdigit())


def test_a_version_is_a_copy_named_by_the_time(model: Path, tmp_path: Path) -> None:
    before = int(time.time())
    version = push_folder(model, tmp_path / "serving")
    assert before <= int(version.name) <= time.time()
    assert contents(version) == contents(model)
    assert names(tmp_path / "serving") == [version.name]


def test_versions_increase_within_a_second_and_when_the_clock_is_late(model: Path, tmp_path: Path) -> None:
    base = tmp_path / "serving"
    numbers = [int(push_folder(model, base).name) for _ in range(3)]
    assert numbers == sorted(set(numbers))
    (base / "99999999999").mkdir()
    assert push_folder(model, base).name == "100000000000"


def test_pushes_at_once_are_made_one_after_the_other(model: Path, tmp_path: Path) -> None:
    base = tmp_path / "serving"
    with ThreadPoolExecutor(4) as pool:
        pushed = list(pool.map(push_folder, [model] * 8, [base] * 8))
    assert names(base) == sorted(version.name for version in pushed)
    assert all(contents(version) == contents(model) for version in pushed)


def test_a_copy_that_fails_leaves_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = tmp_path / "serving"
    copy = shutil.copy2

    def full_disk(source: str, target: str) -> str:
        if source.endswith("index"):
            raise OSError(28, "No space left on device")
        return copy(source, target)

    whole = push_folder(model, base)
    monkeypatch.setattr(shutil.copytree, "__defaults__", (False, None, full_disk, False, False))
    with pytest.raises(shutil.Error, match="No space left"):
        push_folder(model, base)
    assert names(base) == [whole.name]


def test_a_push_that_is_killed_shows_no_version(model: Path, tmp_path: Path) -> None:
    base = tmp_path / "serving"
    payload = json.dumps([str(model), str(base)]).encode()
    with warm.start_call(
        f"{push.__module__}:{push.__name__}", payload, log_path=tmp_path / "log", cwd=tmp_path
    ) as process:
        while not process.progress:  # the first file is copied
            assert process.wait(0.05) is None, (tmp_path / "log").read_text()
        assert visible(base) == []
        os.kill(process.pid, signal.SIGKILL)
        assert isinstance(process.wait(20), warm.CallDied)
    assert visible(base) == []
    assert names(base), "half a copy is there, under a name that servers do not look at"
    version = push_folder(model, base)
    assert names(base) == [version.name], "what was left behind is gone"
    assert contents(version) == contents(model)


@pytest.fixture
def packaged(blessed: Session) -> Session:
    """A session whose latest evaluation blessed the first model, and a fresh server has answered from its package."""
    blessed.run(infra_validator(blessed))
    return blessed


def pushed(session: Session) -> Path:
    """Push, or find pushed; return the folder."""
    session.run(pusher(session), enable_cache=pushed_folder(session) is not None)
    version = pushed_folder(session)
    assert version is not None
    return version


def test_a_blessed_model_is_pushed_once(tiny: Tiny, packaged: Session) -> None:
    base = tiny.session.workspace.serving("tiny")
    packaged.run(pusher(packaged))
    [version] = visible(base)
    package = Path(infra_blessing(packaged).uri) / "stamped_model"
    assert contents(base / version) == contents(package), "the very package that was checked"
    inputs, _ = packaged.history("Evaluator")[0]
    model = contents(Path(inputs["model"][0].uri) / "Format-Serving")
    assert model.items() <= contents(base / version).items()
    assert pushed_folder(packaged) == base / version
    assert check_pushed(packaged) == f"Version {version} of tiny is in {base / version}."
    packaged.run(pusher(packaged))
    assert packaged.steps[-1].state == "cached"
    packaged.run(infra_validator(packaged))
    assert packaged.steps[-1].state == "cached", "what was pushed does not count as another version"
    assert visible(base) == [version]


def test_a_push_that_was_killed_after_its_copy_is_not_made_twice(tiny: Tiny, packaged: Session) -> None:
    base = tiny.session.workspace.serving("tiny")
    version = pushed(packaged)
    before = visible(base)
    packaged.run(pusher(packaged), enable_cache=False)  # ML Metadata does not know of a push that was killed
    assert visible(base) == before
    assert pushed_folder(packaged) == version
    pushes = [entry for entry in history.read(base) if entry["what"] == "push"]
    assert [(entry["version"], entry["serves"]) for entry in pushes].count((int(version.name),) * 2) == 1


def test_a_rejected_model_is_never_pushed(tiny: Tiny, rejected: Session) -> None:
    base = tiny.session.workspace.serving("tiny")
    before = visible(base) if base.exists() else []
    rejected.run(infra_validator(rejected))
    with pytest.raises(NotBlessedError, match="Only a blessed model may be pushed"):
        rejected.run(pusher(rejected))
    assert (visible(base) if base.exists() else []) == before


@pytest.fixture
def let_pass(tiny: Tiny, rejected: Session) -> tuple[Session, dict[str, Any]]:
    """A session whose second model may be pushed by a decision, and Pusher's inputs but for the infra blessing.

    It is not blessed, because what is would be the baseline of other tests.
    """
    del rejected  # its model is judged again
    session = tiny.evaluate(tiny.train(2), Gate(metric="auc", min=0.9543))
    decision = record_override(session, "Ann", "the campaign")
    override = {**decision.properties, "verdict": decision.artifact}
    return session, {
        "model": session.as_channel([evaluated_model(session)]),
        "model_blessing": session.channel("Evaluator", "blessing"),
        "push_destination": destination(session.workspace.path / "elsewhere"),
        "custom_config": {"override": override},
    }


def test_a_model_that_no_server_has_loaded_is_never_pushed(
    let_pass: tuple[Session, dict[str, Any]],
) -> None:
    """Nor is it where somebody puts the component together by hand and lets it past its gates."""
    session, inputs = let_pass
    with pytest.raises(InfraCheckError, match="has no infra blessing"):
        session.run(Pusher(**inputs))
    assert not (session.workspace.path / "elsewhere").exists()


def test_without_an_infra_blessing_the_notebook_stops(tiny: Tiny, blessed: Session) -> None:
    del blessed  # was evaluated before
    session = tiny.evaluate(tiny.train(4), Gate(metric="auc", min=0.9999))
    with pytest.raises(StepOrderError, match="in a fresh server, but it has not"):
        pusher(session)


def test_a_package_of_another_model_is_never_pushed(
    packaged: Session, let_pass: tuple[Session, dict[str, Any]]
) -> None:
    infra = next(
        made["blessing"][0]
        for taken, made in packaged.history("InfraValidator")
        if taken["model"][0].id != evaluated_model(packaged).id
    )
    session, inputs = let_pass
    with pytest.raises(InfraCheckError, match="must be of the model that is pushed, byte for byte"):
        session.run(Pusher(infra_blessing=session.as_channel([infra]), **inputs))
    assert not (session.workspace.path / "elsewhere").exists()


def test_a_model_without_a_verdict_is_never_pushed(tiny: Tiny) -> None:
    """Stock Pusher pushes what nobody has judged."""
    base = tiny.session.workspace.path / "elsewhere"
    unjudged = Pusher(
        model=tiny.session.as_channel([tiny.train(1)]),
        push_destination=destination(base),
    )
    with pytest.raises(NotBlessedError):
        tiny.session.run(unjudged)
    assert not base.exists()


def destination(base: Path) -> pusher_pb2.PushDestination:
    filesystem = pusher_pb2.PushDestination.Filesystem(base_directory=str(base))
    return pusher_pb2.PushDestination(filesystem=filesystem)


def test_a_version_that_is_gone_is_missed_and_can_be_pushed_again(packaged: Session) -> None:
    packaged.run(pusher(packaged))
    version = pushed_folder(packaged)
    assert version is not None
    shutil.rmtree(version)
    with pytest.raises(InfraCheckError, match="Run the push again"):
        check_pushed(packaged)
    packaged.run(pusher(packaged), enable_cache=pushed_folder(packaged) is not None)
    assert "Version" in check_pushed(packaged)


def test_a_model_that_was_rolled_back_does_not_come_back_by_itself(tiny: Tiny, packaged: Session) -> None:
    """Neither from the cache nor by a push without it; the decision stands in ML Metadata, and can be undone."""
    base = tiny.session.workspace.serving("tiny")
    version = pushed(packaged)
    old = base / "1"  # a version from before, of another model
    shutil.copytree(version, old)
    (old / "assets.extra" / "kit_package.json").write_text('{"model": "another"}')

    rollback(base, 1, who="Ann", why="clicks fell")
    by = f"version {version.name} of it was rolled back by Ann, .*: clicks fell"
    packaged.run(pusher(packaged))
    assert packaged.steps[-1].state == "cached"
    with pytest.raises(NotBlessedError, match=by):
        check_pushed(packaged)
    with pytest.raises(NotBlessedError, match=by):
        packaged.run(pusher(packaged), enable_cache=False)
    assert visible(base) == ["1"]
    made = [outputs["pushed_model"][0] for _, outputs in packaged.history("Pusher")]
    of_version = {
        one.id: one for one in made if one.get_string_custom_property("pushed_version") == version.name
    }
    about = [one for artifact in of_version.values() for one in decisions.about(packaged, artifact)]
    [decision] = [one for one in about if one.what == "rollback"]
    assert (decision.who, decision.why) == ("Ann", "clicks fell")
    assert decision.subject.startswith(f"{version.name} → 1, ")
    assert record_rollbacks(packaged) == [], "each is recorded once"

    rollback(base, int(version.name), who="Ann", why="it was the network")
    assert check_pushed(packaged).startswith(f"Version {version.name} ")
    shutil.rmtree(old)  # the folder is shared with other tests
