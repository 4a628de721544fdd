"""Feature names from column names: a column may be called anything, a vocabulary file or a Keras layer may not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from kit.project.arguments import can_be_argument

_LONGEST = 40
_PLAIN = re.compile(rf"[A-Za-z][A-Za-z0-9_]{{0,{_LONGEST}}}")
# What features.py adds to the name of a column for the features that it makes of it.
_ENDINGS = ("", "_missing", "_month", "_weekday", "_hour")


def safe_names(columns: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Give each column a name of letters, digits and _, unique regardless of case, and none of those `taken`.

    A column that has such a name keeps it, unless it is a word of Python's own: `class` becomes `column_class`. Else
    accents are dropped, and a column in another script is called by its place, like `column_3`.
    """
    used = {name.casefold() for name in taken}
    names: dict[str, str] = {}
    for place, column in enumerate(columns, start=1):
        wanted = column if _PLAIN.fullmatch(column) and can_be_argument(column) else _plain(column, place)
        name, number = wanted, 1
        while used & _made_of(name):
            number += 1
            name = f"{wanted}_{number}"
        used |= _made_of(name)
        names[column] = name
    return names


def _plain(column: str, place: int) -> str:
    ascii_only = unicodedata.normalize("NFKD", column.casefold()).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^a-z0-9]+", "_", ascii_only).strip("_")[:_LONGEST]
    if not plain:
        return f"column_{place}"
    return plain if plain[0].isalpha() and can_be_argument(plain) else f"column_{plain}"


def _made_of(name: str) -> set[str]:
    return {f"{name}{ending}".casefold() for ending in _ENDINGS}
