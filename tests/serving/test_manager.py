from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import numpy as np
import pytest
from waiting import wait_until

from kit.serving import turns
from kit.serving.errors import ServingError
from kit.serving.harness import State
from kit.serving.loading import make_loader
from kit.serving.manager import Manager
from kit.serving.servable import Servable
from serving.models import (
    NAME,
    break_model,
    config_text,
    factor,
    predict_log,
    remove,
    save_linear,
    settings_of,
    write_warmup,
)

Start = Callable[..., Manager]


def states(manager: Manager) -> dict[int, str]:
    return {status.version: status.state.value for status in manager.status(NAME)}


def test_the_latest_version_takes_traffic_and_the_one_before_goes(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    assert (factor(manager), manager.ready()) == (2, True)
    save_linear(base, 2, 3.0)
    manager.poll()
    assert factor(manager) == 3
    wait_until(lambda: states(manager) == {2: "AVAILABLE", 1: "END"})
    with pytest.raises(
        ServingError, match=r"^Servable not found for request: Specific\(linear, 1\)$"
    ) as raised:
        factor(manager, 1)
    assert raised.value.code is grpc.StatusCode.NOT_FOUND


def test_folders_are_followed(base: Path, start: Start) -> None:
    manager = start(settings_of(base, file_system_poll_wait_seconds=0.05))
    save_linear(base, 2, 3.0)
    wait_until(lambda: factor(manager) == 3)
    remove(base, 2)
    wait_until(lambda: factor(manager) == 2)


def test_an_old_version_is_unloaded_only_when_its_last_request_is_answered(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    with manager.get(NAME) as old:
        save_linear(base, 2, 3.0)
        before = {*threading.enumerate()}
        manager.poll()
        [unloading] = {*threading.enumerate()} - before
        unloading.join(0.3)  # in which it would have unloaded the version
        assert states(manager) == {2: "AVAILABLE", 1: "UNLOADING"}
        assert factor(manager) == 3
        assert old.run("", {"x": np.ones(1, np.float32)})["y"].tolist() == [2]
    wait_until(lambda: states(manager)[1] == "END")


def test_the_new_version_is_loaded_before_the_old_one_goes(
    base: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = start(settings_of(base))
    seen = []
    load = manager._load_servable

    def watched(name: str, version: int, folder: Path) -> Servable:
        seen.append((states(manager), factor(manager)))
        return load(name, version, folder)

    monkeypatch.setattr(manager, "_load_servable", watched)
    save_linear(base, 2, 3.0)
    manager.poll()
    assert seen == [({2: "LOADING", 1: "AVAILABLE"}, 2)]


def test_a_broken_version_is_reported_and_the_old_one_stays(
    base: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    manager = start(settings_of(base))
    folder = break_model(base, 2)
    manager.poll()
    [broken, old] = manager.status(NAME)
    assert (broken.version, broken.state, old.state) == (2, State.END, State.AVAILABLE)
    assert "Could not load" in str(broken.error)
    assert any("Version 2 of linear cannot be served" in line for line in caplog.messages)
    assert factor(manager) == 2
    with pytest.raises(ServingError, match="not found"):
        factor(manager, 2)

    caplog.clear()
    manager.poll()
    assert not caplog.messages  # it is not tried again by the clock
    (folder / "saved_model.pb").unlink()
    folder.rmdir()
    save_linear(base, 2, 3.0)
    manager.poll()
    assert (factor(manager), manager.status(NAME, 2)[0].error) == (3, None)


def test_a_broken_version_that_is_taken_away_is_forgotten(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    break_model(base, 2)
    manager.poll()
    remove(base, 2)
    manager.poll()
    assert states(manager) == {1: "AVAILABLE"}


def test_a_version_whose_warmup_fails_takes_no_traffic(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    save_linear(base, 2, 3.0, warmup=[predict_log(1.0, signature="three")])
    manager.poll()
    assert "not compatible" in str(manager.status(NAME, 2)[0].error)
    assert factor(manager) == 2


def test_a_load_that_fails_may_be_tried_again(
    base: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    manager = start(settings_of(base, max_num_load_retries=2, load_retry_interval_micros=1000))
    break_model(base, 2)
    manager.poll()
    assert sum("Version 2" in line for line in caplog.messages) == 3


def test_a_version_may_come_back(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    save_linear(base, 2, 3.0)
    manager.poll()
    wait_until(lambda: states(manager)[1] == "END")
    remove(base, 2)
    manager.poll()
    wait_until(lambda: states(manager) == {2: "END", 1: "AVAILABLE"})
    assert factor(manager) == 2


def test_a_version_that_is_wanted_back_while_it_unloads_is_loaded_once_it_has(
    base: Path, start: Start
) -> None:
    manager = start(settings_of(base))
    with manager.get(NAME):
        save_linear(base, 2, 3.0)
        manager.poll()
        remove(base, 2)
        manager.poll()  # nobody looks again after this
        assert states(manager) == {2: "AVAILABLE", 1: "UNLOADING"}
    wait_until(lambda: states(manager) == {2: "END", 1: "AVAILABLE"})
    assert factor(manager) == 2


@pytest.mark.parametrize("always_present", [False, True])
def test_an_empty_folder_unloads_unless_versions_are_always_present(
    base: Path, start: Start, always_present: bool
) -> None:
    manager = start(settings_of(base, servable_versions_always_present=always_present))
    remove(base, 1)
    manager.poll()
    assert manager.ready() is always_present


def test_a_folder_that_is_gone_for_a_moment_changes_nothing(
    base: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    manager = start(settings_of(base))
    base.rename(base.with_name("away"))
    manager.poll()
    assert (factor(manager), manager.ready()) == (2, True)
    assert "cannot be looked for" in caplog.text


def test_a_model_may_have_its_first_version_later(tmp_path: Path, start: Start) -> None:
    manager = start(settings_of(tmp_path))
    assert not manager.ready()
    with pytest.raises(ServingError, match=r"^Could not find any versions of model linear$"):
        manager.status(NAME)
    with pytest.raises(ServingError, match=r"^Servable not found for request: Latest\(linear\)$"):
        factor(manager)
    save_linear(tmp_path, 1)
    manager.poll()
    assert manager.ready()


def test_a_server_does_not_start_without_a_version_when_that_is_asked(tmp_path: Path, start: Start) -> None:
    with pytest.raises(ServingError, match="Unable to find a numerical version path for servable linear"):
        start(settings_of(tmp_path, fail_if_no_model_versions_found=True))


def test_a_server_does_not_start_with_a_broken_model_only(tmp_path: Path, start: Start) -> None:
    break_model(tmp_path, 1)
    with pytest.raises(ServingError, match=r"did not become available: \{\{\{?name: linear version: 1"):
        start(settings_of(tmp_path))


@pytest.mark.parametrize(
    ("policy", "loaded"), [("all {}", {1, 2, 3}), ("latest { num_versions: 2 }", {2, 3})]
)
def test_policies_keep_several_versions(base: Path, start: Start, policy: str, loaded: set[int]) -> None:
    save_linear(base, 2, 3.0)
    save_linear(base, 3, 4.0)
    config = base.with_name("models.config")
    config.write_text(config_text(base, f"model_version_policy {{ {policy} }}"))
    manager = start(settings_of(base, model_config_file=str(config)))
    assert set(states(manager)) == loaded
    assert (factor(manager), factor(manager, 2)) == (4, 3)


def test_no_request_fails_while_versions_are_swapped(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    versions = range(2, 10)
    seen: set[float] = set()
    done = threading.Event()

    def ask() -> None:
        while not done.is_set():
            seen.add(factor(manager))

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask) for _ in range(4)]
        for version in versions:
            save_linear(base, version, float(version))
            remove(base, version - 1)
            manager.poll()
        wait_until(lambda: versions[-1] in seen or any(future.done() for future in asked))
        done.set()
        for future in asked:
            future.result()
    assert seen <= {2.0, *map(float, versions)}
    assert versions[-1] in seen


def test_a_load_rests_only_while_requests_come(
    base: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    rests: list[float] = []
    manager, rested = start(settings_of(base)), []
    monkeypatch.setattr(time, "sleep", rests.append)
    for version, asks in ((2, False), (3, True)):
        monkeypatch.setattr(turns, "_last_request", -math.inf)
        if asks:
            factor(manager)
        save_linear(base, version)
        manager.poll()
        rested.append(bool(rests))
    assert rested == [False, True]


def test_stopping_waits_for_requests_no_longer_than_it_may(base: Path) -> None:
    settings = settings_of(base, drain_seconds=0.2)
    manager = Manager(settings, make_loader(settings))
    manager.start()
    with manager.get(NAME):
        started = time.monotonic()
        manager.stop()
        assert 0.2 <= time.monotonic() - started < 5
    assert states(manager) == {1: "END"}


def test_a_warmup_file_is_replayed_before_a_version_takes_traffic(
    base: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    write_warmup(base / "1", [predict_log(1.0), predict_log(2.0)])
    with caplog.at_level(logging.INFO):
        start(settings_of(base))
    messages = [line for line in caplog.messages if "Replayed" in line or "is loaded" in line]
    assert [line.split()[0] for line in messages] == ["Replayed", "Version"]
    assert "2 requests" in messages[0]
