"""The representative rows that int8 is calibrated with, and whether they resemble the split that they come from.

The converter takes the range of each number inside the model from these rows. If all of them had one label or one
category, numbers of the others would silently be cut off.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from kit.checks.chance import FALSE_ALERTS
from kit.checks.check import Finding
from kit.release.litert.model_part import Array, Features

NAME = "representative set"
_CATEGORIES = 64  # distinct values up to which a feature of whole numbers counts as categorical
_PLACES = 64  # of a sequence, from its first on
_EXACT = 2_000  # rows up to which a binomial tail is summed


def choose(rows: int, wanted: int, seed: int = 7) -> Array:
    """Return the indices of rows drawn from all of a split, in order: the first ones may all be of one day."""
    drawn = np.random.default_rng(seed).choice(rows, size=min(wanted, rows), replace=False)
    return np.sort(drawn)


def one_sided(chosen: Features, split: Features, label: str) -> list[Finding]:
    """Compare rows with the split that they represent.

    Args:
        chosen: transformed features of the rows; of a sequence, each place is looked at by itself.
        split: those of all rows of the split.
        label: the name of the label; none of its classes may be missing, however rare.

    Returns:
        A finding for each feature whose difference chance does not explain, or one that all is well.
    """
    count = len(next(iter(chosen.values())))
    numbers = [name for name, values in split.items() if values.ndim and values.dtype.kind in "iufb"]
    chosen, split = _places(chosen, numbers), _places(split, numbers)
    looked = sorted(split)
    categories = [name for name in looked if _is_category(split[name])]
    looks = sum(len(np.unique(split[name])) for name in categories) + len(looked)
    found = [
        one
        for name in looked
        for one in (
            _category(name, chosen[name], split[name], looks, is_label=name == label)
            if name in categories
            else _number(name, chosen[name], split[name], looks)
        )
    ]
    said = f"{count} rows of the training split, distributed as all of it in {len(numbers)} features"
    return found or [Finding(NAME, said, "ok")]


def _places(features: Features, names: Sequence[str]) -> Features:
    """Return one value per row each: a feature as it is, or the places of a sequence as `name[place]`."""
    found = {}
    for name in names:
        if (values := features[name]).ndim == 1:
            found[name] = values
        else:
            columns = values.reshape(len(values), -1)[:, :_PLACES].T
            found |= {f"{name}[{place}]": column for place, column in enumerate(columns)}
    return found


def _is_category(values: Array) -> bool:
    return values.dtype.kind in "iub" and len(np.unique(values)) <= _CATEGORIES


def _category(name: str, chosen: Array, split: Array, looks: int, *, is_label: bool) -> list[Finding]:
    """Compare the share of each value; missing values of the label come first."""
    values, counts = np.unique(split, return_counts=True)
    looked = [
        (int((chosen == value).sum()), float(share), value)
        for value, share in zip(values, counts / len(split), strict=True)
    ]
    for times, share, value in sorted(looked, key=lambda one: (is_label and one[0] > 0, -one[1])):
        is_missing = is_label and not times
        if not is_missing and _tail(times, len(chosen), share) >= FALSE_ALERTS / 2 / looks:
            continue
        enough = math.ceil(math.log(FALSE_ALERTS) / math.log1p(-min(share, 1 - 1e-9)))
        more = f"about {enough:,} rows would have it" if is_missing else "draw them from all of the split"
        return [
            Finding(
                NAME,
                f"{name} is {value} in {times} of {len(chosen)} rows, and in {share:.2%} of the split",
                "warn",
                f"Choose rows like the split: {more}; representative_rows in project.yml says how many are drawn.",
                subject=name,
                value=times / len(chosen),
                expected=f"about {share:.2%}",
            )
        ]
    return []


def _number(name: str, chosen: Array, split: Array, looks: int) -> list[Finding]:
    """Compare the two distributions by their largest distance.

    The test of Kolmogorov and Smirnov for one sample, with the bound of Massart, The tight constant in the
    Dvoretzky-Kiefer-Wolfowitz inequality, The Annals of Probability 18 (1990).
    """
    some, every = (np.sort(values[np.isfinite(values)].astype(np.float64)) for values in (chosen, split))
    if not len(every):
        return []
    places = np.concatenate([some, every])
    shares = (np.searchsorted(one, places, side="right") / max(len(one), 1) for one in (some, every))
    distance = float(np.abs(np.subtract(*shares)).max())
    bound = math.sqrt(math.log(2 * looks / FALSE_ALERTS) / 2 / max(len(some), 1))
    if distance <= bound:
        return []
    ranges = [f"{one[0]:g} to {one[-1]:g}" if len(one) else "nowhere" for one in (some, every)]
    return [
        Finding(
            NAME,
            f"{name} lies elsewhere: {ranges[0]} in the {len(chosen)} rows, {ranges[1]} in the split, and the shares "
            f"below some value are {distance:.2f} apart",
            "warn",
            "Choose rows like the split: draw them from all of it.",
            subject=name,
            value=distance,
            expected=f"at most {bound:.2f}",
        )
    ]


def _tail(times: int, rows: int, share: float) -> float:
    """Return the probability of at most or at least as many of the rows, whichever is smaller."""
    if share >= 1:
        return 1.0 if times == rows else 0.0
    if rows > _EXACT:
        deviation = math.sqrt(rows * share * (1 - share))
        return 1 - NormalDist().cdf((abs(times - rows * share) - 0.5) / deviation)
    log_share, log_rest = math.log(share), math.log1p(-share)
    chances = [
        math.exp(
            math.lgamma(rows + 1) - math.lgamma(some + 1) - math.lgamma(rows - some + 1)
            + some * log_share + (rows - some) * log_rest
        )
        for some in range(rows + 1)
    ]  # fmt: skip
    return min(math.fsum(chances[: times + 1]), math.fsum(chances[times:]))
