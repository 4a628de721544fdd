"""The truth behind the clicks: they are drawn from it, it bounds what a model can reach, and the bad day breaks it."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kit.workspace import CHECKOUT
from sample_data import FAULTS, Config, Generator, auc, best_auc, world
from sample_data.faults import NEW_DEVICE, SILENT_CATEGORY, spoil
from sample_data.generator import COLUMNS

SAMPLE = CHECKOUT / "sample_data"
CLEAN, BAD = range(1, 8), 8
FAST = settings(max_examples=50, deadline=None, database=None)


def impressions(span: int) -> pd.DataFrame:
    path = SAMPLE / "impressions" / f"span-{span}" / "impressions.csv"
    return pd.read_csv(path, keep_default_na=False)


def chances(span: int) -> pd.Series[float]:
    return pd.read_csv(SAMPLE / "truth" / f"span-{span}.csv")["click_probability"]


def assert_drawn_from(clicked: pd.Series[int], chance: pd.Series[float]) -> None:
    """The clicks are within four standard errors of what their probabilities let expect."""
    error = math.sqrt((chance * (1 - chance)).sum())
    assert abs(clicked.sum() - chance.sum()) < 4 * error


@pytest.mark.parametrize("span", CLEAN)
def test_clicks_are_drawn_from_the_truth(span: int) -> None:
    rows, chance = impressions(span), chances(span)
    assert_drawn_from(rows["clicked"], chance)
    for low, high in ((0, 0.05), (0.05, 0.15), (0.15, 0.4), (0.4, 1)):
        within = chance.between(low, high, inclusive="left")
        assert within.any()
        assert_drawn_from(rows["clicked"][within], chance[within])


@pytest.mark.parametrize("column", ["device", "category", "position", "region"])
def test_clicks_are_drawn_from_the_truth_in_every_slice(column: str) -> None:
    rows = pd.concat([impressions(span).assign(chance=chances(span)) for span in CLEAN])
    for _, part in rows.groupby(column):
        assert_drawn_from(part["clicked"], part["chance"])


def test_the_truth_follows_the_documented_formula() -> None:
    """p = (1 + z / sqrt(1 + z²)) / 2, where one impression is written out by hand."""
    generator = Generator(Config(spans=BAD))
    row = next(generator.blocks(1)).to_pylist()[3]
    user, item = int(row["user_id"][1:]), int(row["item_id"][1:])
    items, users = generator.world.items, generator.world.users
    category, device = world.CATEGORIES.index(row["category"]), world.DEVICES.index(row["device"])
    sensitivity = 1.6 if row["age"] < 30 else 0.8 if row["age"] < 50 else 0.1
    z = (
        -1.75
        + generator.world.taste[users.cluster[user], category]
        - (0.5, 1.5, 0.9)[device] * (row["position"] - 1) / 10
        + generator.world.hour[category, row["timestamp"] % 86_400 // 21_600]
        - sensitivity * (items.level[item] - 0.5)
        + items.quality[item]
        + (0.7 if row["days_since_signup"] < 30 else 0)
    )
    assert row["click_probability"] == pytest.approx((1 + z / math.sqrt(1 + z * z)) / 2, rel=1e-12)
    assert chances(1)[3] == pytest.approx(row["click_probability"], abs=6e-7)


# -- the best AUC


def by_pairs(clicked: list[int], score: list[int]) -> Fraction:
    """AUC by its definition: of all pairs of a click and a row without one, how many are in the right order."""
    clicks = [s for c, s in zip(clicked, score, strict=True) if c]
    others = [s for c, s in zip(clicked, score, strict=True) if not c]
    twice = sum(2 * (a > b) + (a == b) for a in clicks for b in others)
    return Fraction(twice, 2 * len(clicks) * len(others))


@FAST
@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 5)), min_size=2, max_size=40))
def test_auc_is_the_share_of_pairs_in_the_right_order(rows: list[tuple[int, int]]) -> None:
    clicked, score = [row[0] for row in rows], [row[1] for row in rows]
    if len(set(clicked)) == 1:
        with pytest.raises(ValueError, match="AUC needs rows with and without a click"):
            auc(np.array(clicked), np.array(score))
    else:
        assert auc(np.array(clicked), np.array(score)) == pytest.approx(float(by_pairs(clicked, score)))


@pytest.mark.parametrize("span", CLEAN)
def test_the_best_auc_is_neither_easy_nor_hopeless(span: int) -> None:
    clicked, chance = impressions(span)["clicked"].to_numpy(), chances(span).to_numpy()
    best = best_auc(span)
    # The area under the curve of true against false positives, by trapezoids.
    order = np.argsort(-chance, kind="stable")
    last = np.append(np.flatnonzero(np.diff(chance[order])), len(chance) - 1)
    hits, alarms = np.cumsum(clicked[order])[last], np.cumsum(1 - clicked[order])[last]
    curve = np.trapezoid(np.append(0, hits / hits[-1]), np.append(0, alarms / alarms[-1]))
    assert best == pytest.approx(curve, abs=1e-12)
    assert 0.78 < best < 0.92


def test_the_readme_tells_the_fields_and_the_best_auc_as_they_are() -> None:
    text = (SAMPLE / "README.md").read_text(encoding="utf-8")
    fields = text.split("## Fields")[1].split("## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", fields, re.MULTILINE)) == COLUMNS
    least, most, last = map(float, re.findall(r"\b0\.8\d+\b", text.split("## How good")[1].split("## ")[0]))
    best = [best_auc(span) for span in CLEAN]
    assert (round(min(best), 2), round(max(best), 2), round(best[-1], 3)) == (least, most, last)


def test_no_single_column_tells_the_clicks() -> None:
    """What a model must combine; the best of them alone is far from what the truth reaches."""
    rows = pd.concat([impressions(span) for span in CLEAN])
    reachable = np.mean([best_auc(span) for span in CLEAN]) - 0.5
    for column in ("category", "device", "region", "position", "age", "price"):
        rate = rows["clicked"].groupby(rows[column]).transform("mean")
        assert auc(rows["clicked"].to_numpy(), rate.to_numpy()) - 0.5 < 0.7 * reachable


def test_best_auc_of_another_folder(tmp_path: Path) -> None:
    (tmp_path / "impressions" / "span-1").mkdir(parents=True)
    (tmp_path / "truth").mkdir()
    (tmp_path / "impressions" / "span-1" / "impressions.csv").write_text("clicked\n0\n1\n1\n0\n")
    (tmp_path / "truth" / "span-1.csv").write_text("click_probability\n0.1\n0.9\n0.2\n0.3\n")
    assert best_auc(1, tmp_path) == 0.75


# -- the bad day


def test_every_fault_of_the_bad_day_is_there_and_counted() -> None:
    rows = impressions(BAD)
    counts = {
        "age": (rows["age"] < 0).sum(),
        "clicked": (rows["category"] == SILENT_CATEGORY).sum(),
        "device": (rows["device"] == NEW_DEVICE).sum(),
        "region": (rows["region"] == "").sum(),
        "price": (rows["price"] >= 100).sum(),
    }
    assert set(counts) == {fault.column for fault in FAULTS}
    assert (counts["age"], counts["device"], counts["region"]) == (200, 400, 2000)
    assert counts["clicked"] > 300
    assert counts["price"] == 4000
    assert rows["clicked"][rows["category"] == SILENT_CATEGORY].sum() == 0
    assert chances(BAD)[rows["category"] == SILENT_CATEGORY].sum() > 10


def test_clean_days_have_none_of_the_faults() -> None:
    rows = pd.concat([impressions(span) for span in CLEAN])
    assert (rows["age"] > 0).all()
    assert NEW_DEVICE not in set(rows["device"])
    assert (rows["region"] != "").all()
    assert rows["price"].max() < 1000
    assert rows["clicked"][rows["category"] == SILENT_CATEGORY].sum() > 100


def test_nothing_else_is_spoiled() -> None:
    clean = next(Generator(Config(spans=1)).blocks(1))
    spoiled = spoil(clean)
    touched = {fault.column for fault in FAULTS}
    assert spoiled.column_names == clean.column_names
    for name in clean.column_names:
        assert spoiled[name].equals(clean[name]) == (name not in touched)
    assert spoiled["age"].to_pandas().abs().equals(clean["age"].to_pandas())
    in_cents = spoiled["price"].to_pandas().astype(float)
    assert np.allclose(in_cents, clean["price"].to_pandas().astype(float) * 100)
