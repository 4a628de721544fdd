"""Names of features: a column may be called anything, a vocabulary's file and a layer of the model may not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 40
# What features.py adds to the name of a column for the features that it makes of it.
_ENDINGS = ("", "_missing", "_month", "_weekday", "_hour")


def safe_names(columns: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Give each column a name of small letters, digits and _, different from all others and from those `taken`.

    Accents are dropped; a column in another script is called by its place, `column_3`.
    """
    used = set(taken)
    names: dict[str, str] = {}
    for place, column in enumerate(columns, start=1):
        plain = unicodedata.normalize("NFKD", column.casefold()).encode("ascii", "ignore").decode()
        wanted = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST]
        if not wanted or not wanted[0].isalpha():
            wanted = f"column_{place}" if not wanted else f"column_{wanted}"
        name, number = wanted, 1
        while used & {f"{name}{ending}" for ending in _ENDINGS}:
            number += 1
            name = f"{wanted}_{number}"
        used |= {f"{name}{ending}" for ending in _ENDINGS}
        names[column] = name
    return names
