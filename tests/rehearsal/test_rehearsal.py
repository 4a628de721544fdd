"""A rehearsal asks the pushed model both ways and through the gateway, and notices an answer that is another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tensorflow_serving.apis import predict_pb2

from kit.errors import InfraCheckError, StepOrderError, UsageError
from kit.gateway.probe import SUBJECT, audited, gateway_before, probe
from kit.monitoring import from_server
from kit.project.file import Gate
from kit.rehearsal import serving
from kit.rehearsal.canary import rehearse_canary
from kit.rehearsal.serving import Sent
from kit.release.infra import infra_validator
from kit.release.package_samples import SAMPLES
from kit.release.push import pushed_folder, pusher
from kit.serving.client import Client
from kit.session import Session
from kit.training.signature_names import EXAMPLES

if TYPE_CHECKING:
    from training.tiny import Tiny

ROWS = 12


@pytest.fixture(scope="module")
def session(tiny: Tiny) -> Session:
    with pytest.raises(StepOrderError, match="Run 05_release first"):
        serving.server(tiny.session, 1.0)
    session = tiny.evaluate(tiny.train(3), Gate(metric="auc", min=0.6))
    session.run(infra_validator(session))
    session.run(pusher(session))
    return session


@pytest.fixture(scope="module")
def client(session: Session) -> Iterator[Client]:
    with serving.server(session, 1.0) as server, Client(server.addresses, session.project.name) as client:
        yield client


def test_the_package_s_own_requests_are_answered_as_the_package_says(
    session: Session, client: Client
) -> None:
    asked = serving.ask_samples(client, session)
    version = pushed_folder(session)
    assert version is not None
    assert {(row.signature, row.way) for row in asked.itertuples()} >= {
        (EXAMPLES, "grpc"),
        (EXAMPLES, "rest"),
        ("serving_default", "grpc"),
        ("serving_default", "rest"),
        ("classify", "grpc"),
        ("classify", "rest"),
        ("regress", "grpc"),
        ("regress", "rest"),
    }
    assert set(asked["version"]) == {int(version.name)}


def test_another_answer_is_named(session: Session, client: Client) -> None:
    version = pushed_folder(session)
    assert version is not None
    path = version / SAMPLES / EXAMPLES / "response.pb"
    whole = path.read_bytes()
    response = predict_pb2.PredictResponse.FromString(whole)
    [output] = response.outputs.values()
    output.float_val[:] = []
    output.tensor_content = bytes(len(output.tensor_content))
    path.write_bytes(response.SerializeToString())
    try:
        with pytest.raises(
            InfraCheckError, match=rf"{EXAMPLES} by grpc must answer as the package says, but"
        ):
            serving.ask_samples(client, session)
    finally:
        path.write_bytes(whole)


def test_rows_are_answered_by_the_version_that_is_served_and_logged(session: Session, client: Client) -> None:
    from_server.take(session.workspace, session.project)
    sent = serving.send_rows(client, session, ROWS)
    assert sum(sent.versions.values()) == len(sent.milliseconds) == ROWS
    assert "answers, by gRPC and by REST" in serving.check_served(session, sent)
    assert f"{ROWS} requests" in sent.message
    with pytest.raises(InfraCheckError, match=r"but 7 did"):
        serving.check_served(session, Sent({7: ROWS}, sent.milliseconds))


def test_only_a_token_for_this_model_is_let_in(session: Session) -> None:
    with serving.server(session, 0.0) as server:
        with gateway_before(server.addresses, session.workspace, session.project) as gateway:
            answers = probe(gateway, serving.a_request(session), EXAMPLES)
        log = audited(gateway, newest=8)
    version = pushed_folder(session)
    assert version is not None
    let_in = answers[answers["token"] == f"of {SUBJECT}"]
    assert set(let_in["answer"]) == {f"version {version.name}"}
    others = answers[answers["token"] != f"of {SUBJECT}"]
    assert len(others) == 4
    assert others["answer"].str.startswith("refused, ").all()
    assert log["verdict"].str.startswith("refused").sum() == 4
    assert log["asked"].str.startswith("tiny:").sum() == 4, (
        "by REST: the signature and the answer, two refusals"
    )


def test_a_candidate_that_fails_is_taken_back_by_the_test(session: Session) -> None:
    with pytest.raises(UsageError, match="must be above 0 and up to 1, but is 0"):
        rehearse_canary(session, 0.0)
    rehearsed = rehearse_canary(session, 0.3)
    shown = rehearsed.look()
    control, candidate = shown.arms
    assert shown.state == "rolled back"
    assert "fail more often" in shown.why
    assert control.failed == 0 < candidate.failed <= rehearsed.refused
    assert 0 < control.requests + candidate.requests <= rehearsed.requests
    assert shown.evidence >= shown.needed
    assert rehearsed.message == (
        f"{rehearsed.requests:,} simulated requests, {rehearsed.refused:,} of them not answered."
    )
    with pytest.raises(UsageError, match="this was a rehearsal, and it is over"):
        rehearsed.decide("promote", "Ann", "it was fine")
    assert not (session.workspace.path / "experiments").exists(), "nothing of it is the workspace's"
