"""Every exercise: its reference solution scores all, an untouched answer none, and three plausible wrong ones none."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from kit.project.folder import BUILT_IN
from kit.projects import SAMPLE
from kit.workshop.catalogue import exercise_named
from kit.workshop.errors import WorkshopError
from kit.workshop.exercise import POINTS, Answer, Exercise
from kit.workshop.solutions import solutions_of
from kit.workshop.texts import check_name, names

Get = Callable[[str], Exercise]
NAMES = names()


@pytest.fixture(scope="module")
def get(tmp_path_factory: pytest.TempPathFactory) -> Get:
    folder = tmp_path_factory.mktemp("workshop")
    return cache(lambda name: exercise_named(name, folder / name))


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_scores_all(get: Get, name: str) -> None:
    score = get(name).score(solutions_of(name).reference)
    assert [(one.name, one.reached) for one in score.points] == [(point, True) for point in POINTS], score
    assert score.total == len(POINTS)


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_answer_scores_none(get: Get, name: str) -> None:
    score = get(name).score(Answer())
    assert score.total == 0
    assert all("yet" in one.said for one in score.points)


@pytest.mark.parametrize("name", NAMES)
def test_three_plausible_answers_score_none(get: Get, name: str) -> None:
    wrong = solutions_of(name).wrong
    assert len(wrong) == 3
    for why, answer in wrong.items():
        assert answer.where, why
        assert answer.settings or answer.rules, why
        assert get(name).score(answer).total == 0, why


@pytest.mark.parametrize("name", NAMES)
def test_nothing_stops_the_fault_as_it_is(get: Get, name: str) -> None:
    exercise = get(name)
    assert not [one for one in exercise.said() if getattr(one, "state", "") == "fail"]
    assert all(getattr(one, "met", True) for one in exercise.said())
    assert list(exercise.rows().columns) == list(exercise.clean_rows().columns)


@pytest.mark.parametrize("name", ["leaking_feature", "new_users", "version_skew"])
def test_each_guard_is_tested_by_itself(get: Get, name: str) -> None:
    """Who gets the settings right has that point without the others; the words are not looked at."""
    reference = solutions_of(name).reference
    score = get(name).score(Answer("nowhere", None, reference.settings, reference.rules))
    assert [one.reached for one in score.points] == [False, False, True]


def test_another_seed_renames_another_tensor(tmp_path: Path) -> None:
    settings = solutions_of("wrong_signature").reference.settings
    for seed, was in enumerate(("user_id", "item_ids", "timestamp")):
        exercise = exercise_named("wrong_signature", tmp_path, seed)
        assert was not in set(exercise.rows()["tensor"])
        assert exercise.score(Answer("serving_default", was, settings)).total == len(POINTS)


def test_another_way_to_stop_it_counts_as_well(get: Get) -> None:
    score = get("negative_ages").score(Answer("age", [51, 86, 131], {"checks.ranges": "block"}))
    assert score.total == len(POINTS), score


def test_a_proof_needs_rows_enough_and_none_that_is_good(get: Get) -> None:
    exercise = get("negative_ages")
    assert exercise.prove([51, 86]).said == "2 rows named are at fault, 3 are needed"
    assert exercise.prove([51, 86, 131, 5]).said == "row 5 is as it was delivered"
    assert not exercise.prove([51, 51, 51]).reached
    assert not exercise.prove("all of them").reached


def test_a_proof_without_what_it_proves_is_none(get: Get) -> None:
    assert get("negative_ages").score(Answer("price", [51, 86, 131])).total == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(settings={"checks.leakage": "blok"}), "is not a valid project"),
        (Answer(settings={"columns.age": "ignore"}), "but not the data; this one sets columns.age"),
        (Answer(settings={"label.x": 1}), "this one sets label.x"),
        (Answer(settings={"title.x": 1}), "title in title.x is not a section"),
        (Answer(rules={"agee": {"least": "0"}}), "found 'agee'. Choose one of request_id"),
        (Answer(rules={"age": {"lest": "0"}}), "found 'lest'. Choose one of type"),
        (Answer(rules={"age": {"least": "young"}}), "least of age is not"),
    ],
)
def test_what_is_wrong_with_a_setting_is_told(get: Get, answer: Answer, said: str) -> None:
    [*_, caught] = get("negative_ages").score(answer).points
    assert not caught.reached
    assert said in caught.said


def test_the_project_itself_stays_as_it_is(get: Get) -> None:
    files = [path for path in (BUILT_IN / SAMPLE).iterdir() if path.is_file()]
    before = [path.read_bytes() for path in files]
    exercise = get("negative_ages")
    exercise.score(solutions_of("negative_ages").reference)
    assert [path.read_bytes() for path in files] == before
    assert exercise.guard(Answer(settings={"checks.leakage": "block"})).project.spec.checks.leakage == "block"
    assert exercise.guard(Answer()).project.spec.checks.leakage == "warn", "an answer leaves nothing behind"


def test_an_exercise_that_is_none() -> None:
    with pytest.raises(
        WorkshopError, match=r"There is no exercise 'negativ_ages'\. Did you mean negative_ages\?"
    ):
        check_name("negativ_ages")
    with pytest.raises(WorkshopError, match=r"An answer has where, .* but found wher\."):
        Answer.of({"wher": "age"})


def test_a_protection_that_is_none_is_told(get: Get) -> None:
    [*_, caught] = get("copied_endpoint").score(Answer(settings={"models.recommender.top_k": 0})).points
    assert not caught.reached
    assert "protect.yml must say what protects each model, but" in caught.said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"models.recommender.top_k": 3}, "honest users lose 0.05"),
        (
            {"gateway.rate_limit": {"requests": 1, "seconds": 86400}},
            "8.0% of the requests of honest users are",
        ),
        (
            {"gateway.rate_limit": {"requests": 2, "seconds": 86400}},
            "still has a copy whose ranks agree by 0.6",
        ),
    ],
)
def test_a_protection_has_its_price_and_its_worth(get: Get, settings: dict[str, object], said: str) -> None:
    [*_, caught] = get("copied_endpoint").score(Answer(settings=settings)).points
    assert not caught.reached
    assert said in caught.said


def test_a_slow_operation_may_be_named_in_full_and_is_counted_exactly(get: Get) -> None:
    exercise = get("slow_op")
    [slow, *_] = exercise.rows().to_dict("records")
    assert exercise.find(slow["operation"]).reached
    assert exercise.prove(slow["times"]).reached
    assert (
        exercise.prove(slow["times"] + 1).said == f"for one request it does not run {slow['times'] + 1} times"
    )
