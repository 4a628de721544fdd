"""Back to an earlier version in one command: at once, and whole however it is interrupted."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest

from kit.reasons import DecisionError
from kit.release import history, versions
from kit.release.errors import VersionError
from kit.release.models_config import configs_of, labels_of
from kit.release.versions import (
    WITHDRAWN,
    Rollback,
    list_versions,
    lock,
    next_number,
    numbers,
    rollback,
    served_version,
)

from .killing import BY, kill_at

_SPECIFIC = "model_version_policy { specific { %s } }"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """Versions 1, 2, 3, and what servers do not take for one."""
    folder = tmp_path / "serving" / "shop"
    for name in ("1", "2", "3", ".4.part", "notes"):
        (folder / name).mkdir(parents=True)
        (folder / name / "saved_model.pb").write_text(name)
    return folder


def states(base: Path) -> dict[int, str]:
    return {one.number: one.state for one in list_versions(base)}


def test_what_a_server_serves_and_sees(base: Path) -> None:
    assert states(base) == {3: "served", 2: "kept", 1: "kept"}
    assert served_version(base) == 3
    assert served_version(base / "nowhere") is None


def test_a_rollback_goes_one_version_back_and_keeps_the_newer_one(base: Path) -> None:
    done = rollback(base, None, **BY)
    assert done == Rollback(3, 2, (3,), ())
    assert done.message == (
        "Version 2 is the one to serve now, before it was 3; 3 moved aside. A running server switches as soon as it "
        "has loaded it."
    )
    assert states(base) == {3: "withdrawn", 2: "served", 1: "kept"}
    assert (base / WITHDRAWN / "3" / "saved_model.pb").read_text() == "3"
    [withdrawn, *_] = list_versions(base)
    assert withdrawn.withdrawal is not None
    assert (withdrawn.withdrawal["who"], withdrawn.withdrawal["why"]) == ("Ann", "clicks fell")


@pytest.mark.parametrize("back", [False, True])
@pytest.mark.parametrize("after", range(5))
def test_a_version_that_is_moved_meanwhile_is_listed(
    base: Path, monkeypatch: pytest.MonkeyPatch, after: int, *, back: bool
) -> None:
    way = [base / "3", base / WITHDRAWN / "3"]
    way[1].parent.mkdir()
    if back:
        way.reverse()
        way[1].rename(way[0])
    looked: list[Path] = []

    def moving(folder: Path) -> list[int]:
        found = numbers(folder)
        if len(looked) == after:
            way[0].rename(way[1])
        looked.append(folder)
        return found

    monkeypatch.setattr(versions, "numbers", moving)
    assert set(states(base)) == {1, 2, 3}


def test_a_rollback_to_a_version_and_forward_again(base: Path) -> None:
    rollback(base, 1, **BY)
    assert states(base) == {3: "withdrawn", 2: "withdrawn", 1: "served"}
    assert rollback(base, 3, **BY) == Rollback(1, 3, (), ())
    assert states(base) == {3: "served", 2: "withdrawn", 1: "kept"}
    assert rollback(base, 2, **BY) == Rollback(3, 2, (3,), ())
    assert states(base) == {3: "withdrawn", 2: "served", 1: "kept"}
    told = [(entry["from"], entry["to"], entry["withdrawn"]) for entry in history.read(base)]
    assert told == [(3, 1, [2, 3]), (1, 3, []), (3, 2, [3])]


def test_a_rollback_to_what_is_served_does_nothing(base: Path) -> None:
    assert "nothing was done" in rollback(base, 3, **BY).message
    assert history.read(base) == []


def test_a_version_after_a_rollback_is_above_all_that_were_there(base: Path) -> None:
    rollback(base, 1, **BY)
    assert next_number(base, 0) == 4
    assert next_number(base, 100) == 100


@pytest.mark.parametrize(
    ("to", "message"),
    [
        (9, r"Version 9 must be in .* but there are 1, 2, 3; withdrawn: none. Choose one."),
        (
            None,
            r"needs a version before the served one \(1\), but .* has 1; withdrawn: 2, 3. Name one with --to",
        ),
    ],
    ids=["unknown", "none before"],
)
def test_a_rollback_that_cannot_be(base: Path, to: int | None, message: str) -> None:
    if to is None:
        rollback(base, 1, **BY)
    with pytest.raises(VersionError, match=message):
        rollback(base, to, **BY)


@pytest.mark.parametrize(("who", "why"), [("", "so"), ("Ann", " ")])
def test_a_rollback_has_a_name_and_a_reason(base: Path, who: str, why: str) -> None:
    with pytest.raises(DecisionError):
        rollback(base, who=who, why=why)
    assert states(base)[3] == "served"


def test_only_one_process_at_a_time_changes_versions(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kit.release.versions._LOCK_SECONDS", 0.1)
    with lock(base), pytest.raises(VersionError, match="One process at a time"):
        rollback(base, None, **BY)
    assert states(base)[3] == "served"


def test_labels_come_from_the_configuration_of_the_server(base: Path) -> None:
    (base.parent / "models.config").write_text(
        'model_config_list { config { name: "a" base_path: "/x/other" version_labels { key: "no" value: 3 } }'
        f' config {{ name: "b" base_path: "{base}" version_labels {{ key: "canary" value: 3 }} }} }}'
    )
    assert labels_of(base) == {"canary": 3}
    assert {one.number: one.labels for one in list_versions(base)} == {3: ("canary",), 2: (), 1: ()}
    assert "The labels canary point to what moved" in rollback(base, None, **BY).message


@pytest.mark.parametrize(
    ("held", "to", "then"),
    [([3], None, [2]), ([2], 3, [3]), ([2, 3], None, [2]), ([1, 3], 2, [1, 2])],
    ids=["back", "forward", "two", "another"],
)
def test_a_server_that_is_told_its_versions_is_told_of_the_rollback(
    base: Path, held: list[int], to: int | None, then: list[int]
) -> None:
    if to == 3:
        rollback(base, 2, **BY)
    file = base.parent / "models.config"
    versions = " ".join(f"versions: {one}" for one in held)
    file.write_text(
        f'model_config_list {{ config {{ name: "a" base_path: "/x/other" {_SPECIFIC % "versions: 3"} }}'
        f' config {{ name: "b" base_path: "{base}" {_SPECIFIC % versions}'
        f' version_labels {{ key: "stable" value: {held[-1]} }} }} }}'
    )
    done = rollback(base, to, **BY)
    assert not done.labels
    [config] = configs_of(base)
    assert list(config.model_version_policy.specific.versions) == then
    assert dict(config.version_labels) == {"stable": done.now}
    assert file.read_text().count("versions: 3") == 1 + then.count(3), "another model's stay"


def tell(base: Path, policy: str, labels: str = "") -> None:
    """Write a models.config with a policy."""
    (base.parent / "models.config").write_text(
        f'model_config_list {{ config {{ name: "shop" base_path: "{base}" {policy} {labels} }} }}'
    )


@pytest.mark.parametrize(
    ("policy", "labels", "served"),
    [
        (_SPECIFIC % "versions: 2", "", 2),
        (_SPECIFIC % "versions: 1 versions: 2", "", 2),
        (_SPECIFIC % "versions: 2 versions: 3", 'version_labels { key: "canary" value: 3 }', 2),
        ("model_version_policy { all {} }", "", 3),
        ("model_version_policy { latest { num_versions: 2 } }", "", 3),
        (_SPECIFIC % "versions: 9", "", None),
    ],
    ids=["held", "two", "a canary beside it", "all", "latest two", "not there"],
)
def test_the_version_that_serves_is_by_the_servers_configuration(
    base: Path, policy: str, labels: str, served: int | None
) -> None:
    tell(base, policy, labels)
    assert served_version(base) == served
    assert [number for number, state in states(base).items() if state == "served"] == [served][: bool(served)]


def test_a_rollback_goes_back_from_what_serves_and_leaves_a_push_that_is_held(base: Path) -> None:
    tell(base, _SPECIFIC % "versions: 2")
    assert rollback(base, None, **BY) == Rollback(2, 1, (2,), ())
    assert states(base) == {3: "kept", 2: "withdrawn", 1: "served"}
    with pytest.raises(
        VersionError, match=r"served one \(1\), but .* has 1, 3; withdrawn: 2\. Name one with --to"
    ):
        rollback(base, None, **BY)
    assert rollback(base, 3, **BY) == Rollback(1, 3, (), ())
    assert states(base) == {3: "served", 2: "withdrawn", 1: "kept"}


def roll_back_and_die(base: Path, to: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll back as a command does that is killed once the server was told, before a version is moved aside."""

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    tell(base, _SPECIFIC % "versions: 3")
    with monkeypatch.context() as patched:
        patched.setattr(versions, "move", dies)
        with pytest.raises(KeyboardInterrupt):
            rollback(base, to, **BY)


