"""A push shows a whole version or none, upwards only, and never a model that is not blessed."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tfx.proto import pusher_pb2

from kit import warm
from kit.errors import InfraCheckError, NotBlessedError
from kit.release.push import Pusher, check_pushed, push_folder, pushed_version, pusher

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


def visible(base: Path) -> list[str]:
    """Return the folders that a server takes for versions."""
    return sorted(path.name for path in base.iterdir() if path.name.isdigit())


def test_a_version_is_a_copy_named_by_the_time(model: Path, tmp_path: Path) -> None:
    before = int(time.time())
    version = push_folder(model, tmp_path / "serving")
    assert before <= int(version.name) <= time.time()
    assert contents(version) == contents(model)
    assert [path.name for path in (tmp_path / "serving").iterdir()] == [version.name]


def test_versions_increase_within_a_second_and_when_the_clock_is_late(model: Path, tmp_path: Path) -> None:
    base = tmp_path / "serving"
    numbers = [int(push_folder(model, base).name) for _ in range(3)]
    assert numbers == sorted(set(numbers))
    (base / "99999999999").mkdir()
    assert push_folder(model, base).name == "100000000000"


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
    assert [path.name for path in base.iterdir()] == [whole.name]


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
    assert list(base.iterdir()), "half a copy is there, under a name that servers do not look at"
    version = push_folder(model, base)
    assert [path.name for path in base.iterdir()] == [version.name], "what was left behind is gone"
    assert contents(version) == contents(model)


def test_a_blessed_model_is_pushed_once(tiny: Tiny, blessed: Session) -> None:
    base = tiny.session.workspace.serving("tiny")
    blessed.run(pusher(blessed))
    [version] = visible(base)
    inputs, _ = blessed.history("Evaluator")[0]
    assert contents(base / version) == contents(Path(inputs["model"][0].uri) / "Format-Serving")
    assert pushed_version(blessed) == base / version
    assert check_pushed(blessed) == f"Version {version} of tiny is in {base / version}."
    blessed.run(pusher(blessed))
    assert blessed.steps[-1].state == "cached"
    assert visible(base) == [version]


def test_a_rejected_model_is_never_pushed(tiny: Tiny, rejected: Session) -> None:
    base = tiny.session.workspace.serving("tiny")
    before = visible(base) if base.exists() else []
    with pytest.raises(NotBlessedError, match="Only a blessed model may be pushed"):
        rejected.run(pusher(rejected))
    assert (visible(base) if base.exists() else []) == before


def test_a_model_without_a_verdict_is_never_pushed(tiny: Tiny) -> None:
    """Stock Pusher pushes what nobody has judged."""
    base = tiny.session.workspace.path / "elsewhere"
    filesystem = pusher_pb2.PushDestination.Filesystem(base_directory=str(base))
    unjudged = Pusher(
        model=tiny.session.as_channel([tiny.train(1)]),
        push_destination=pusher_pb2.PushDestination(filesystem=filesystem),
    )
    with pytest.raises(NotBlessedError):
        tiny.session.run(unjudged)
    assert not base.exists()


def test_a_version_that_is_gone_is_missed_and_can_be_pushed_again(blessed: Session) -> None:
    blessed.run(pusher(blessed))
    version = pushed_version(blessed)
    assert version is not None
    shutil.rmtree(version)
    with pytest.raises(InfraCheckError, match="Run the push again"):
        check_pushed(blessed)
    blessed.run(pusher(blessed), enable_cache=pushed_version(blessed) is not None)
    assert "Version" in check_pushed(blessed)
