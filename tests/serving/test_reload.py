"""Configurations at run time: labels, models that come and go, and what is not valid."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2
from waiting import wait_until

from kit.serving.errors import ServingError
from kit.serving.harness import State
from kit.serving.manager import Manager
from serving.models import (
    NAME,
    break_model,
    config_text,
    factor,
    remove,
    save_linear,
    settings_of,
)

Start = Callable[..., Manager]


def _config(base: Path, policy: str = "", labels: str = "", name: str = NAME) -> Any:
    text = config_text(base, policy, labels, name=name)
    return text_format.Parse(text, model_server_config_pb2.ModelServerConfig())


_ALL = "model_version_policy { all {} }"
_LATEST = "model_version_policy {{ latest {{ num_versions: 1 }} }}"


def _labels(**labels: int) -> str:
    return " ".join(f'version_labels {{ key: "{key}" value: {value} }}' for key, value in labels.items())


def test_labels_move_only_to_versions_that_are_loaded(base: Path, start: Start) -> None:
    save_linear(base, 2, 3.0)
    manager = start(settings_of(base))
    manager.reload(_config(base, _ALL))
    manager.reload(_config(base, _ALL, _labels(stable=1, canary=2)))
    assert (factor(manager, label="stable"), factor(manager, label="canary")) == (2, 3)
    with pytest.raises(
        ServingError, match="label to version 7 of model linear, which is not currently"
    ) as raised:
        manager.reload(_config(base, _ALL, _labels(stable=7)))
    assert raised.value.code is grpc.StatusCode.FAILED_PRECONDITION
    assert manager.labels(NAME) == {"stable": 1, "canary": 2}
    with pytest.raises(ServingError, match=r"^Unrecognized servable version label: gold$") as raised:
        factor(manager, label="gold")
    assert raised.value.code is grpc.StatusCode.INVALID_ARGUMENT


def test_what_a_label_points_to_stays_loaded_where_it_is_to_although_it_lies_aside(
    base: Path, start: Start
) -> None:
    save_linear(base, 2, 3.0)
    manager = start(settings_of(base))
    manager.reload(_config(base, _ALL))
    manager.reload(_config(base, _ALL, _labels(stable=2)))
    remove(base, 2)
    manager.reload(_config(base, _ALL, _labels(stable=2)), keeps_labelled=True)
    assert factor(manager, label="stable") == 3
    manager.reload(_config(base, _ALL, _labels(stable=1)))
    assert factor(manager, label="stable") == 2
    with pytest.raises(ServingError, match="Servable not found"):
        factor(manager, 2)


def test_new_labels_may_be_early_where_that_is_allowed(base: Path, start: Start) -> None:
    config = base.with_name("models.config")
    config.write_text(config_text(base, _ALL, _labels(stable=1)))
    with pytest.raises(ServingError, match="not currently available"):
        start(
            settings_of(base, model_config_file=str(config))
        )  # as with the real server: nothing is loaded yet
    manager = start(
        settings_of(base, model_config_file=str(config), allow_version_labels_for_unavailable_models=True)
    )
    assert factor(manager, label="stable") == 2
    with pytest.raises(ServingError, match="not currently available"):  # in use for version 1
        manager.reload(_config(base, _ALL, _labels(stable=9)))


def test_a_configuration_adds_and_removes_models(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    save_linear(base.with_name("other"), 1, 5.0)
    manager.reload(_config(base.with_name("other"), name="other"))
    assert manager.models == ["other"]
    with pytest.raises(ServingError, match=r"Latest\(linear\)"):
        factor(manager)
    with manager.get("other") as servable:
        assert servable.run("", {"x": np.ones(1, np.float32)})["y"].tolist() == [5]


def test_a_configuration_with_a_new_model_that_cannot_be_served_is_an_error(base: Path, start: Start) -> None:
    manager = start(settings_of(base))
    break_model(base.with_name("other"), 4)
    config = _config(base)
    config.MergeFrom(_config(base.with_name("other"), name="other"))
    with pytest.raises(ServingError, match="did not become available") as raised:
        manager.reload(config)
    assert raised.value.code is grpc.StatusCode.UNKNOWN
    assert factor(manager) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            (
                'model_config_list { config { name: "a" base_path: "/a" model_platform: "tensorflow" } '
                'config { name: "a" base_path: "/b" model_platform: "tensorflow" } }'
            ),
            "Illegal to list model a multiple times",
        ),
        (
            'model_config_list { config { name: "a" base_path: "a" model_platform: "tensorflow" } }',
            "absolute path",
        ),
        ('model_config_list { config { name: "a" base_path: "/a" } }', "model_platform"),
        (
            'model_config_list { config { name: "a" base_path: "/a" model_platform: "onnx" } }',
            "no entry for platform",
        ),
        ("custom_model_config {}", "Cannot transition"),
    ],
)
def test_a_configuration_that_is_not_valid_changes_nothing(
    base: Path, start: Start, text: str, message: str
) -> None:
    manager = start(settings_of(base))
    with pytest.raises(ServingError, match=message):
        manager.reload(text_format.Parse(text, model_server_config_pb2.ModelServerConfig()))
    manager.reload(model_server_config_pb2.ModelServerConfig())  # an empty one: no action
    assert (factor(manager), manager.models) == (2, [NAME])


def test_a_changed_file_is_taken_and_a_wrong_one_is_not(
    base: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    config = base.with_name("models.config")
    config.write_text(config_text(base))
    save_linear(base, 2, 3.0)
    manager = start(settings_of(base, model_config_file=str(config), model_config_file_poll_wait_seconds=1))
    with caplog.at_level(logging.ERROR):
        config.write_text("model_config_list {")
        wait_until(lambda: "is not taken" in caplog.text)
    assert factor(manager) == 3
    config.write_text(config_text(base, "model_version_policy { specific { versions: 1 } }"))
    wait_until(lambda: factor(manager) == 2)


def test_a_label_of_a_changed_file_moves_once_its_version_is_loaded(
    base: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    save_linear(base, 2, 3.0)
    config = base.with_name("models.config")

    def hold(version: int) -> None:
        policy = f"model_version_policy {{ specific {{ versions: {version} }} }}"
        config.write_text(config_text(base, policy, _labels(stable=version)))

    hold(2)
    looked = {"model_config_file": str(config), "model_config_file_poll_wait_seconds": 0.05}
    manager = start(settings_of(base, allow_version_labels_for_unavailable_models=True, **looked))
    assert factor(manager, label="stable") == 3
    hold(1)
    wait_until(lambda: manager.labels(NAME) == {"stable": 1})
    assert factor(manager) == factor(manager, label="stable") == 2
    with caplog.at_level(logging.ERROR):
        hold(7)
        wait_until(lambda: "is not taken" in caplog.text)
    assert factor(manager) == factor(manager, label="stable") == 2


@pytest.mark.parametrize("policy", ["model_version_policy {{ specific {{ versions: {0} }} }}", "", _LATEST])
def test_a_label_serves_on_while_it_moves_away_from_a_version_that_lies_aside(
    base: Path, start: Start, policy: str
) -> None:
    save_linear(base, 2, 3.0)
    config = base.with_name("models.config")
    config.write_text(config_text(base, policy.format(2), _labels(stable=2)))
    polls = {"file_system_poll_wait_seconds": 0.05, "model_config_file_poll_wait_seconds": 60}
    looked = {"model_config_file": str(config), "allow_version_labels_for_unavailable_models": True}
    manager = start(settings_of(base, **looked, **polls))
    config.write_text(config_text(base, policy.format(1), _labels(stable=1)))
    (base / "2").rename(base.with_name("aside"))
    wait_until(lambda: factor(manager, label="stable") == 2)  # an error of `factor` ends the test
    wait_until(lambda: [one.version for one in manager.status(NAME) if one.state == State.AVAILABLE] == [1])


def test_a_label_serves_on_until_the_version_that_it_moves_to_has_come(base: Path, start: Start) -> None:
    config = base.with_name("models.config")
    config.write_text(config_text(base, "", _labels(stable=1)))
    polls = {"file_system_poll_wait_seconds": 0.05, "model_config_file_poll_wait_seconds": 60}
    looked = {"model_config_file": str(config), "allow_version_labels_for_unavailable_models": True}
    manager = start(settings_of(base, **looked, **polls))
    config.write_text(config_text(base, "", _labels(stable=2)))
    save_linear(base, 2, 3.0)
    wait_until(lambda: factor(manager, label="stable") == 3)  # an error of `factor` ends the test
    wait_until(lambda: [one.version for one in manager.status(NAME) if one.state == State.AVAILABLE] == [2])


def test_a_label_that_is_early_is_taken_once_its_version_has_come(
    base: Path, start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    config = base.with_name("models.config")
    policy = "model_version_policy { all { } }"
    config.write_text(config_text(base, policy, _labels(stable=1)))
    polls = {"file_system_poll_wait_seconds": 0.05, "model_config_file_poll_wait_seconds": 0.05}
    looked = {"model_config_file": str(config), "allow_version_labels_for_unavailable_models": True}
    manager = start(settings_of(base, **looked, **polls))
    with caplog.at_level(logging.ERROR):
        config.write_text(config_text(base, policy, _labels(stable=2)))
        wait_until(lambda: "is not taken" in caplog.text)
        save_linear(base, 2, 3.0)
        wait_until(lambda: manager.labels(NAME) == {"stable": 2})
    assert caplog.text.count("is not taken") == 1
    assert factor(manager, label="stable") == 3


def test_a_version_goes_when_the_file_no_longer_names_it_and_one_always_serves(
    base: Path, start: Start
) -> None:
    save_linear(base, 2, 3.0)
    config = base.with_name("models.config")
    policy = "model_version_policy {{ specific {{ versions: {0} }} }}"
    config.write_text(config_text(base, policy.format(2)))
    polls = {"file_system_poll_wait_seconds": 0.05, "model_config_file_poll_wait_seconds": 60}
    manager = start(settings_of(base, model_config_file=str(config), **polls))
    config.write_text(config_text(base, policy.format(1)))
    (base / "2").rename(base.with_name("aside"))
    wait_until(lambda: factor(manager) == 2)  # an error of `factor` ends the test