def test_a_rollback_that_was_killed_once_the_server_was_told_is_finished_by_the_next(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roll_back_and_die(base, 1, monkeypatch)
    assert states(base) == {3: "kept", 2: "kept", 1: "served"}
    assert rollback(base, 1, **BY) == Rollback(1, 1, (2, 3), ())
    assert states(base) == {3: "withdrawn", 2: "withdrawn", 1: "served"}
    assert rollback(base, 1, **BY) == Rollback(1, 1, (), ())


def test_the_label_of_what_serves_goes_back_with_it(base: Path) -> None:
    tell(base, "", 'version_labels { key: "stable" value: 3 } version_labels { key: "own" value: 3 }')
    assert rollback(base, None, **BY) == Rollback(3, 2, (3,), ("own",))
    assert labels_of(base) == {"stable": 2, "own": 3}


def test_a_rollback_by_one_that_was_killed_goes_no_further_back(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roll_back_and_die(base, None, monkeypatch)
    assert rollback(base, None, **BY) == Rollback(2, 2, (3,), ())
    assert rollback(base, None, **BY) == Rollback(2, 1, (2,), ())


def test_a_configuration_that_takes_the_latest_stays_as_it_is_written(base: Path) -> None:
    file = base.parent / "models.config"
    file.write_text(f'# ours\nmodel_config_list {{ config {{ name: "b" base_path: "{base}" }} }}')
    rollback(base, None, **BY)
    assert file.read_text().startswith("# ours")


def test_a_configuration_that_cannot_be_read_is_told(base: Path) -> None:
    (base.parent / "models.config").write_text("model_config_list { what }")
    with pytest.raises(VersionError, match="must be a ModelServerConfig in text format"):
        list_versions(base)


def test_a_rollback_that_is_killed_anywhere_leaves_a_version_served_that_somebody_chose(base: Path) -> None:
    """After each kill the served version is the old or the new one, nothing is lost, and again finishes it."""
    function, asked = "kit.release.versions:rollback", {"to": 1, **BY}
    ended, served = -signal.SIGKILL, []
    for last in range(1, 100):
        if (ended := kill_at(last, function, str(base), asked)) == 0:
            break
        assert ended == -signal.SIGKILL
        served.append(served_version(base))
        assert sorted([*numbers(base), *numbers(base / WITHDRAWN)]) == [1, 2, 3]
        assert rollback(base, 1, **BY).now == 1
        assert states(base) == {3: "withdrawn", 2: "withdrawn", 1: "served"}
        rollback(base, 2, **BY)
        rollback(base, 3, **BY)
        assert states(base) == {3: "served", 2: "kept", 1: "kept"}
    assert ended == 0, "it was killed at every place, and then it ran to its end"
    assert set(served) == {3, 1}, "never 2, which nobody asked for"
    assert served == [3] * served.count(3) + [1] * served.count(1)


@pytest.mark.alone
def test_a_rollback_takes_less_than_a_second_with_the_start_of_its_process(base: Path) -> None:
    started = time.perf_counter()
    assert kill_at(0, "kit.release.versions:rollback", str(base), BY) == 0
    assert time.perf_counter() - started < 1
    assert served_version(base) == 2
