"""A simulated day of a model's access log: the shop, partners, a newsletter, and one caller who copies the model.

The requests of the shop are those of the sample; who sent them follows from the device and the region.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from kit.units import SECONDS_PER_DAY, SECONDS_PER_HOUR

CANDIDATES = 100
"""Items in a request of the newsletter or of the copier: as many as the signature takes."""
NEWSLETTER = "newsletter"
_PARTNERS = {
    "east": "partner-1",
    "north": "partner-2",
    "overseas": "partner-3",
    "south": "partner-4",
    "west": "partner-5",
}
_LETTERS = 60  # copies of the newsletter, sent at night
_NIGHT_SECONDS, _APART_SECONDS = 3 * SECONDS_PER_HOUR, 20


def partner_of(seed: int) -> str:
    """Return which partner copies the model."""
    names = sorted(_PARTNERS.values())
    return names[int(np.random.default_rng(seed).integers(len(names)))]


def honest_log(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the log of a day without a copier, one row per request, in chronological order.

    Args:
        rows: the rows of the sample, one row per candidate.
    """
    firsts = rows.drop_duplicates("request_id")
    shop = pd.DataFrame(
        {
            "timestamp": firsts["timestamp"],
            "subject": firsts["device"].map({"desktop": "web", "mobile": "app"}).to_numpy(),
            "user_id": firsts["user_id"],
            "item_ids": rows.groupby("request_id", sort=False)["item_id"].agg(" ".join).to_numpy(),
        }
    )
    shop["subject"] = shop["subject"].fillna(firsts["region"].map(_PARTNERS))
    return _sorted([shop, _letters(rows)])


def with_copier(log: pd.DataFrame, queries: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Return a log with a copier's additional queries, spread evenly over the day.

    Args:
        log: the log of a day.
        queries: rows of requests of `CANDIDATES`, one request after another.
        subject: who sends them.
    """
    start = log["timestamp"].min() // SECONDS_PER_DAY * SECONDS_PER_DAY
    count = len(queries) // CANDIDATES
    asked = {
        "timestamp": start + (np.arange(count) * SECONDS_PER_DAY) // count,
        "subject": subject,
        "user_id": queries["user_id"].to_numpy()[::CANDIDATES],
        "item_ids": [" ".join(items) for items in queries["item_id"].to_numpy().reshape(count, CANDIDATES)],
    }
    return _sorted([log, pd.DataFrame(asked)])


def scores_taken(log: pd.DataFrame, subject: str) -> int:
    """Return how many scores a subject has received."""
    return int(log.loc[log["subject"] == subject, "item_ids"].str.split().str.len().sum())


def _letters(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the newsletter's requests, one per user, all about the items that are shown most."""
    users = rows["user_id"].drop_duplicates().to_numpy()[:_LETTERS]
    start = rows["timestamp"].min() // SECONDS_PER_DAY * SECONDS_PER_DAY + _NIGHT_SECONDS
    items = " ".join(rows["item_id"].value_counts().index[:CANDIDATES])
    asked = {
        "timestamp": start + _APART_SECONDS * np.arange(len(users)),
        "subject": NEWSLETTER,
        "user_id": users,
        "item_ids": items,
    }
    return pd.DataFrame(asked)


def _sorted(logs: list[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat(logs).sort_values("timestamp", kind="stable", ignore_index=True)
