"""Who gets which version: decided by the user's id alone, so that it needs no memory and is the same in every server.

The hash is BLAKE2b, keyed by the name of the experiment: who is in the candidate's arm of one experiment says nothing
about the next one. (Kohavi, Tang and Xu, Trustworthy Online Controlled Experiments, 2020, chapter 4, on why a salt.)
"""

from __future__ import annotations

import hashlib
from typing import NamedTuple

GROUPS = 1024
CONTROL, CANDIDATE = 0, 1
_WORD = 8  # bytes of the hash used per choice
_RANGE = 1 << 64


class Place(NamedTuple):
    """A user's place in an experiment.

    Attributes:
        arm: CONTROL or CANDIDATE.
        group: 0 to GROUPS - 1; independent of the arm.
    """

    arm: int
    group: int


class Split:
    """The arms of one experiment."""

    def __init__(self, name: str, share: float) -> None:
        """Define the split.

        Args:
            name: the experiment's name; another name gives another split.
            share: the share of the users in the candidate's arm, 0 to 1.
        """
        self._key = hashlib.blake2b(name.encode(), digest_size=32).digest()
        self._bound = round(share * _RANGE)

    def place(self, user: bytes) -> Place:
        """Return the place of a user, always the same."""
        digest = hashlib.blake2b(user, digest_size=2 * _WORD, key=self._key).digest()
        is_candidate = int.from_bytes(digest[:_WORD], "big") < self._bound
        return Place(CANDIDATE if is_candidate else CONTROL, int.from_bytes(digest[_WORD:], "big") % GROUPS)
