"""How dates are written: strptime's `%Y %m %d %H %M %S` as a pattern that Python and TensorFlow both read."""

from __future__ import annotations

import re

_PARTS = {
    "Y": r"(\d{4})",
    "m": r"(\d{1,2})",
    "d": r"(\d{1,2})",
    "H": r"(\d{1,2})",
    "M": r"(\d{2})",
    "S": r"(\d{2})",
}
# Fractions of a second and the zone may follow a time; both are left out: times are taken as written.
_AFTER_TIME = r"(?:\.\d+)?\s*(?:Z|[+-]\d{2}:?\d{2})?"


def pattern(date_format: str) -> tuple[str, str]:
    """Return a regular expression for a whole cell (RE2 and `re`) and the order of its groups, like `Ymd`.

    Raises:
        ValueError: when the format holds a part that is not supported, or one twice.

    """
    order = "".join(re.findall(r"%(.)", date_format))
    if not {"Y", "m", "d"} <= set(order) or len(set(order)) < len(order) or not set(order) <= set(_PARTS):
        raise ValueError(
            f"a date's format has %Y, %m and %d, and may have %H, %M and %S, but it is {date_format!r}"
        )
    pieces = re.split(r"%(.)", date_format)
    expression = "".join(
        _PARTS[piece] if index % 2 else re.escape(piece) for index, piece in enumerate(pieces)
    )
    return f"{expression}{_AFTER_TIME if 'H' in order else ''}", order
