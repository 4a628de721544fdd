"""The benchmark of blind spots measures what it says, at small size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kit.bench import blind_spots
from kit.evaluation.blind_spots.calibration import logits
from kit.evaluation.blind_spots.search import Judged, Searched, search


def test_the_figures_of_small_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blind_spots, "_SETS", 3)
    monkeypatch.setattr(blind_spots, "_ROWS", 50_000)
    monkeypatch.setattr(blind_spots, "_MILLION", 10_000)
    monkeypatch.setattr(blind_spots, "_HARM", 0.01)
    found, aside, false, seconds = blind_spots.blind_spots(tmp_path)
    assert found.ok, "three planted, three found"
    assert found.value == 100
    assert aside.name.startswith("reports beside")
    assert (false.value, false.goal) == (0, 1)
    assert 0 < seconds.value < 30
    assert "10,000 rows, 9 facets" in seconds.name


def test_a_search_that_finds_nothing_or_something_else_misses_its_goal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blind_spots, "_SETS", 1)
    monkeypatch.setattr(blind_spots, "_ROWS", 20_000)
    monkeypatch.setattr(blind_spots, "_MILLION", 2_000)

    def blind(judged: Judged) -> Searched:
        return Searched((), len(judged.outcomes), 0, (), "")

    monkeypatch.setattr(blind_spots, "search", blind)
    found, *_ = blind_spots.blind_spots(tmp_path)
    assert (found.value, found.ok) == (0, False)
    planted, judged, _ = blind_spots._planted_set(0)
    [spot, *_] = search(judged).spots
    elsewhere = blind_spots.Planted("elsewhere", ~planted.inside, 0.1)
    other = Searched((spot,), 20_000, 1, (), "")
    assert blind_spots._is_found(planted, judged, other)
    assert not blind_spots._is_found(elsewhere, judged, other)
    assert blind_spots._reported_aside(planted, judged, other) == 0
    assert blind_spots._reported_aside(elsewhere, judged, other) == 1


def test_what_a_ruin_costs_is_the_divergence_from_the_truth() -> None:
    truth, scores = np.array([0.2, 0.2, 0.9]), np.array([0.5, 0.2, 0.1])
    ruined = blind_spots.Ruined(np.zeros(3), scores, truth)
    inside = np.array([True, True, False])
    divergence = 0.2 * np.log(0.2 / 0.5) + 0.8 * np.log(0.8 / 0.5)
    assert blind_spots._cost(ruined, inside, 0.25) == pytest.approx(divergence / 2 / 0.25)
    assert blind_spots._cost(ruined, np.zeros(3, bool), 0.25) == 0.0


@pytest.mark.parametrize("name", list(blind_spots.RUINS))
def test_a_ruin_leaves_the_other_rows_as_they_are(name: str) -> None:
    draw = np.random.default_rng(5)
    truth = draw.random(1_000)
    labels, inside = (draw.random(1_000) < truth).astype(float), draw.random(1_000) < 0.3
    ruined = blind_spots.RUINS[name](draw, labels, truth, truth, inside)
    for before, after in ((labels, ruined.labels), (truth, ruined.scores), (truth, ruined.truth)):
        assert after[~inside] == pytest.approx(before[~inside])
    assert ruined.labels[inside].mean() == pytest.approx(ruined.truth[inside].mean(), abs=0.1)
    wrong = np.abs(logits(ruined.scores[inside]) - logits(ruined.truth[inside])).mean()
    assert wrong > 0.3, "there is something to find"
