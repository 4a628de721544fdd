"""That the split is uniform, sticky, and another one for another experiment: on 100,000 ids, with fixed names."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import lru_cache

import numpy as np
import pytest

from kit.serving.experiments.split import CANDIDATE, GROUPS, Place, Split

USERS = 100_000
FAR = 3.3  # standard deviations, which a good hash exceeds with one name in a thousand


def deviations(counts: np.ndarray, expected: float) -> float:
    """Return by how many standard deviations the chi-square of some counts is too large; they are many."""
    chi_square, freedom = float(((counts - expected) ** 2 / expected).sum()), len(counts) - 1
    return (chi_square - freedom) / math.sqrt(2 * freedom)


@lru_cache
def places(name: str, share: float) -> np.ndarray:
    split = Split(name, share)
    return np.array([split.place(b"u%d" % user) for user in range(USERS)])


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.97])
def test_the_candidate_gets_its_share(share: float) -> None:
    arms = places("one", share)[:, 0]
    assert abs(arms.mean() - share) < FAR * math.sqrt(share * (1 - share) / USERS)


def test_groups_are_of_one_size_in_both_arms() -> None:
    arms, groups = places("one", 0.5).T
    for arm in (0, 1):
        counts = np.bincount(groups[arms == arm], minlength=GROUPS)
        assert len(counts) == GROUPS
        assert abs(deviations(counts, counts.mean())) < FAR


def test_experiments_are_independent_of_each_other() -> None:
    first, second = (places(name, 0.5) for name in ("one", "two"))
    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < FAR / math.sqrt(USERS)
    assert np.mean(first[:, 1] == second[:, 1]) < 3 / GROUPS


def test_a_user_keeps_the_place_in_every_process() -> None:
    code = (
        "from kit.serving.experiments.split import Split; print(*Split('one', 0.5).place('größe'.encode()))"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    split = Split("one", 0.5)
    assert Place(*map(int, told.split())) == split.place("größe".encode()) == split.place("größe".encode())


def test_who_gets_a_small_share_gets_a_larger_one_too() -> None:
    small, large = (places("one", share)[:, 0] for share in (0.1, 0.5))
    assert np.all(large[small == CANDIDATE] == CANDIDATE)
