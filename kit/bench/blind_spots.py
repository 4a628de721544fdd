"""Plant blind spots in generated rows and search for them; search as many clean sets; time a million rows.

The scores are those of a model that knows the true click probabilities except for errors of its own: per row, per user
and per item. A planted slice has one to three conditions, at bounds that the search does not know. In it, by turns,
some of the labels are inverted, labels are drawn at random with the slice's click rate, scores are shuffled among its
rows, or the odds are a multiple of what they should be. It counts as found when a reported slice matches it: at least
half of the rows that are in either are in both.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kit.bench.figure import Figure
from kit.checks.rows import Rows
from kit.evaluation.blind_spots.calibration import Values, log_losses, logits, sigmoid
from kit.evaluation.blind_spots.facets import Facet, facets
from kit.evaluation.blind_spots.search import Judged, Searched, search
from kit.evaluation.blind_spots.spot import BlindSpot
from kit.project import Project

_SETS, _ROWS, _MILLION = 20, 100_000, 1_000_000
_FIRST_SEED = 1_000  # the search was designed on sets with smaller seeds
_MOST_SECONDS = 30
_USERS_PER_ROW = 0.02
_ERRORS = {"": 0.2, "user_id": 0.2, "item_id": 0.2}  # standard deviations of the log odds; "": per row
_SHARES = (0.01, 0.15)  # least and largest share of the rows in a planted slice
_STRONG = 0.05  # least loss that right scores save per row of a planted slice, over the mean loss of all rows
_HARM = 0.004  # least loss that right scores save in a whole planted slice, over the loss of all rows
_INVERTED = 0.2  # share of the labels that are inverted
_ODDS = 2.5
_TRIES = 200

Inside = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Generated:
    """Rows with their labels, the scores of a good model, and the true probabilities that the label is 1."""

    rows: Rows
    labels: Values
    scores: Values
    truth: Values


@dataclass(frozen=True)
class Planted:
    """A slice with planted errors.

    Attributes:
        words: a description of the slice and its errors.
        inside: which rows are in it, [rows].
        cost: the loss that right scores would save per row of it, divided by the mean loss of all rows.
    """

    words: str
    inside: Inside
    cost: float


def blind_spots(_folder: Path) -> Iterator[Figure]:
    """Measure how many slices are found, how many are reported wrongly, and how long a million rows take."""
    planted = [_planted_set(_FIRST_SEED + place) for place in range(_SETS)]
    hits = [_is_found(one, judged, found) for one, judged, found in planted]
    yield Figure("blind spots found, of those planted", 100 * sum(hits) / _SETS, "%", 90, "more")
    aside = sum(_reported_aside(one, judged, found) for one, judged, found in planted)
    yield Figure(
        f"reports beside the planted blind spot, {_SETS} sets", aside, "reports", _SETS // 10, "less"
    )
    seeds = range(_FIRST_SEED + _SETS, _FIRST_SEED + 2 * _SETS)
    clean = sum(len(search(_good(_rows(seed))).spots) for seed in seeds)
    yield Figure(f"false reports on {_SETS} clean sets", clean, "reports", 1, "less")
    yield from _million()


def _million() -> Iterator[Figure]:
    judged = _good(_rows(0, _MILLION))
    started = time.perf_counter()
    found = search(judged)
    name = f"search of {_MILLION:,} rows, {len(found.facets)} facets, {found.slices:,} slices"
    yield Figure(name, time.perf_counter() - started, "s", _MOST_SECONDS, "less")


def _rows(seed: int, rows: int = 0) -> Generated:
    """Generate rows with the scores of a good model."""
    from sample_data import Config, Generator  # noqa: PLC0415  not part of the package that runs elsewhere

    count = rows or _ROWS
    users = max(2_000, round(count * _USERS_PER_ROW))
    [(_, blocks)] = list(Generator(Config(seed=seed, spans=1, rows_per_span=count, users=users)).spans())
    table = pa.concat_tables(list(blocks))
    price = table["price"].cast(pa.float64())
    table = table.set_column(table.column_names.index("price"), "price", price).combine_chunks()
    [batch] = table.to_batches()
    generated = Rows(batch)
    draw, ids = np.random.default_rng(seed), _ids(generated)
    logit = logits(table["click_probability"].to_numpy())
    for name, deviation in _ERRORS.items():
        codes = ids[name] if name else np.arange(count)
        logit = logit + deviation * draw.normal(size=codes.max() + 1)[codes]
    labels, truth = (table[name].to_numpy().astype(np.float64) for name in ("clicked", "click_probability"))
    return Generated(generated, labels, sigmoid(logit), truth)


def _ids(rows: Rows) -> dict[str, NDArray[np.int64]]:
    return {
        name: rows.values(name).dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
        for name in ("request_id", "user_id", "item_id")
    }


def _good(made: Generated) -> Judged:
    return _judged(made.rows, made.labels, made.scores)


def _judged(rows: Rows, outcomes: Values, probabilities: Values) -> Judged:
    return Judged(outcomes, probabilities, facets(Project.load("recommender"), rows), _ids(rows))


def _planted_set(seed: int) -> tuple[Planted, Judged, Searched]:
    draw = np.random.default_rng(seed)
    made, ruin = _rows(seed), list(RUINS)[seed % len(RUINS)]
    everywhere = float(log_losses(logits(made.scores), made.truth).mean())
    for _ in range(_TRIES):
        words, inside = _slice(draw, made.rows, 1 + seed % 3)
        if not _SHARES[0] <= inside.mean() <= _SHARES[1]:
            continue
        ruined = RUINS[ruin](draw, made.labels, made.scores, made.truth, inside)
        cost = _cost(ruined, inside, everywhere)
        if cost >= _STRONG and cost * inside.mean() >= _HARM:
            judged = _judged(made.rows, ruined.labels, ruined.scores)
            return Planted(f"{words}: {ruin}", inside, cost), judged, search(judged)
    raise AssertionError(f"no slice of set {seed} is ruined by {ruin} as much as is asked for")


def _slice(draw: np.random.Generator, rows: Rows, conditions: int) -> tuple[str, Inside]:
    """Draw a slice by columns of the data, as a person would describe it."""
    names = draw.choice(
        ["region", "device", "category", "age", "price", "days_since_signup", "position"], conditions, False
    )
    inside: Inside = np.ones(len(rows), bool)
    words = []
    for name in names:
        if name in {"region", "device", "category"}:
            value = draw.choice(rows.values(name).unique().to_pylist())
            inside &= np.asarray(rows.values(name).to_pylist(), object) == value
            words.append(f"{name}={value.decode()}")
            continue
        numbers, start = rows.numbers(name), draw.random() * 0.6
        low, high = np.quantile(numbers, (start, start + 0.2 + 0.2 * draw.random()))
        inside &= (numbers >= low) & (numbers <= high)
        words.append(f"{name} {low:g} to {high:g}")
    return ", ".join(words), inside


@dataclass(frozen=True)
class Ruined:
    """Labels, scores and probabilities that a label is 1, after errors were planted, each [rows]."""

    labels: Values
    scores: Values
    truth: Values


def _cost(ruined: Ruined, inside: Inside, everywhere: float) -> float:
    """Return the loss that right scores would save per row of the slice, divided by the mean loss of all rows."""
    if not inside.any():
        return 0.0
    said, truth = logits(ruined.scores[inside]), ruined.truth[inside]
    return float((log_losses(said, truth) - log_losses(logits(truth), truth)).mean()) / everywhere


Ruin = Callable[[np.random.Generator, Values, Values, Values, Inside], Ruined]


def _inverted(
    draw: np.random.Generator, labels: Values, scores: Values, truth: Values, inside: Inside
) -> Ruined:
    flipped = inside & (draw.random(len(labels)) < _INVERTED)
    mixed = truth * (1 - _INVERTED) + (1 - truth) * _INVERTED
    return Ruined(np.where(flipped, 1 - labels, labels), scores, np.where(inside, mixed, truth))


def _tossed(
    draw: np.random.Generator, labels: Values, scores: Values, truth: Values, inside: Inside
) -> Ruined:
    rate = labels[inside].mean() if inside.any() else 0.0
    tossed = (draw.random(len(labels)) < rate).astype(np.float64)
    return Ruined(np.where(inside, tossed, labels), scores, np.where(inside, rate, truth))


def _dealt_anew(
    draw: np.random.Generator, labels: Values, scores: Values, truth: Values, inside: Inside
) -> Ruined:
    dealt = scores.copy()
    dealt[inside] = draw.permutation(scores[inside])
    return Ruined(labels, dealt, truth)


def _with_odds(times: float) -> Ruin:
    def ruin(_: np.random.Generator, labels: Values, scores: Values, truth: Values, inside: Inside) -> Ruined:
        return Ruined(labels, np.where(inside, sigmoid(logits(scores) + np.log(times)), scores), truth)

    return ruin


RUINS: dict[str, Ruin] = {
    "labels inverted": _inverted,
    "labels tossed": _tossed,
    "scores dealt anew": _dealt_anew,
    "odds too high": _with_odds(_ODDS),
    "odds too low": _with_odds(1 / _ODDS),
}


def _is_found(planted: Planted, judged: Judged, found: Searched) -> bool:
    return any(_shared(planted.inside, _inside(one, judged)) >= 0.5 for one in found.spots)  # noqa: PLR2004  most


def _reported_aside(planted: Planted, judged: Judged, found: Searched) -> int:
    """Count the reported slices most of whose rows are outside the planted one."""
    return sum(not planted.inside[_inside(one, judged)].mean() >= 0.5 for one in found.spots)  # noqa: PLR2004  most


def _shared(one: Inside, other: Inside) -> float:
    return float((one & other).sum() / max((one | other).sum(), 1))


def _inside(one: BlindSpot, judged: Judged) -> Inside:
    """Return which rows meet the conditions of a blind spot."""
    inside: Inside = np.ones(len(judged.outcomes), bool)
    for condition in one.conditions:
        facet: Facet = next(
            facet
            for facet in judged.facets
            if (facet.column, facet.derived) == (condition.column, condition.derived)
        )
        inside &= facet.fulfils(condition)
    return inside
