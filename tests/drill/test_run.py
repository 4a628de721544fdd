"""A whole drill on a small model, and its rule."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from in_process import invoke
from serving.models import settings_of
from training.tiny import Tiny

from kit.drill.endpoint import InProcess, RefusedError, ServerEndpoint
from kit.drill.errors import DrillError
from kit.drill.honest import Honest
from kit.drill.outcomes import DISTILLED, NONE, SERVER, Drill, Outcome, Point, last_drill, recommend
from kit.drill.run import drill
from kit.drill.settings import DrillSettings
from kit.errors import StepOrderError
from kit.serving.protect import Protection, Protector, ServedProtection
from kit.serving.server import ModelServer

SETTINGS = DrillSettings(
    queries=(1, 8),
    candidates=40,
    held_out=3,
    queries_a_day=1,
    days=4,
    protections=(Protection(decimals=1), Protection(noise=3.0), Protection(top_k=3)),
)


@pytest.fixture(scope="module")
def pushed(tiny: Tiny) -> Tiny:
    shutil.copytree(
        tiny.path("Trainer", "model") / "Format-Serving", tiny.session.workspace.serving("tiny") / "1"
    )
    return tiny


@pytest.fixture(scope="module")
def server(pushed: Tiny) -> Any:
    base = pushed.session.workspace.serving("tiny")
    settings = settings_of(base, port=0, rest_api_port=None, model_name="tiny")
    with ModelServer(settings, [Protector({"tiny": ServedProtection(decimals=0)})]) as running:
        endpoint = ServerEndpoint(running.start().grpc or "", "tiny")
        yield endpoint
        endpoint.close()


@pytest.fixture(scope="module")
def found(pushed: Tiny, server: ServerEndpoint) -> Drill:
    return drill(pushed.session, SETTINGS, server=server)


def outcome(found: Drill, name: str) -> Outcome:
    return next(one for one in found.outcomes if one.name == name)


def test_everything_was_attacked_and_priced(found: Drill) -> None:
    names = [one.name for one in found.outcomes]
    # Rows of this project belong to no list, so there is no top of one.
    assert names == [NONE, "1 decimal", "noise 3", "rate limit 1 a day", DISTILLED, SERVER]
    assert (found.version, found.quality_name) == (1, "AUC")
    assert [point.queries for point in found.outcomes[0].points] == [1, 8]


def test_the_model_is_extracted_by_its_answers(found: Drill) -> None:
    plain = found.outcomes[0]
    assert plain.fidelity > 0.9
    assert plain.quality > 0.75
    assert (plain.quality_cost, plain.top_kept) == (0, 1)


def test_noise_costs_honest_users_too(found: Drill) -> None:
    noisy = outcome(found, "noise 3")
    assert noisy.quality_cost > 0.02
    assert noisy.fidelity < found.outcomes[0].fidelity + 0.02  # who asks for 320 rows averages most of it out
    assert noisy.top_kept < 0.9


def test_a_limit_bounds_the_queries_and_takes_days(found: Drill) -> None:
    limited = outcome(found, "rate limit 1 a day")
    assert [point.queries for point in limited.points] == [1, 4]
    assert limited.days == 8
    assert limited.quality_cost == 0


def test_the_smaller_model_is_like_the_model(found: Drill) -> None:
    small = outcome(found, DISTILLED)
    assert small.quality > 0.7
    assert 0.5 < small.fidelity < 1


def test_the_server_was_attacked_as_it_runs(found: Drill) -> None:
    served = outcome(found, SERVER)
    assert np.isnan(served.quality)
    assert len(served.points) == 2
    assert served.points[-1].r2 < found.outcomes[0].points[-1].r2  # it says 0 or 1


class Ends(ServerEndpoint):
    """Answers some requests, and then raises an error."""

    def __init__(self, server: ServerEndpoint, answers: int, error: DrillError) -> None:
        self._server, self._left, self._error = server, answers, error

    def scores(self, records: Sequence[bytes]) -> Any:
        if not self._left:
            raise self._error
        self._left -= 1
        return self._server.scores(records)


QUICK = SETTINGS.model_copy(update={"protections": (Protection(decimals=1),), "distilled": False})


@pytest.mark.parametrize("error", [RefusedError("enough"), DrillError("it died")], ids=str)
def test_all_that_a_server_answered_before_it_refused_or_died_counts(
    pushed: Tiny, server: ServerEndpoint, error: DrillError
) -> None:
    told: list[str] = []
    found = drill(pushed.session, QUICK, server=Ends(server, 5, error), say=told.append)
    assert [point.queries for point in outcome(found, SERVER).points] == [1, 5]
    assert str(error) in told


def test_a_server_that_answers_nothing_is_told_before_anything_is_trained(
    pushed: Tiny, server: ServerEndpoint
) -> None:
    told: list[str] = []
    with pytest.raises(DrillError, match="no such model"):
        drill(pushed.session, QUICK, server=Ends(server, 0, DrillError("no such model")), say=told.append)
    assert told[-1] == "Asking the running server."


def test_both_ways_to_ask_give_the_same_scores(pushed: Tiny, server: ServerEndpoint) -> None:
    model = InProcess.load("tiny", pushed.session.workspace.serving("tiny") / "1")
    from kit.data.records import first_records  # noqa: PLC0415

    records = first_records(pushed.path("ExampleGen", "examples"), "eval", 5)
    assert server.scores(records).tolist() == np.round(model.scores(records)).tolist()
    model.close()


def test_a_server_that_is_not_there_is_told_before_anything_is_attacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("kit.drill.endpoint._CONNECT_SECONDS", 0.2)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(DrillError, match=f"must listen at {address}, but nobody did for 0.2 s"):
            ServerEndpoint(address, "tiny")


def test_a_server_that_refuses_ends_the_attack(
    server: ServerEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Limited(grpc.RpcError):
        def __init__(self, code: grpc.StatusCode) -> None:
            self.code, self.details = (lambda: code), lambda: "enough"

    def refuse(code: grpc.StatusCode) -> Callable[..., Any]:
        def predict(*_: Any, **__: Any) -> Any:
            raise Limited(code)

        return predict

    for code, error in (
        (grpc.StatusCode.RESOURCE_EXHAUSTED, RefusedError),
        (grpc.StatusCode.UNAVAILABLE, DrillError),
    ):
        monkeypatch.setattr(server._stub, "Predict", refuse(code))
        with pytest.raises(error, match=r"says .*enough") as caught:
            server.scores([b""])
        assert type(caught.value) is error


def test_the_command_prints_the_table(pushed: Tiny) -> None:
    words = ["drill", "-P", str(pushed.project.folder), "-w", str(pushed.folder), "--queries", "2"]
    answer = invoke(*words)
    assert answer.exit_code == 0, answer.output
    assert "distilled model" in answer.output
    assert "Recommended: " in answer.output
    kept = last_drill(pushed.folder, pushed.project.name)
    assert kept is not None
    assert [one.name for one in kept.outcomes if one.name not in answer.output] == []
    assert last_drill(pushed.folder, "another") is None


def test_more_queries_than_fit_in_memory_are_refused(tmp_path: Path) -> None:
    ended = invoke("drill", "-w", tmp_path, "--queries", 10**9)
    assert (ended.exit_code, "10000" in ended.output) == (2, True)


def test_what_cannot_be_drilled_is_said(tiny: Tiny, tmp_path: Path) -> None:
    session = tiny.session
    spec = session.project.spec
    try:
        session.project.spec = spec.model_copy(update={"task": "multiclass"})
        with pytest.raises(DrillError, match="multiclass"):
            drill(session)
    finally:
        session.project.spec = spec
    moved = session.workspace.serving("tiny").rename(tmp_path / "moved")
    try:
        with pytest.raises(StepOrderError, match="needs a pushed model"):
            drill(session)
    finally:
        moved.rename(session.workspace.serving("tiny"))


def made(name: str, fidelity: float, **costs: float) -> Outcome:
    point = Point(10, fidelity, 0.5, 0.5)
    plain = Outcome(
        name=name,
        points=(point,),
        quality=0.8,
        quality_cost=0.0,
        ndcg=None,
        ndcg_cost=None,
        top_kept=1.0,
        refused=0.0,
        days=0.0,
    )
    return replace(plain, **costs)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([made("a", 0.7), made("b", 0.6)], "b"),
        ([made("a", 0.7), made("b", 0.6, quality_cost=0.006)], "a"),
        ([made("a", 0.7), made("b", 0.6, top_kept=0.89)], "a"),
        ([made("a", 0.7), made("b", 0.6, refused=0.02)], "a"),
        ([made("a", 0.79)], None),
        ([made(SERVER, 0.1)], None),
        ([made("a", 0.6), made("b", 0.59, quality_cost=0.001)], "a"),
        ([], None),
    ],
)
def test_what_costs_honest_users_too_much_is_not_recommended(
    others: list[Outcome], expected: str | None
) -> None:
    marked = recommend([made(NONE, 0.8), *others], DrillSettings())
    assert [one.name for one in marked if one.recommended] == ([expected] if expected else [])


def test_nothing_is_recommended_where_nothing_was_extracted() -> None:
    plain = replace(made(NONE, 0.1), points=(Point(1, 0.1, 0.1, -0.2),))
    assert not any(one.recommended for one in recommend([plain, made("a", 0.02)], DrillSettings()))


def test_honest_users_past_the_limit_are_counted() -> None:
    lists, users = np.array([0, 0, 1, 2, 3]), np.array([7, 7, 7, 7, 8])
    honest = Honest(lists, np.zeros(5), users, 3, probabilities=True)
    assert honest.refused(3) == 0
    assert honest.refused(1) == pytest.approx(2 / 4)
    assert replace(honest, users=None).refused(1) == 0


@pytest.mark.parametrize(
    "given", [{"queries": (10, 3)}, {"best": 200}, {"seed": -1}, {"querys": (1,)}], ids=str
)
def test_settings_that_cannot_be_are_refused(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="validation error"):
        DrillSettings.model_validate(given)
