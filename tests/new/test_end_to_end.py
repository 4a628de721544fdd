"""Three shapes of data, from a file to a saved model whose signatures agree."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

if TYPE_CHECKING:
    from . import chain

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]  # the warnings are TFX's own


def auc(labels: np.ndarray, scores: np.ndarray) -> float:
    ranks = pd.Series(scores).rank().to_numpy()
    positives = int(labels.sum())
    return float(
        (ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * (len(labels) - positives))
    )


def buyers(path: Path) -> pd.DataFrame:
    draw, rows = np.random.default_rng(5), 900
    height, part = draw.normal(170, 12, rows), draw.integers(1, 6, rows)
    city = draw.choice(["Köln", "東京", 'he "x", y'], rows)
    joined = pd.Timestamp("2023-01-01") + pd.to_timedelta(draw.integers(0, 40_000_000, rows), unit="s")
    logit = (height - 170) / 8 + 1.5 * (city == "東京") + (part == 3) + (joined.hour > 12) - 1
    table = pd.DataFrame(
        {
            "größe (cm)": np.where(draw.random(rows) < 0.1, np.nan, height.round(1)),
            "市 区": pd.Series(city, dtype=object).mask(draw.random(rows) < 0.05, None),
            "a/b": part,
            "class": draw.integers(1, 4, rows),
            "self": draw.random(rows).round(3),
            "joined at": joined.strftime("%d.%m.%Y %H:%M"),
            "row": range(rows),
            "kauft?": np.where(draw.random(rows) < 1 / (1 + np.exp(-logit)), "yes", "no"),
        }
    )
    table.to_csv(path, index=False, sep=";", encoding="utf-8-sig")
    return table


def topics(path: Path) -> pd.DataFrame:
    draw, rows = random.Random(5), 800  # noqa: S311  made-up data
    words = {
        "sport": ["goal", "team", "cup"],
        "food": ["salt", "soup", "bread"],
        "news": ["vote", "law", "court"],
    }
    labels = draw.choices(list(words), weights=[5, 3, 2], k=rows)
    table = pd.DataFrame(
        {
            "title": [" ".join(draw.choices([*words[label], "the", "of", "it"], k=8)) for label in labels],
            "author": [f"{label[0]}{draw.randrange(40)}" for label in labels],
            "uid": [f"{draw.getrandbits(64):016x}" for _ in range(rows)],
            "sent_at": [1_700_000_000 + draw.randrange(10**7) for _ in range(rows)],
            "Topic": labels,
        }
    )
    table.to_csv(path, index=False, sep="\t")
    return table


def homes(path: Path) -> pd.DataFrame:
    draw, rows = np.random.default_rng(5), 800
    size = draw.integers(20, 300, rows)
    table = pd.DataFrame(
        {
            "size": size,
            "rooms": draw.integers(1, 8, rows),
            "district": pd.Categorical(draw.choice(list("ABC"), rows)),
            "new": draw.random(rows) < 0.3,
            "sold": pd.Timestamp("2022-01-01") + pd.to_timedelta(draw.integers(0, 1500, rows), unit="D"),
            "ratio": np.where(draw.random(rows) < 0.2, np.nan, draw.random(rows)),
            "price": 3000.0 * size + draw.normal(0, 20_000, rows),
        }
    )
    table.to_parquet(path)
    return table


Make = Callable[[Callable[[Path], pd.DataFrame], str, str], "chain.Run"]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    from .chain import run  # noqa: PLC0415  TFX warns at import, which must not end the collection of tests

    def from_table(write: Callable[[Path], pd.DataFrame], file: str, label: str) -> chain.Run:
        return run(tmp_path, write(tmp_path / file), tmp_path / file, label)

    return from_table


def test_a_binary_project_goes_from_its_table_to_good_answers(make: Make) -> None:
    """Also: a byte order mark, names that no layer may have, missing values, quoted delimiters."""
    made = make(buyers, "b.csv", "kauft?")
    arguments = {"größe (cm)": "grosse_cm", "市 区": "column_2", "a/b": "a_b", "joined at": "joined_at"}
    arguments |= {"class": "column_class", "self": "column_self"}
    made.check_signatures_agree(arguments)
    made.check_no_row_is_lost()
    labels, scores = made.answers()
    assert labels.mean() == pytest.approx((made.table["kauft?"] == "yes").mean(), abs=0.06)
    assert auc(labels, scores) > 0.7


def test_a_multiclass_project_goes_from_its_table_to_good_answers(make: Make) -> None:
    made = make(topics, "t.csv", "Topic")
    made.check_signatures_agree({"title": "title", "author": "author", "sent_at": "sent_at"})
    made.check_no_row_is_lost()
    labels, probabilities = made.answers()
    assert probabilities.shape == (len(labels), 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.9


def test_a_regression_project_goes_from_its_table_to_good_answers(make: Make) -> None:
    made = make(homes, "h.parquet", "price")
    made.check_signatures_agree(
        {name: name for name in ("size", "rooms", "district", "new", "sold", "ratio")}
    )
    made.check_no_row_is_lost()
    labels, prices = made.answers()
    assert ((prices - labels) ** 2).mean() < 0.2 * labels.var()
