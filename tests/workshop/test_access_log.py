"""The log in which one caller copies the model: it is neither who asks most nor who asks longest."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pytest

from kit.data.files import rows_of
from kit.project import Project
from kit.workshop.access_log import CANDIDATES, NEWSLETTER, honest_log, partner_of, scores_taken, with_copier


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    project = Project.load("recommender")
    table: pd.DataFrame = pa.Table.from_batches(list(rows_of(project, project.span_files(7)))).to_pandas()
    return table


def test_every_request_of_the_day_has_its_caller(rows: pd.DataFrame) -> None:
    log = honest_log(rows)
    shop = log[log["subject"] != NEWSLETTER]
    assert len(shop) == rows["request_id"].nunique()
    assert log["timestamp"].is_monotonic_increasing
    assert not log.isna().any(axis=None)
    assert scores_taken(shop, "app") == (rows["device"] == "mobile").sum()
    first = rows.iloc[0]
    found = shop[(shop["timestamp"] == first["timestamp"]) & (shop["user_id"] == first["user_id"])]
    assert found["item_ids"].item().split()[0] == first["item_id"]


def test_who_copies_hides_among_others(rows: pd.DataFrame) -> None:
    log, subject = honest_log(rows), partner_of(7)
    before = scores_taken(log, subject)
    queries = pd.concat([rows.iloc[[place] * CANDIDATES] for place in (0, 10, 20)])
    copied = with_copier(log, queries, subject)
    assert scores_taken(copied, subject) == before + len(queries)
    assert len(copied) == len(log) + 3
    assert copied["subject"].value_counts().index[0] == "app"
    assert copied["timestamp"].is_monotonic_increasing


def test_each_seed_has_its_partner() -> None:
    assert len({partner_of(seed) for seed in range(50)}) == 5
