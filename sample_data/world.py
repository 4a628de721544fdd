"""The latent world behind the sample: who the users are, what the items are, and what makes a click.

The probability of a click is an algebraic sigmoid, p = (1 + z / sqrt(1 + z^2)) / 2, of

    z = BASE + taste(cluster of the user, category) + device(device, position) + hour(category, part of the day)
        - sensitivity(age group) * price level of the item within its category + quality(item) + newcomer(days)

with a position bias of its own for each device. A user's last items are drawn from the user's taste, so the taste can
be read off them; the quality of an item is read off its clicks.

Everything that reaches the output is made of +, -, *, / and sqrt, which IEEE 754 rounds the same everywhere, and of
`Generator.random`, which is a shifted integer. There is no exp, log, pow or normal deviate, whose last digit differs
between C libraries and processors: the same seed gives the same bytes on every platform.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CATEGORIES = (
    "books",
    "electronics",
    "fashion",
    "garden",
    "grocery",
    "home",
    "music",
    "pets",
    "sports",
    "toys",
)
REGIONS = ("east", "north", "overseas", "south", "west")
DEVICES = ("desktop", "mobile", "tablet")
POSITIONS = 10
HISTORY = 10
CLUSTERS = 6
AGE_LIMITS = (30, 50)  # years; three age groups with different wallets
BASE = -1.75

_DEVICE_SHARE = (0.3, 0.85, 1.0)  # cumulative: desktop, mobile, tablet
# Slope of the position bias: on a small screen few people scroll down.
_POSITION_SLOPE = (0.5, 1.5, 0.9)
_SENSITIVITY = (1.6, 0.8, 0.1)  # by age group
_NEWCOMER_DAYS, _NEWCOMER_BONUS = 30, 0.7
_BASE_PRICE_CENTS = (1500, 24000, 4500, 6000, 900, 8000, 1800, 2500, 5500, 2200)


@dataclass(frozen=True)
class Items:
    """One entry an item, [items], but for `of_category`: the items of each category.

    `cents` is the price, `level` its place within the category, 0 to 1, `cumulative` the popularity, summed up to 1.
    """

    category: Ints
    cents: Ints
    level: Floats
    quality: Floats
    cumulative: Floats
    of_category: tuple[Ints, ...]


@dataclass(frozen=True)
class Users:
    """One entry a user: taste cluster, age in years, region, usual device, days since signup on the first day."""

    cluster: Ints
    age: Ints
    region: Ints
    device: Ints
    signup: Ints


@dataclass(frozen=True)
class World:
    """All that is fixed before the first impression."""

    items: Items
    users: Users
    taste: Floats  # [CLUSTERS, categories]
    hour: Floats  # [categories, 4 parts of the day]


def whole(uniform: Floats, limit: int) -> Ints:
    """Turn uniform numbers of [0, 1) into integers of [0, limit)."""
    return np.floor(uniform * limit).astype(np.int64)


def build(rng: np.random.Generator, users: int, items: int) -> World:
    """Draw a world.

    Args:
        rng: the only source of chance.
        users: how many users there are in the end; the last tenth joins during the sample.
        items: how many items there are; at least one a category.
    """
    # Each cluster loves two categories, likes two, and is cold to the rest.
    taste = np.full((CLUSTERS, len(CATEGORIES)), -0.5) - 0.4 * rng.random((CLUSTERS, len(CATEGORIES)))
    for cluster in range(CLUSTERS):
        order = np.argsort(rng.random(len(CATEGORIES)), kind="stable")
        taste[cluster, order[:2]] = 1.9
        taste[cluster, order[2:4]] = 0.8
    hour = 0.8 * (rng.random((len(CATEGORIES), 4)) - 0.5)
    return World(_build_items(rng, items), _build_users(rng, users), taste, hour)


def _build_items(rng: np.random.Generator, count: int) -> Items:
    category = whole(rng.random(count), len(CATEGORIES))
    category[: len(CATEGORIES)] = np.arange(len(CATEGORIES))
    level = rng.random(count)
    cents = np.floor(np.array(_BASE_PRICE_CENTS)[category] * (0.4 + 1.2 * level)).astype(np.int64)
    quality = 0.6 * (rng.random(count) + rng.random(count) - 1.0)
    popularity = 1.0 / (np.argsort(rng.random(count), kind="stable") + 12.0)  # Zipf, flattened at the top
    cumulative = np.cumsum(popularity)  # cumsum adds in order, unlike sum
    of_category = tuple(np.flatnonzero(category == number) for number in range(len(CATEGORIES)))
    return Items(category, cents, level, quality, cumulative / cumulative[-1], of_category)


def _build_users(rng: np.random.Generator, count: int) -> Users:
    young = rng.random(count)
    age = 18 + whole(young * rng.random(count) * 0.35 + young * 0.65, 58)
    signup = whole(rng.random(count), 900)
    joining = count // 10
    signup[count - joining :] = 0
    return Users(
        cluster=whole(rng.random(count), CLUSTERS),
        age=age,
        region=whole(rng.random(count), len(REGIONS)),
        device=np.searchsorted(_DEVICE_SHARE, rng.random(count), side="right"),
        signup=signup,
    )


def click_probability(  # noqa: PLR0913, PLR0917  one argument a cause
    world: World, user: Ints, item: Ints, device: Ints, position: Ints, hour_of_day: Ints, days: Ints
) -> Floats:
    """Return the probability of a click, 0 to 1, for impressions given by index; all arguments have one shape."""
    items, users = world.items, world.users
    category = items.category[item]
    group = np.searchsorted(AGE_LIMITS, users.age[user], side="right")
    z = (
        BASE
        + world.taste[users.cluster[user], category]
        - np.array(_POSITION_SLOPE)[device] * ((position - 1) / POSITIONS)
        + world.hour[category, hour_of_day // 6]
        - np.array(_SENSITIVITY)[group] * (items.level[item] - 0.5)
        + items.quality[item]
        + np.where(days < _NEWCOMER_DAYS, _NEWCOMER_BONUS, 0.0)
    )
    return 0.5 * (1.0 + z / np.sqrt(1.0 + z * z))
