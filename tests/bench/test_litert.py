"""The benchmark of LiteRT tells of every file what it costs and saves."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kit.bench import litert
from kit.errors import StepFailedError
from kit.release.litert.measure import Measured

if TYPE_CHECKING:
    from kit.session import Session

WORDS = 40_000


def test_a_model_of_more_words_is_nearly_all_weights(blessed: Session) -> None:
    small, large = litert.with_words(blessed, {}), litert.with_words(blessed, {"city": WORDS})
    assert large.whole > small.whole + WORDS * 4, "a word has a number of 32 bits at least"
    assert small.chosen / small.whole > large.chosen / large.whole
    assert 0.25 < large.chosen / large.whole < litert._MOST_BYTES


def test_every_file_is_told_with_the_goals_of_the_chosen_one(
    blessed: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(litert, "with_words", lambda *_: litert.Sizes(26, 100))
    figures: list[Any] = list(litert.of_session(blessed))  # with all numbers that a figure may have
    sample, grown = figures[:2]
    assert sample.value == pytest.approx(sample.measured / sample.peer)
    assert (sample.goal, grown.value, grown.goal, grown.ok) == (None, 0.26, 0.27, True)
    lost = [one for one in figures if ", AUC lost, " in one.name]
    assert len(lost) == 8
    assert {one.name.split(",")[0] for one in lost if one.goal == 0.01} == {"LiteRT dynamic_range"}
    timed = [one for one in figures if one.unit == "ms"]
    assert len(timed) == 8
    assert all(one.value > 0 and one.peer > one.value for one in timed), "TensorFlow's call takes longer"


def test_a_file_that_could_not_be_made_ends_the_measurement(
    blessed: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blessed, "run", lambda *_, **__: None)
    made = [Measured("model"), Measured("float", refused="it has no Digamma.")]
    monkeypatch.setattr(litert, "measured", lambda _: made)
    with pytest.raises(StepFailedError, match="it has no Digamma"):
        next(litert.of_session(blessed))


def test_a_loss_that_nobody_knows_is_no_figure() -> None:
    known = Measured("int8", lost=0.1, worst_slice="a: b", worst_lost=0.2, overlap=0.9)
    assert [figure.value for figure in litert._losses("int8", known)] == [0.1, 0.2, 0.9]
    with pytest.raises(StepFailedError, match="must be known on all rows"):
        list(litert._losses("int8", replace(known, lost=None)))
