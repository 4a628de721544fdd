"""The interceptor in a server: who gets which version, what is counted, and what changes on the way."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from tensorflow_serving.apis import get_model_metadata_pb2

from kit.serving.errors import ServingError
from kit.serving.experiments import counts, splitter
from kit.serving.experiments.counts import FAILED, OTHERS, REQUESTS, SLOW, Counter, total
from kit.serving.experiments.experiment import FILE
from kit.serving.experiments.split import CANDIDATE, Place, Split
from kit.serving.headers import REQUEST_ID
from kit.serving.transport import Transport
from serving.models import NAME, config_text, remove

from .trial import CANDIDATE_VERSION, CONTROL_VERSION, Trial

USERS = [f"u{number}" for number in range(60)]


def expected(trial: Trial, user: str) -> int:
    arm = Split(trial.experiment.name, trial.experiment.settings.share).place(user.encode()).arm
    return (CONTROL_VERSION, CANDIDATE_VERSION)[arm]


@pytest.mark.parametrize("transport", [Transport.GRPC, Transport.REST])
def test_each_user_gets_one_version_again_and_again(trial: Trial, transport: Transport) -> None:
    trial.save()
    found = {user: {trial.ask(user, transport=transport) for _ in range(3)} for user in USERS}
    assert found == {user: {expected(trial, user)} for user in USERS}
    assert {frozenset(versions) for versions in found.values()} == {
        frozenset({CONTROL_VERSION}),
        frozenset({CANDIDATE_VERSION}),
    }


def test_what_is_asked_for_by_name_is_no_part_of_the_experiment(trial: Trial) -> None:
    trial.save()
    config = config_text(
        trial.base, "model_version_policy { all {} }", 'version_labels { key: "stable" value: 1 }'
    )
    trial.base.with_name("models.config").write_text(config)
    trial.server.manager.reload(trial.make_server()._settings.models())
    assert {trial.ask(user, label="stable") for user in USERS} == {CONTROL_VERSION}
    assert {trial.ask(user, version=CANDIDATE_VERSION) for user in USERS} == {CANDIDATE_VERSION}
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = NAME
    trial.server.inference.metadata(request, {}, Transport.GRPC)
    trial.server.stop()
    summed = total(trial.folder / "a")
    assert summed.table.sum() == summed.others.sum() == 0


def test_requests_are_counted_by_arm_and_group(trial: Trial) -> None:
    trial.save()
    for user in USERS:
        trial.ask(user)
    request = trial.request(USERS[0], pairs=[[1.0, 1.0, 1.0]])
    with pytest.raises(ServingError):
        trial.server.inference.predict(request, {}, Transport.GRPC)
    trial.server.stop()
    table = total(trial.folder / "a").table
    place = Split("a", 0.5).place(USERS[0].encode())
    assert table[..., REQUESTS].sum() == len(USERS) + 1
    assert table[1, :, REQUESTS].sum() == sum(
        expected(trial, user) == CANDIDATE_VERSION for user in [*USERS, USERS[0]]
    )
    assert table[..., FAILED].sum() == table[place.arm, place.group, FAILED] == 1
    assert table[..., SLOW].sum() == 0


def test_a_slow_answer_is_counted(trial: Trial) -> None:
    settings = trial.experiment.settings.model_copy(update={"slow_ms": 1e-6})
    trial.save(dataclasses.replace(trial.experiment, settings=settings))
    trial.ask(USERS[0])
    trial.server.stop()
    assert total(trial.folder / "a").table[..., SLOW].sum() == 1


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        (grpc.StatusCode.INTERNAL, 1),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 0),
        (grpc.StatusCode.CANCELLED, 0),
        (grpc.StatusCode.PERMISSION_DENIED, 0),
        (grpc.StatusCode.UNAUTHENTICATED, 0),
    ],
)
def test_only_what_a_version_did_wrong_is_its_failure_and_no_failure_is_slow(
    trial: Trial, tmp_path: Path, code: grpc.StatusCode, failed: int
) -> None:
    followed = splitter._Followed(trial.experiment, Split("a", 0.5), Counter(tmp_path))
    context: Any = SimpleNamespace(notes={splitter._NOTE: (followed, Place(CANDIDATE, 7))})
    splitter.Splitter(tmp_path).after(context, ServingError(code, "no"), None, 1e9)
    followed.counter.close()
    assert total(tmp_path).table[CANDIDATE, 7].tolist() == [failed, failed, 0]


def test_the_counts_of_an_experiment_whose_file_is_taken_away_are_written(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counts, "_WRITE_SECONDS", 3600)
    trial.save()
    trial.ask(USERS[0])
    (trial.folder / FILE).unlink()
    trial.ask(USERS[0])
    assert total(trial.folder / "a").table[..., REQUESTS].sum() == 1


def test_requests_of_none_or_several_users_are_answered_and_told_apart(trial: Trial) -> None:
    trial.save()
    assert {trial.ask("") for _ in range(40)} == {CONTROL_VERSION, CANDIDATE_VERSION}, "at random"
    assert trial.ask(USERS[0], USERS[1]) == expected(trial, USERS[0])
    assert trial.ask(USERS[0], USERS[0]) == expected(trial, USERS[0])
    trial.server.stop()
    summed = total(trial.folder / "a")
    assert dict(zip(OTHERS, summed.others, strict=True)) == {
        "without a user": 40,
        "of several users": 1,
        "version not loaded": 0,
    }
    assert summed.table[..., REQUESTS].sum() == 1


def test_an_arm_whose_version_is_gone_fails_no_request(trial: Trial) -> None:
    trial.save()
    assert trial.ask(USERS[0]) == expected(trial, USERS[0])
    remove(trial.base, CANDIDATE_VERSION)
    trial.server.manager.poll()
    assert {trial.ask(user) for user in USERS} == {CONTROL_VERSION}
    trial.server.stop()
    away = sum(expected(trial, user) == CANDIDATE_VERSION for user in USERS)
    assert total(trial.folder / "a").others.tolist() == [0, 0, away]


def test_the_end_of_an_experiment_is_followed_by_a_running_server(trial: Trial) -> None:
    assert {trial.ask(user) for user in USERS} == {CANDIDATE_VERSION}, "no experiment yet: the latest"
    trial.save()
    assert {trial.ask(user) for user in USERS} == {CONTROL_VERSION, CANDIDATE_VERSION}
    trial.save(trial.experiment.end("rolled back", "Ann", "worse"))
    assert {trial.ask(user) for user in USERS} == {CONTROL_VERSION}, "before the candidate is unloaded, too"
    trial.save(trial.experiment.end("promoted", "Ann", "better"))
    assert {trial.ask(user) for user in USERS} == {CANDIDATE_VERSION}
    (trial.folder / FILE).unlink()
    assert {trial.ask(user) for user in USERS} == {CANDIDATE_VERSION}


def test_a_file_that_is_broken_changes_nothing(trial: Trial, caplog: pytest.LogCaptureFixture) -> None:
    trial.save()
    before = {user: trial.ask(user) for user in USERS}
    (trial.folder / FILE).write_text('{"name": ')
    assert {user: trial.ask(user) for user in USERS} == before
    assert "must be an experiment as `kit canary start` writes it" in caplog.text


def test_a_restarted_server_splits_alike_and_adds_to_the_counts(trial: Trial) -> None:
    trial.save()
    before = {user: trial.ask(user) for user in USERS}
    trial.server.stop()
    trial.server = trial.make_server()
    with trial.server:
        trial.server.start()
        assert {user: trial.ask(user) for user in USERS} == before
    summed = total(trial.folder / "a")
    assert summed.table[..., REQUESTS].sum() == 2 * len(USERS)


def test_another_experiment_splits_anew_and_counts_for_itself(trial: Trial) -> None:
    trial.save()
    first = {user: trial.ask(user) for user in USERS}
    trial.save(dataclasses.replace(trial.experiment, name="b"))
    second = {user: trial.ask(user) for user in USERS}
    assert 10 < sum(first[user] != second[user] for user in USERS) < 50
    trial.server.stop()
    for name in ("a", "b"):
        assert total(trial.folder / name).table[..., REQUESTS].sum() == len(USERS)


def test_a_model_that_is_not_served_is_not_looked_for(trial: Trial) -> None:
    request = trial.request(USERS[0])
    request.model_spec.name = "../../somewhere"
    with pytest.raises(ServingError, match="Servable not found"):
        trial.server.inference.predict(request, {}, Transport.GRPC)


def test_requests_that_are_units_by_themselves_are_split_by_their_ids(trial: Trial) -> None:
    settings = trial.experiment.settings.model_copy(update={"unit": REQUEST_ID})
    trial.save(dataclasses.replace(trial.experiment, settings=settings))

    def ask(headers: dict[str, str]) -> int:
        answer = trial.server.inference.predict(trial.request("u1"), headers, Transport.GRPC)
        return int(answer.model_spec.version.value)

    named = {number: {ask({REQUEST_ID: f"r{number}"}) for _ in range(3)} for number in range(30)}
    assert {len(versions) for versions in named.values()} == {1}, "the same id, the same version"
    assert set.union(*named.values()) == {CONTROL_VERSION, CANDIDATE_VERSION}
    assert {ask({}) for _ in range(60)} == {CONTROL_VERSION, CANDIDATE_VERSION}
