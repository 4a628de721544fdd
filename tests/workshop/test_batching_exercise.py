"""Served on a clock of its own: each wait follows from the setting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from kit.project import Project
from kit.serving.batching.parameters import Batching
from kit.workshop.batching_exercise import BEFORE, NOW, ROW_MS, RUN_MS, BatchingExercise, served
from kit.workshop.exercise import Answer
from kit.workshop.traffic import Traffic

ALONE, TWO = RUN_MS + 10 * ROW_MS, RUN_MS + 20 * ROW_MS


@dataclass(frozen=True)
class Timetable(Traffic):
    """Requests at given times."""

    times: tuple[float, ...] = ()

    def arrivals(self) -> NDArray[np.float64]:
        return np.array(self.times)


def at(*times: float, rows: int = 10) -> Timetable:
    return Timetable(0, times=times, rows=rows)


def test_a_batch_goes_when_its_wait_is_over() -> None:
    found = served(replace(BEFORE, batch_timeout_micros=50_000), at(1.0, 1.02, 1.2))
    assert found["batch"].tolist() == [0, 0, 1]
    assert found["waited_ms"].tolist() == pytest.approx([50, 30, 50])
    assert found["answered_ms"].tolist() == pytest.approx([50 + TWO, 30 + TWO, 50 + ALONE])


def test_a_full_batch_goes_at_once() -> None:
    found = served(replace(BEFORE, max_batch_size=20, batch_timeout_micros=50_000), at(1.0, 1.001, 1.002))
    assert found["batch"].tolist() == [0, 0, 1]
    # The third is read when the thread has computed the first two, and its wait begins then.
    assert found["waited_ms"].tolist() == pytest.approx([1, 0, TWO - 1 + 50])


def test_while_a_batch_is_computed_the_next_one_gathers() -> None:
    found = served(BEFORE, at(1.0, 1.0005, 1.001))
    assert found["batch"].tolist() == [0, 1, 1]
    assert found["waited_ms"].tolist() == pytest.approx([0, ALONE - 0.5, ALONE - 1])


def test_a_batch_is_filled_up_to_an_allowed_size() -> None:
    [row] = served(replace(BEFORE, allowed_batch_sizes=(64, 128)), at(1.0)).to_dict("records")
    assert row["batch_rows"] == 64
    assert row["answered_ms"] == pytest.approx(RUN_MS + 64 * ROW_MS)


@pytest.mark.parametrize(
    ("batching", "traffic", "refused"),
    [
        (
            replace(BEFORE, max_batch_size=10, max_enqueued_batches=1),
            at(1.0, 1.0005, 1.0006),
            [False, False, True],
        ),
        (replace(BEFORE, max_batch_size=8), at(1.0), [True]),
    ],
    ids=["too many wait", "larger than a batch"],
)
def test_who_is_refused_has_no_answer(batching: Batching, traffic: Traffic, refused: list[bool]) -> None:
    assert served(batching, traffic)["answered_ms"].isna().tolist() == refused


def test_the_setting_saves_runs_and_ruins_p99_only() -> None:
    before, now = (served(one, Traffic(3)) for one in (BEFORE, NOW))
    assert now["batch"].nunique() < before["batch"].nunique() / 5
    assert now["answered_ms"].quantile(0.9) < 20
    assert now["answered_ms"].quantile(0.99) > 150
    assert before["answered_ms"].quantile(0.99) < 6


def test_it_is_served_the_same_again() -> None:
    assert served(NOW, Traffic(3)).equals(served(NOW, Traffic(3)))


@pytest.mark.parametrize(
    ("settings", "reached", "said"),
    [
        ({"batching.batch_timeout_micros": 5000}, True, "p99 is 13 ms when 1100 requests per second come"),
        ({"checks.leakage": "block"}, False, "with today's traffic, p99 would be 197 ms, not 20 or less"),
        ({"batching.max_batch_size": 5, "batching.allowed_batch_sizes": []}, False, "would be refused"),
        ({"batching.num_batch_threads": 2}, False, "is one of max_batch_size, batch_timeout_micros"),
        ({"batching.allowed_batch_sizes": 5}, False, "found allowed_batch_sizes: 5. Correct it."),
        ({"batching.batch_timeout_micros": "0"}, False, "found batch_timeout_micros: '0'. Correct it."),
        ({"batching.batch_timeout_micros": -1}, False, "batch_timeout_micros must be at least 0"),
    ],
)
def test_a_setting_is_tried_or_told_what_is_wrong(
    tmp_path: Path, settings: dict[str, object], reached: bool, said: str
) -> None:
    exercise = BatchingExercise(Project.load("recommender"), tmp_path, 7, ("ruined_p99", "", ()))
    [*_, caught] = exercise.score(Answer(settings=settings)).points
    assert (caught.reached, said in caught.said) == (reached, True), caught.said
